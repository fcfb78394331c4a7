"""What the desk shows of one issue."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.policy import Actor
from reports.models import Affected, Artifact, Issue, Lineage, Placement, Report, Reproduction, Signal
from reports.record import lineage_of
from reports.vocabulary import AffectedStatus, Status
from triage import priority
from triage.answers import Told, answers_for
from triage.claims import Lease, leases
from triage.comparison import Comparison, Opinion, Proposed, comparison_of, opinions_of, proposed_for
from triage.forms import FORMS, MoveForm
from triage.growth import last_flag
from triage.happening import Happening
from triage.history import history_of
from triage.moves import MOVES, Verb
from triage.pages.refusals import Conflict, conflict_of
from triage.publication import why_held_back
from triage.queue import Listed, suggestions, title_in_words
from triage.retelling import awakening

MOST_REPORTS = 25  # listed beside the one that is open
MOST_TRIALS = 10
# The moves whose forms stand on the desk; the others have pages of their own.
SHOWN = (
    Verb.CONFIRM,
    Verb.RESOLVE,
    Verb.DISMISS,
    Verb.REOPEN,
    Verb.PLACE,
    Verb.KEEP,
    Verb.PART,
    Verb.LOOK,
    Verb.REFUSE,
    Verb.RELEASE,
    Verb.SNOOZE,
    Verb.WAKE,
    Verb.ASSIGN,
    Verb.CLASSIFY,
    Verb.PRIORITISE,
    Verb.ASK,
    Verb.SETTLE,
)


@dataclass(frozen=True, slots=True)
class Detail:
    issue: Issue
    title: str
    report: Report | None
    placement: Placement | None
    is_last_look: bool
    growth: Mapping[str, int]
    placements: list[Placement]
    more_reports: int
    comparison: Comparison | None
    opinions: list[Opinion]
    proposed: list[Proposed]
    history: list[Happening] | None  # None: the page asks for it by itself
    facts: list[dict[str, Any]]
    affected: list[Affected]
    unlisted: list[Artifact]
    held_back: Sequence[Promise]
    forms: Mapping[str, MoveForm]
    versions: list[str]
    opened: str
    lease: Lease | None
    signal: Signal | None
    parents: list[Lineage]
    children: list[Lineage]
    trials: list[Reproduction]
    answers: list[Told]
    reader: User
    conflict: Conflict | None

    @property
    def ended(self) -> str:
        """How it was resolved, or why dismissed."""
        return self.issue.resolution or self.issue.dismissal

    @property
    def standings(self) -> list[tuple[Affected, str]]:
        """Each artifact with how it ended for it, where its status does not say so."""
        return [
            (row, "" if row.status == AffectedStatus.FIXED else row.get_resolution_display()) for row in self.affected
        ]

    @property
    def has_company(self) -> bool:
        return len(self.placements) > 1

    @property
    def held(self) -> list[Placement]:
        """Of those listed, the reports that have no voice yet."""
        return [placement for placement in self.placements if placement.report.held_at]

    @property
    def stands(self) -> bool:
        """Whether anybody has judged who is affected."""
        return bool(self.affected) and self.issue.number is not None

    @property
    def best(self) -> Opinion | None:
        """Where a lone new report may belong: worth a button of its own."""
        is_alone = self.issue.status == Status.NEW and not self.has_company
        return self.opinions[0] if self.opinions and is_alone else None

    @property
    def is_mine(self) -> bool:
        return self.issue.assignee_id == self.reader.pk

    @property
    def sleeps(self) -> str:
        """Until when it is snoozed, in words; "" if nobody snoozed it. Whichever comes first wakes it."""
        issue = self.issue
        if issue.snoozed_at is None:
            return ""
        return awakening(issue.snoozed_until, issue.snoozed_voices, issue.snoozed_version_id)


def detail_of(
    issue: Issue,
    actor: Actor,
    reader: User,
    *,
    report: str = "",
    bound: Mapping[str, MoveForm] | None = None,
    refusal: ValidationError | None = None,
    revealed: Collection[int] = (),
    is_whole: bool = True,
) -> Detail:
    """Everything about an issue from ``titled()``; ``report`` is the reference of the one to open.

    Else it is the newest that a person has yet to look at, or the newest. ``bound`` is a form that was not taken, and
    ``refusal`` why, if others had decided meanwhile. ``revealed`` are reports that were asked to be shown.
    ``is_whole`` with its history, which costs as much as the half of what else there is.
    """
    bound = bound or {}
    placements = list(_placements(issue, actor)[: MOST_REPORTS + 1])
    chosen = _chosen(placements, issue, actor, report) if report else next(iter(placements), None)
    opinions = opinions_of(suggestions([chosen.report_id] if chosen else []), issue)
    signal = priority.open_signals().filter(issue=issue).order_by("tier", "-opened_at").first()
    affected = list(issue.affected.select_related("artifact", "introduced_in", "last_affected", "fixed_in"))
    forms = _forms(issue, actor, chosen, bound)
    about = chosen.report.artifact if chosen else issue.family
    parents, children = lineage_of(about, actor) if not about.is_unknown else ([], [])
    return Detail(
        issue=issue,
        title=title_in_words(issue),
        report=chosen.report if chosen else None,
        placement=chosen,
        is_last_look=sum(placement.needs_look for placement in placements) < 2,
        growth=_growth(issue),
        placements=placements[:MOST_REPORTS],
        more_reports=max(0, issue.report_count - MOST_REPORTS),
        comparison=comparison_of(chosen, opinions, actor, revealed=revealed) if chosen else None,
        opinions=opinions,
        proposed=proposed_for(issue, actor),
        history=history_of(issue) if is_whole else None,
        facts=_facts(issue, chosen.report if chosen else None, signal),
        affected=affected,
        unlisted=[row.artifact for row in affected if _waits_for_a_page(row.artifact)],
        held_back=_held_back(issue),
        forms=forms,
        versions=getattr(forms.get(Verb.RESOLVE), "versions", []),
        opened=next(iter(bound), ""),
        lease=leases([issue.pk], reader, at=timezone.now()).get(issue.pk),
        signal=signal,
        parents=parents,
        children=children,
        trials=list(trials_of(issue)[:MOST_TRIALS]),
        answers=answers_for(issue, affected) if issue.number else [],
        reader=reader,
        conflict=conflict_of(refusal, issue),
    )


def trials_of(issue: Issue) -> "QuerySet[Reproduction]":
    """Who tried it again, on what, and how often it failed; the latest first."""
    return issue.reproductions.filter(ended_at=None).select_related("artifact", "version", "by").order_by("-tried_at")


def _placements(issue: Issue, actor: Actor) -> "QuerySet[Placement]":
    placed = Placement.objects.active().visible_to(actor).filter(issue=issue)
    placed = placed.select_related("report__artifact", "report__version", "placer")
    summary = Listed("report_id", "issue_id")
    return placed.annotate(summary=summary).order_by("-needs_look", "-report__reported_at", "-report_id")


def _chosen(placements: list[Placement], issue: Issue, actor: Actor, reference: str) -> Placement | None:
    """The placement of the report asked for; of the newest, if none was or it is not here."""
    found = next((placement for placement in placements if placement.report.reference == reference), None)
    if found is None and reference and len(placements) > MOST_REPORTS:
        found = _placements(issue, actor).filter(report__reference=reference).first()
    return found or next(iter(placements), None)


def _forms(issue: Issue, actor: Actor, chosen: Placement | None, bound: Mapping[str, MoveForm]) -> dict[str, MoveForm]:
    """A form for each move that the table allows from here and that makes sense now."""
    report = {"report": chosen.report_id if chosen else None}
    initial: dict[Verb, dict[str, Any]] = {
        Verb.CONFIRM: {"public_title": title_in_words(issue)},
        Verb.PLACE: report,
        Verb.ASK: report,
    }
    return {
        verb: bound.get(verb) or FORMS[verb](issue=issue, actor=actor, initial=initial.get(verb), auto_id=f"{verb}_%s")
        for verb in SHOWN
        if issue.status in MOVES[verb].start and _makes_sense(verb, issue)
    }


def _makes_sense(verb: Verb, issue: Issue) -> bool:
    """Whether there is anything to wake, or to settle."""
    needed = {Verb.WAKE: issue.snoozed_at is not None, Verb.SETTLE: issue.is_disputed}
    return needed.get(verb, True)


def _growth(issue: Issue) -> dict[str, int]:
    """How fast it grew when it was flagged: joins_an_hour, joins_a_day; nothing if it stands without a flag."""
    flag = last_flag(issue) if issue.growth_flagged_at else None
    return flag.payload.content if flag and hasattr(flag, "payload") else {}


def _held_back(issue: Issue) -> list[Promise]:
    """Why confirming does not, or did not, publish it."""
    if issue.status == Status.NEW or (issue.status in (Status.CONFIRMED, Status.RESOLVED) and not issue.published_at):
        return why_held_back(issue, timezone.now())
    return []


def _waits_for_a_page(artifact: Artifact) -> bool:
    return artifact.confirmed_at is None and artifact.merged_into_id is None and not artifact.is_unknown


def _facts(issue: Issue, report: Report | None, worst: Signal | None) -> list[dict[str, Any]]:
    by = _("set by a triager") if issue.severity_by_person else _("as reporters said")
    within = {True: _("Yes"), False: _("No")}.get(issue.in_stated_use)  # type: ignore[arg-type] # None is a key like any
    why = priority.explained(issue, signals=[worst] if worst else [])
    facts: list[dict[str, Any]] = [
        {"term": _("Number"), "value": issue.number, "code": True},
        {"term": _("Priority"), "value": why.chosen or _("As worked out"), "note": str(why)},
        {"term": _("Severity"), "value": issue.get_severity_display(), "note": by},
        {"term": _("Kind of failure"), "value": issue.get_kind_display()},
        {"term": _("Where the cause lies"), "value": issue.get_lifecycle_stage_display()},
        {"term": _("Within stated use"), "value": within},
        {"term": _("Hazard level"), "value": issue.get_hazard_level_display() if issue.hazard_level else ""},
        {"term": _("Context of use"), "value": issue.get_context_of_use_display()},
        {"term": _("Family"), "value": str(issue.family), "code": True},
    ]
    if report is not None:
        facts += [
            {"term": _("Harm"), "value": report.get_harm_occurred_display(), "note": _("as this report says")},
            {"term": _("Who may read it"), "value": report.get_visibility_display()},
            {"term": _("Found by"), "value": report.get_found_by_display()},
            {"term": _("Scanner rule"), "value": report.rule_id, "code": True},
        ]
    return facts
