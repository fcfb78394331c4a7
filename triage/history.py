"""What happened to an issue, newest first: people's decisions with their undo, and what the engine did."""

from collections.abc import Iterable

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ledger.models import Event
from ledger.record import events_about
from reports.models import Issue, Report
from reports.vocabulary import Channel, PlacedBy
from triage.happening import Happening
from triage.models import Decision
from triage.moves import Verb
from triage.retelling import in_words, names_in
from triage.reveals import REVEAL

MOST = 30  # of each kind; older ones are in the ledger


ABOUT = ("report", "artifact", "issue")
COLUMNS = (
    "verb",
    "reason",
    "note",
    "before",
    "after",
    "decided_at",
    "bulk",
    "report__reference",
    "artifact__kind",
    "artifact__org",
    "artifact__name",
    "issue__number",
)
PEOPLE = ("decider__name", "decider__email")
BY_REPORTER = {
    "add": gettext_lazy("Whoever filed %(report)s added to it"),
    "withdraw": gettext_lazy("%(report)s withdrawn by its reporter"),
    "unwithdraw": gettext_lazy("Its reporter took back that %(report)s was withdrawn"),
    "adopt": gettext_lazy("%(report)s is kept in an account now, and counts as its voice"),
}


def history_of(issue: Issue) -> list[Happening]:
    """Decisions on the issue or that placed a report into it, and what the ledger says of grouping, of revealing, and
    of what reporters did."""
    told = told_of(decisions_about(issue), issue)
    events = list(events_about(issue, verbs=["group", REVEAL, *BY_REPORTER]).order_by("-pk")[: 2 * MOST])
    reports = Report.objects.in_bulk([pk for event in events if (pk := _report_id(event))])
    for event in events:
        if report := reports.get(_report_id(event) or 0):
            told += _told_by(event, report)
    return sorted(told, key=lambda happening: happening.when, reverse=True)


def told_of(decisions: Iterable[Decision], issue: Issue) -> list[Happening]:
    """Decisions as they read on the page of ``issue``, in the order given."""
    listed = list(decisions)
    names = names_in(listed)
    return [Happening.of(decision, in_words(decision, issue, names)) for decision in listed]


def decisions_about(issue: Issue) -> list[Decision]:
    """Decisions on the issue, on its artifacts' pages, and those that led reports into it; newest first.

    The ledger knows which came from elsewhere: it names both issues, and is looked up by either.
    """
    here = Decision.objects.filter(issue=issue).values_list("pk", flat=True)[:MOST]
    pages = Decision.objects.filter(artifact__in=issue.affected.values("artifact")).values_list("pk", flat=True)[:MOST]
    known = set(here.union(pages, all=True))
    moves = events_about(issue, verbs=[Verb.PLACE, Verb.PART, Verb.MERGE, Verb.SPLIT, Verb.UNDO]).order_by("-pk")
    from_elsewhere = [event.payload.content.get("decision") for event in moves[:MOST] if hasattr(event, "payload")]
    known |= {pk for pk in from_elsewhere if pk}
    if not known:
        return []
    told = _with_all(Decision.objects.filter(pk__in=known, signal=None))
    return list(told.order_by("-decided_at", "-pk")[:MOST])


def _with_all(decisions: "QuerySet[Decision]") -> "QuerySet[Decision]":
    """With what they are about, as far as it is told: a dozen whole rows beside each cost more than all else here."""
    return decisions.select_related(*ABOUT, *(f"undoes__{name}" for name in ABOUT), "decider", "undone_by").only(
        *(f"{undone}{column}" for undone in ("", "undoes__") for column in COLUMNS), *PEOPLE, "undone_by__undoes"
    )


def _told_by(event: Event, report: Report) -> list[Happening]:
    if event.verb in BY_REPORTER:
        return [Happening(event.at, str(BY_REPORTER[event.verb]) % {"report": report})]
    return [_revealed(event, report)] if event.verb == REVEAL else [_grouped(event, report), _filed(report)]


def _grouped(event: Event, report: Report) -> Happening:
    by = event.payload.content.get("by", "") if hasattr(event, "payload") else ""
    if by == PlacedBy.REPORTER:
        return Happening(event.at, _("Whoever filed %(report)s said that it is this issue") % {"report": report})
    return Happening(event.at, _("%(report)s grouped") % {"report": report}, by="engine")


def _revealed(event: Event, report: Report) -> Happening:
    has_files = hasattr(event, "payload") and event.payload.content.get("files")
    words = _("Files of %(report)s shown") if has_files else _("%(report)s shown unveiled")
    return Happening(event.at, words % {"report": report}, who=event.actor)


def _filed(report: Report) -> Happening:
    channel = Channel(report.channel).label
    return Happening(report.filed_at, _("%(report)s filed, by %(channel)s") % {"report": report, "channel": channel})


def _report_id(event: Event) -> int | None:
    return next((int(name.removeprefix("report:")) for name in event.subjects if name.startswith("report:")), None)
