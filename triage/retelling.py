"""A decision in words: what it changed, from what to what, as it reads on the page of one issue."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from reports.deadlines import UTC_NAME, hour_in_words
from reports.models import Affected, Issue, Reproduction, Version
from reports.vocabulary import (
    AffectedStatus,
    Dismissal,
    ExtendedFor,
    HazardLevel,
    Kind,
    LifecycleStage,
    LiftedFor,
    Resolution,
    Severity,
)
from reports.workdays import day_in_words
from triage import annals
from triage.models import Decision
from triage.moves import Verb
from triage.priority import choice_in_words

# What was decided of one report: as it reads where it stood, and where it went.
MOVED: dict[str, tuple[Promise, Promise]] = {
    Verb.PLACE: (
        gettext_lazy("Report %(report)s placed in another issue"),
        gettext_lazy("Report %(report)s placed here"),
    ),
    Verb.PART: (
        gettext_lazy("Report %(report)s taken out: not this one"),
        gettext_lazy("Report %(report)s taken out of another issue"),
    ),
    Verb.KEEP: (
        gettext_lazy("Report %(report)s looked at: it belongs here"),
        gettext_lazy("Report %(report)s looked at: it belongs here"),
    ),
}
SAID: dict[str, Promise] = {
    Verb.LOOK: gettext_lazy("Growth looked at"),
    Verb.REFUSE: gettext_lazy("A proposal of the engine refused"),
    Verb.WAKE: gettext_lazy("Woken"),
    Verb.ASK: gettext_lazy("Whoever filed %(report)s was asked for more"),
    Verb.NOTIFY: gettext_lazy("Its maintainers were told"),
    Verb.SETTLE: gettext_lazy("The dispute was looked at"),
    Verb.TURN_DOWN: gettext_lazy("A maintainer’s answer turned down"),
    Verb.WRITE: gettext_lazy("Public title and summary written"),
    Verb.EXCERPT: gettext_lazy("Chosen what the public reads of %(report)s"),
    Verb.REDACT: gettext_lazy("Chosen what is hidden in %(report)s"),
    Verb.TRANSLATE: gettext_lazy("A translation of %(report)s"),
    Verb.PUBLISH: gettext_lazy("Published"),
    Verb.UNPUBLISH: gettext_lazy("No longer published"),
}
# A field of an issue: what it is called, and how to say what stands in it.
FIELDS: Mapping[str, tuple[Promise, Callable[[Any], str | Promise]]] = {
    "severity": (gettext_lazy("Severity"), lambda value: Severity(value).label),
    "kind": (gettext_lazy("Kind of failure"), lambda value: Kind(value).label),
    "lifecycle_stage": (gettext_lazy("Where the cause lies"), lambda value: LifecycleStage(value).label),
    "hazard_level": (gettext_lazy("Hazard level"), lambda value: HazardLevel(value).label),
    "in_stated_use": (gettext_lazy("Within stated use"), lambda value: _("Yes") if value else _("No")),
    "priority_override": (gettext_lazy("Priority"), choice_in_words),
}
UNSET: Mapping[str, Promise] = {"priority_override": gettext_lazy("as worked out")}


@dataclass(frozen=True, slots=True)
class Names:
    """What the ids in decisions stand for; what is gone is missing."""

    versions: Mapping[int, Version] = field(default_factory=dict)
    people: Mapping[int, User] = field(default_factory=dict)
    issues: Mapping[int, Issue] = field(default_factory=dict)
    affected: Mapping[int, Affected] = field(default_factory=dict)
    trials: Mapping[int, Reproduction] = field(default_factory=dict)


def names_in(decisions: Iterable[Decision]) -> Names:
    """Whatever the decisions name, in as many queries however many they are."""
    told = [*decisions, *(decision.undoes for decision in decisions if decision.undoes)]
    return Names(
        versions=Version.objects.in_bulk(
            {pk for each in told for pk in _ids(each, "fixed_in_id", "snoozed_version_id")}
        ),
        people=User.objects.in_bulk({pk for each in told for pk in _ids(each, "assignee_id")}),
        issues=Issue.objects.in_bulk({pk for each in told if (pk := each.after.get("target"))}),
        affected=Affected.objects.select_related("artifact").in_bulk(_rows_of(told, "affected", verb=Verb.AFFECT)),
        trials=Reproduction.objects.select_related("version", "artifact").in_bulk(_rows_of(told, "reproduction")),
    )


def in_words(decision: Decision, issue: Issue, names: Names) -> str:
    """What was decided, as it reads on the page of ``issue``."""
    if decision.verb == Verb.UNDO and decision.undoes:
        return _("Undone: %(what)s") % {"what": in_words(decision.undoes, issue, names)}
    if decision.artifact_id:
        return annals.in_words(decision)
    if decision.verb in TOLD:
        return TOLD[decision.verb](decision, issue, names)
    about = {"report": decision.report}
    if decision.verb in MOVED:
        is_left = decision.issue_id == issue.pk
        return str(MOVED[decision.verb][0 if is_left else 1]) % about
    if decision.verb in SAID:
        return str(SAID[decision.verb]) % about
    return str(dict(Verb.choices).get(decision.verb, decision.verb.replace("_", " ").capitalize()))


def _confirmed(decision: Decision, issue: Issue, names: Names) -> str:
    return _(": ").join(filter(None, [_("Confirmed"), "; ".join(_changes(decision))]))


def _reopened(decision: Decision, issue: Issue, names: Names) -> str:
    return _("Reopened")


def _dismissed(decision: Decision, issue: Issue, names: Names) -> str:
    return _("Dismissed: %(reason)s") % {"reason": _label(Dismissal, decision.reason)}


def _resolved(decision: Decision, issue: Issue, names: Names) -> str:
    fixes = [str(names.versions[pk]) for pk in _ids(decision, "fixed_in_id") if pk in names.versions]
    if decision.reason == Resolution.FIXED and fixes:
        return _("Resolved: fixed in %(version)s") % {"version": ", ".join(fixes)}
    return _("Resolved: %(reason)s") % {"reason": _label(Resolution, decision.reason)}


def _merged(decision: Decision, issue: Issue, names: Names) -> str:
    if decision.issue_id == issue.pk:
        return _("Merged into %(issue)s") % {"issue": names.issues.get(decision.after.get("target") or 0, "")}
    return _("%(issue)s merged into this one") % {"issue": decision.issue}


def _split(decision: Decision, issue: Issue, names: Names) -> str:
    count = sum(name.startswith("placement:") and row is None for name, row in _rows(decision, "before").items())
    if decision.issue_id == issue.pk:
        words = ngettext("%(count)d report split off", "%(count)d reports split off", count)
    else:
        words = ngettext(
            "Split off from another issue, with %(count)d report",
            "Split off from another issue, with %(count)d reports",
            count,
        )
    return words % {"count": count}


def _snoozed(decision: Decision, issue: Issue, names: Names) -> str:
    row = _own(decision, "after")
    when = awakening(_moment(row.get("snoozed_until")), row.get("snoozed_voices"), row.get("snoozed_version_id"))
    return _("Snoozed until %(when)s") % {"when": when}


def awakening(until: datetime | None, voices: int | None, version_id: int | None) -> str:
    """What a snooze waits for; whichever comes first ends it."""
    told = [
        day_in_words(localtime(until).date()) if until else "",
        ngettext("%(count)d voice", "%(count)d voices", voices) % {"count": voices} if voices else "",
        _("the next version") if version_id else "",
    ]
    return _(" or ").join(filter(None, told))


def _assigned(decision: Decision, issue: Issue, names: Names) -> str:
    before, after = _own(decision, "before").get("assignee_id"), _own(decision, "after").get("assignee_id")
    if after:
        return _("Assigned to %(who)s") % {"who": names.people.get(after) or _("somebody whose account is gone")}
    return _("No longer assigned to %(who)s") % {"who": names.people.get(before or 0) or _("anybody")}


def _sorted(decision: Decision, issue: Issue, names: Names) -> str:
    unpublished = _own(decision, "before").get("published_at") and not _own(decision, "after").get("published_at")
    changes = [*_changes(decision), *([_("no longer published")] if unpublished else [])]
    return "; ".join(changes) or _("Severity kept, by a person")


def _affected(decision: Decision, issue: Issue, names: Names) -> str:
    for name, row in _rows(decision, "after").items():
        found = names.affected.get(_id(name, "affected"))
        if found:
            status = (row or {}).get("status") or found.status
            return _("%(artifact)s: %(status)s") % {
                "artifact": found.artifact,
                "status": _label(AffectedStatus, status),
            }
    return _("Set who is affected")


def _released(decision: Decision, issue: Issue, names: Names) -> str:
    count = len(_rows_of([decision], "report"))
    words = ngettext("%(count)d held report released", "%(count)d held reports released", count)
    return words % {"count": count}


def _tried(decision: Decision, issue: Issue, names: Names) -> str:
    trial = next((names.trials[pk] for pk in _rows_of([decision], "reproduction") if pk in names.trials), None)
    if trial is None:
        return _("Tried again")
    counted = {"failures": trial.failures, "tries": trial.tries, "version": trial.version or trial.artifact}
    return _("Tried again on %(version)s: %(failures)d of %(tries)d failed") % counted


def _embargoed(decision: Decision, issue: Issue, names: Names) -> str:
    if decision.verb == Verb.EXTEND:
        told = {"moment": _end_of_embargo(decision), "reason": _label(ExtendedFor, decision.reason)}
        return _("Embargo extended to %(moment)s: %(reason)s") % told
    return _("Embargo until %(moment)s") % {"moment": _end_of_embargo(decision)}


def _end_of_embargo(decision: Decision) -> str:
    told = _own(decision, "after")
    until = parse_datetime(told.get("embargo_until") or "")
    return hour_in_words(until, told.get("embargo_zone") or UTC_NAME) if until else ""


def _lifted(decision: Decision, issue: Issue, names: Names) -> str:
    return _("Embargo lifted: %(reason)s") % {"reason": _label(LiftedFor, decision.reason)}


def _scheduled(decision: Decision, issue: Issue, names: Names) -> str:
    if _own(decision, "after").get("publishes_at_end"):
        return _("To be published when the embargo ends")
    return _("Not to be published when the embargo ends")


def _announced(decision: Decision, issue: Issue, names: Names) -> str:
    is_new = any(name.startswith("stub:") and row is None for name, row in _rows(decision, "before").items())
    return _("Announced in public") if is_new else _("No longer announced in public")


def _shared(decision: Decision, issue: Issue, names: Names) -> str:
    if _own(decision, "after").get("parties_told_at"):
        return _("Maintainers see who else was told")
    return _("Maintainers no longer see who else was told")


TOLD: Mapping[str, Callable[[Decision, Issue, Names], str]] = {
    Verb.CONFIRM: _confirmed,
    Verb.REOPEN: _reopened,
    Verb.DISMISS: _dismissed,
    Verb.RESOLVE: _resolved,
    Verb.MERGE: _merged,
    Verb.SPLIT: _split,
    Verb.SNOOZE: _snoozed,
    Verb.ASSIGN: _assigned,
    Verb.CLASSIFY: _sorted,
    Verb.PRIORITISE: _sorted,
    Verb.AFFECT: _affected,
    Verb.REPRODUCE: _tried,
    Verb.RELEASE: _released,
    Verb.EMBARGO: _embargoed,
    Verb.EXTEND: _embargoed,
    Verb.LIFT: _lifted,
    Verb.SCHEDULE: _scheduled,
    Verb.ANNOUNCE: _announced,
    Verb.SHARE: _shared,
}


def _changes(decision: Decision) -> list[str]:
    """Fields of the issue whose values have names: "Severity: Medium → High"."""
    before, after = _own(decision, "before"), _own(decision, "after")
    changed = [name for name in FIELDS if name in after and before.get(name) != after[name]]
    return [f"{FIELDS[name][0]}: {_value(name, before.get(name))} → {_value(name, after[name])}" for name in changed]


def _value(name: str, value: Any) -> str:
    if value is None or value == "":
        return str(UNSET.get(name, "–"))
    try:
        return str(FIELDS[name][1](value))
    except ValueError:  # a word that is no longer in its list
        return str(value)


def _label(choices: Any, value: str) -> str:
    return str(dict(choices.choices).get(value, value))


def _rows(decision: Decision, side: str) -> Mapping[str, Mapping[str, Any] | None]:
    rows: Mapping[str, Mapping[str, Any] | None] = getattr(decision, side).get("rows", {})
    return rows


def _own(decision: Decision, side: str) -> Mapping[str, Any]:
    """What the decision changed of its own issue."""
    return _rows(decision, side).get(f"issue:{decision.issue_id}") or {}


def _ids(decision: Decision, *names: str) -> list[int]:
    """The ids that stand in those fields of any row, before or after."""
    rows = [*_rows(decision, "before").values(), *_rows(decision, "after").values()]
    return sorted({row[name] for row in rows if row for name in names if row.get(name)})


def _rows_of(decisions: Iterable[Decision], kind: str, *, verb: str = "") -> set[int]:
    """The ids of the rows of one kind that decisions, or those of one verb, have touched."""
    meant = [decision for decision in decisions if not verb or decision.verb == verb]
    return {pk for decision in meant for name in _rows(decision, "after") if (pk := _id(name, kind))}


def _id(name: str, kind: str) -> int:
    called, _colon, pk = name.partition(":")
    return int(pk) if called == kind else 0


def _moment(value: str | None) -> datetime | None:
    return parse_datetime(value) if value else None
