"""What people call the rows and fields that a decision changed, and what else an event says."""

from collections.abc import Mapping

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts.models import Role
from reports.models import Signal
from reports.vocabulary import PlacedBy, Relation, Severity, Status

ROWS: Mapping[str, Promise] = {
    "affected": gettext_lazy("standing of an artifact"),
    "alias": gettext_lazy("another name"),
    "answer": gettext_lazy("answer of a maintainer"),
    "artifact": gettext_lazy("artifact"),
    "constraint": gettext_lazy("word on two reports"),
    "decision": gettext_lazy("decision"),
    "evidencerequest": gettext_lazy("request for evidence"),
    "excerpt": gettext_lazy("excerpt"),
    "issue": gettext_lazy("issue"),
    "lineage": gettext_lazy("step of lineage"),
    "message": gettext_lazy("message"),
    "placement": gettext_lazy("place of a report"),
    "proposal": gettext_lazy("proposal of the engine"),
    "redaction": gettext_lazy("redaction"),
    "report": gettext_lazy("report"),
    "reproduction": gettext_lazy("reproduction"),
    "run": gettext_lazy("run of a tool"),
    "signal": gettext_lazy("signal"),
    "stub": gettext_lazy("note that something was reported"),
    "subscription": gettext_lazy("subscription"),
    "suggestion": gettext_lazy("suggestion of the engine"),
    "translation": gettext_lazy("translation"),
    "version": gettext_lazy("version"),
}
FIELDS: Mapping[str, Promise] = {
    "accepted_at": gettext_lazy("Accepted"),
    "access": gettext_lazy("Access"),
    "acknowledged_at": gettext_lazy("Acknowledged"),
    "added_at": gettext_lazy("Added"),
    "artifact": gettext_lazy("Artifact"),
    "asked_at": gettext_lazy("Reporter asked"),
    "assignee": gettext_lazy("Assigned to"),
    "band": gettext_lazy("How sure the engine is"),
    "by": pgettext_lazy("of a row", "By"),
    "card_url": gettext_lazy("Address of its card"),
    "changed_at": gettext_lazy("Changed"),
    "child": gettext_lazy("Made from the other"),
    "confirmed_at": gettext_lazy("Confirmed on"),
    "confirms": gettext_lazy("Reporter confirms the issue"),
    "context_of_use": gettext_lazy("Context of use"),
    "copy_of": gettext_lazy("Copy of"),
    "created_at": gettext_lazy("Since"),
    "data_collection": gettext_lazy("Data collection"),
    "decision": gettext_lazy("Decision"),
    "deployer": gettext_lazy("Deployer"),
    "developer": gettext_lazy("Developer"),
    "dismissal": gettext_lazy("Why it was dismissed"),
    "dismissed_at": gettext_lazy("Dismissed on"),
    "embargo_lifted_at": gettext_lazy("Embargo lifted"),
    "embargo_until": gettext_lazy("Under embargo until"),
    "embargo_zone": gettext_lazy("Time zone"),
    "end": pgettext_lazy("of a passage", "Where it ends"),
    "ended_at": gettext_lazy("Ended"),
    "erased_at": gettext_lazy("Erased"),
    "expected": pgettext_lazy("of a signal", "Expected"),
    "failures": gettext_lazy("Failures"),
    "family": gettext_lazy("Family"),
    "filed_at": gettext_lazy("Filed"),
    "first_reported_at": gettext_lazy("First reported"),
    "fixed_in": gettext_lazy("Fixed in version"),
    "found_by": gettext_lazy("Found by"),
    "from_reporter": gettext_lazy("Written by the reporter"),
    "given_at": gettext_lazy("Given"),
    "grouped_at": gettext_lazy("Grouped"),
    "growth_flagged_at": gettext_lazy("Flagged as growing"),
    "harm_occurred": gettext_lazy("Harm"),
    "hazard_level": gettext_lazy("Hazard level"),
    "held_at": gettext_lazy("Held since"),
    "held_for": gettext_lazy("Why it is held"),
    "in_stated_use": gettext_lazy("Within stated use"),
    "intended_use": gettext_lazy("Intended use"),
    "introduced_in": gettext_lazy("Introduced in version"),
    "is_alias": gettext_lazy("A moving name, like “latest”"),
    "is_dispute": gettext_lazy("Disputes the issue"),
    "is_disputed": gettext_lazy("Disputed"),
    "is_evidence": gettext_lazy("Adds evidence"),
    "is_possible_regression": gettext_lazy("Possible regression"),
    "issue": gettext_lazy("Issue"),
    "judged_at": gettext_lazy("Judged"),
    "kind": gettext_lazy("Kind"),
    "known_limitations": gettext_lazy("Known limitations"),
    "last_affected": gettext_lazy("Last affected version"),
    "last_reported_at": gettext_lazy("Last reported"),
    "last_seen_on": gettext_lazy("Last seen"),
    "lifecycle_stage": gettext_lazy("Where the cause lies"),
    "made_at": gettext_lazy("Made"),
    "merged_into": gettext_lazy("Merged into"),
    "name": gettext_lazy("Name"),
    "needs_look": gettext_lazy("To be looked at"),
    "notified_at": gettext_lazy("Maintainers told"),
    "number": gettext_lazy("Number"),
    "observed": pgettext_lazy("of a signal", "Observed"),
    "observed_on": gettext_lazy("Observed on"),
    "opened_at": gettext_lazy("Opened"),
    "org": gettext_lazy("Organisation"),
    "other": gettext_lazy("The other"),
    "pace": gettext_lazy("How often"),
    "parent": gettext_lazy("Made into the other"),
    "parties_told_at": gettext_lazy("Other parties told"),
    "placed_at": gettext_lazy("Placed"),
    "placer": gettext_lazy("Placed by"),
    "position": gettext_lazy("Place in the order"),
    "priority": gettext_lazy("Priority"),
    "priority_override": gettext_lazy("Priority that a person set"),
    "public_summary": gettext_lazy("Public summary"),
    "public_title": gettext_lazy("Public title"),
    "published_at": gettext_lazy("Published on"),
    "publishes_at_end": gettext_lazy("Published when the embargo ends"),
    "rank": gettext_lazy("Rank"),
    "ratio_judged": gettext_lazy("Ratio that was judged"),
    "reason": gettext_lazy("Reason"),
    "reason_words": gettext_lazy("Words of the reason"),
    "received_on": gettext_lazy("Received"),
    "redacted_at": gettext_lazy("Redacted"),
    "refused_at": gettext_lazy("Refused"),
    "relation": gettext_lazy("Relation"),
    "released_on": gettext_lazy("Released on"),
    "report": gettext_lazy("Report"),
    "report_count": gettext_lazy("Reports"),
    "reported_at": gettext_lazy("Reported"),
    "reporter": gettext_lazy("Reporter"),
    "resolution": gettext_lazy("How it ended"),
    "resolved_at": gettext_lazy("Resolved on"),
    "revision": gettext_lazy("Revision"),
    "says": gettext_lazy("What was said"),
    "score": gettext_lazy("Score"),
    "sent_at": gettext_lazy("Sent"),
    "severity": gettext_lazy("Severity"),
    "severity_by_person": gettext_lazy("Severity set by a person"),
    "since": gettext_lazy("Since"),
    "snoozed_at": gettext_lazy("Snoozed"),
    "snoozed_until": gettext_lazy("Snoozed until"),
    "snoozed_version": gettext_lazy("Snoozed until the version after"),
    "snoozed_voices": gettext_lazy("Snoozed until it has this many voices"),
    "source_type": gettext_lazy("Kind of source"),
    "start": pgettext_lazy("of a passage", "Where it begins"),
    "state": gettext_lazy("State"),
    "stated_at": gettext_lazy("Stated on"),
    "stated_by": gettext_lazy("Stated by"),
    "statement": gettext_lazy("Statement"),
    "status": gettext_lazy("Status"),
    "superseded_at": gettext_lazy("Superseded"),
    "taken_at": gettext_lazy("Taken"),
    "text": gettext_lazy("Text"),
    "theme": gettext_lazy("Theme"),
    "tier": gettext_lazy("Tier"),
    "title": gettext_lazy("Title"),
    "touched_at": gettext_lazy("Last decided on"),
    "tried_at": gettext_lazy("Tried"),
    "tries": gettext_lazy("Tries"),
    "untested_reason": gettext_lazy("Why it was not tested"),
    "user": gettext_lazy("Account"),
    "version": gettext_lazy("Version"),
    "visibility": gettext_lazy("What may be public of it"),
    "voice_count": gettext_lazy("Voices"),
    "withdrawn_at": gettext_lazy("Withdrawn"),
}
# What events say beside that.
SAID: Mapping[str, Promise] = {
    "basis": gettext_lazy("Ground"),
    "channel": gettext_lazy("Filed by way of"),
    "days": gettext_lazy("Days"),
    "detector": gettext_lazy("Detector"),
    "digest": gettext_lazy("Fingerprint"),
    "form": gettext_lazy("Form"),
    "merged": gettext_lazy("Merged"),
    "method": gettext_lazy("Method"),
    "published": gettext_lazy("Published"),
    "purpose": gettext_lazy("Purpose"),
    "reference": gettext_lazy("Reference"),
    "reports": gettext_lazy("Reports"),
    "role": gettext_lazy("Role"),
    "scopes": gettext_lazy("Scopes"),
    "until": gettext_lazy("Until"),
    "words": gettext_lazy("Fingerprint of the words"),
}
# The lists from which codes come that events say.
LISTS: Mapping[str, type[TextChoices]] = {
    "by": PlacedBy,
    "relation": Relation,
    "role": Role,
    "severity": Severity,
    "state": Signal.State,
    "status": Status,
    "tier": Signal.Tier,
}


def row_called(row: str) -> str:
    """
    >>> row_called("issue 12")
    'issue 12'
    """
    kind, _space, number = row.partition(" ")
    return f"{ROWS.get(kind, kind)} {number}"


def field_called(name: str) -> str:
    """A column that nobody has named yet is told by its words, and ``tests/triage/test_audit.py`` asks for a name.

    >>> field_called("severity")
    'Severity'
    """
    return str(FIELDS.get(name) or SAID.get(name) or name.replace("_", " ").capitalize())


def in_words(value: object, name: str = "") -> str:
    """What an event says under that name: yes or no, a number, or codes, in words where they come from a list.

    >>> in_words(["queue:read", "issues:read"]), in_words(0.51234), in_words(["new", "known"], "state")
    ('queue:read, issues:read', '0.51', 'New, Known')
    """
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    if isinstance(value, list):
        return ", ".join(in_words(each, name) for each in value)
    listed: dict[object, object] = dict(LISTS[name].choices) if name in LISTS else {}
    return str(listed.get(value, value))
