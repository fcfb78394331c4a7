"""What happened to an issue, newest first: people's decisions with their undo, and what the engine did."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ledger.models import Event
from ledger.record import events_about
from reports.models import Issue, Placement, Report, Version
from reports.vocabulary import Channel, Dismissal, PlacedBy, Resolution
from triage.models import Decision
from triage.moves import Verb

MOST = 30  # of each kind; older ones are in the ledger
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
}


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of the timeline. ``by`` is "engine" or "person"; ``undo`` the decision that can be undone."""

    when: datetime
    words: str
    by: str = "person"
    who: str = ""
    note: str = ""
    ended: bool = False
    is_undone: bool = False
    undo: int | None = None


def history_of(issue: Issue) -> list[Happening]:
    """Decisions on the issue or that placed a report into it, and what the ledger says of its grouping."""
    decisions = decisions_about(issue)
    events = list(events_about(issue, verbs=["group"]).order_by("-pk")[:MOST])
    reports = Report.objects.in_bulk([pk for event in events if (pk := _report_id(event))])
    versions = Version.objects.in_bulk([pk for decision in decisions for pk in _fixes(decision)])
    told = [_decided(decision, issue, versions) for decision in decisions]
    for event in events:
        if report := reports.get(_report_id(event) or 0):
            told += [_grouped(event, report), _filed(report)]
    return sorted(told, key=lambda happening: happening.when, reverse=True)


def decisions_about(issue: Issue) -> list[Decision]:
    """Decisions on the issue, on its artifact's page, and those that placed a report into it; newest first."""
    placed = Placement.objects.filter(issue=issue, by=PlacedBy.PERSON).values("report")
    named = issue.affected.values("artifact")
    about = Decision.objects.filter(
        Q(issue=issue) | Q(verb__in=[Verb.PLACE, Verb.PART, Verb.UNDO], report__in=placed) | Q(artifact__in=named)
    )
    about = about.select_related("decider", "report", "artifact", "issue", "undoes", "undone_by__decider")
    return [decision for decision in about[: 2 * MOST] if _concerns(decision, issue)][:MOST]


def _concerns(decision: Decision, issue: Issue) -> bool:
    if decision.artifact_id or decision.issue_id == issue.pk:
        return True
    told = decision.undoes or decision
    return bool(told.after.get("target") == issue.pk)


def _decided(decision: Decision, issue: Issue, versions: dict[int, Version]) -> Happening:
    undone = getattr(decision, "undone_by", None)
    can_be_undone = decision.verb != Verb.UNDO and undone is None
    return Happening(
        when=decision.decided_at,
        words=in_words(decision, issue, versions),
        who=str(decision.decider or _("somebody whose account is gone")),
        note=decision.note,
        ended=decision.verb == Verb.RESOLVE and undone is None,
        is_undone=undone is not None,
        undo=decision.pk if can_be_undone else None,
    )


def in_words(decision: Decision, issue: Issue, versions: dict[int, Version]) -> str:
    """What was decided, as it reads on the page of ``issue``."""
    if decision.verb == Verb.UNDO and decision.undoes:
        return _("Undone: %(what)s") % {"what": in_words(decision.undoes, issue, versions)}
    if decision.verb == Verb.RESOLVE:
        return _resolved(decision, versions)
    if decision.verb == Verb.DISMISS:
        return _("Dismissed: %(reason)s") % {"reason": Dismissal(decision.reason).label}
    if decision.verb in MOVED:
        is_left = decision.issue_id == issue.pk
        return str(MOVED[decision.verb][0 if is_left else 1]) % {"report": decision.report}
    if decision.verb in SAID:
        return str(SAID[decision.verb])
    if decision.verb == Verb.CONFIRM_ARTIFACT:
        return _("%(artifact)s confirmed as an artifact with a page of its own") % {"artifact": decision.artifact}
    return _("Confirmed") if decision.verb == Verb.CONFIRM else _("Reopened")


def _resolved(decision: Decision, versions: dict[int, Version]) -> str:
    names = ", ".join(str(versions[pk]) for pk in _fixes(decision) if pk in versions)
    if decision.reason == Resolution.FIXED and names:
        return _("Resolved: fixed in %(version)s") % {"version": names}
    return _("Resolved: %(reason)s") % {"reason": Resolution(decision.reason).label}


def _grouped(event: Event, report: Report) -> Happening:
    by = event.payload.content.get("by", "") if hasattr(event, "payload") else ""
    if by == PlacedBy.REPORTER:
        return Happening(event.at, _("Whoever filed %(report)s said that it is this issue") % {"report": report})
    return Happening(event.at, _("%(report)s grouped") % {"report": report}, by="engine")


def _filed(report: Report) -> Happening:
    channel = Channel(report.channel).label
    return Happening(report.filed_at, _("%(report)s filed, by %(channel)s") % {"report": report, "channel": channel})


def _fixes(decision: Decision) -> list[int]:
    rows = decision.after.get("rows", {}).values()
    return sorted({row["fixed_in_id"] for row in rows if row and row.get("fixed_in_id")})


def _report_id(event: Event) -> int | None:
    return next((int(name.removeprefix("report:")) for name in event.subjects if name.startswith("report:")), None)
