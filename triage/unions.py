"""What a merge or a split would give: both sides, the exact counts, what people said against it. Reads only."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Min, Q, QuerySet

from accounts.policy import Actor
from reports.models import Affected, Artifact, Issue, Placement, Report
from reports.models.report import ReportQuerySet
from reports.redaction import summary_kept_back
from reports.sealed import has_summary, summary_of
from reports.vocabulary import HazardLevel, Status
from triage import constraints, explanations
from triage.comparison import Near, proposed_for, standing_of
from triage.explanations import Reason
from triage.models import Constraint, Proposal
from triage.moves.placing import rank
from triage.queue import suggested_issue, suggested_title, suggestions, title_in_words

SPOKEN = 8  # pairs of reports that are named; all are counted
NEWEST = 50  # reports of an issue whose suggestions say what it may be merged with
CANDIDATES = 8  # issues offered


@dataclass(frozen=True, slots=True)
class Tally:
    """Reports that stand together, counted as ``triage.counting`` counts them: a held one has no voice yet."""

    reports: int
    voices: int
    held: int
    first: datetime | None
    last: datetime | None


@dataclass(frozen=True, slots=True)
class Side:
    """One of two issues, or one part of an issue. ``title`` and ``issue`` are those it has, if it has any yet."""

    tally: Tally
    issue: Issue | None = None
    title: str = ""
    artifacts: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """How an artifact stands in the issue that goes and in the one that stays; ``reports`` tell of it in both."""

    artifact: Artifact
    goes: Affected | None
    stays: Affected | None
    reports: int


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody said of two reports, one on each side."""

    one: Near
    other: Near
    who: str
    when: datetime
    note: str


@dataclass(frozen=True, slots=True)
class Union:
    """Two issues as one. ``said`` names some of the ``kept_apart`` pairs that people said are not the same."""

    goes: Side
    stays: Side
    together: Tally
    standings: Sequence[Standing]
    kept_apart: int
    said: Sequence[Said]
    can_switch: bool

    @property
    def more_said(self) -> int:
        return self.kept_apart - len(self.said)


@dataclass(frozen=True, slots=True)
class Cut:
    """One issue as two. ``said`` names some of the ``held_together`` pairs that people said are the same."""

    stays: Side
    leaves: Side
    held_together: int
    said: Sequence[Said]

    @property
    def more_said(self) -> int:
        return self.held_together - len(self.said)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An issue that the engine holds to be the same, and why. ``proposal`` is what it proposed overnight, if it did."""

    issue: Issue
    title: str
    band: str
    reasons: Sequence[Reason]
    pair: Sequence[Near]
    proposal: Proposal | None = None


@dataclass(frozen=True, slots=True)
class ProposedCut:
    """What the engine would part from an issue, and the pair that stands for it: one that stays, one that leaves."""

    proposal: Proposal
    band: str
    report_ids: Sequence[int]
    pair: Sequence[Near]


def survivor_of(one: Issue, other: Issue) -> Issue:
    """Which of two goes on, unless somebody says otherwise: of those that may, the older public one, else the older.

    An address that people cite should not lead on where one that nobody knows could.
    """

    def known_for(issue: Issue) -> tuple[bool, datetime, int]:
        return (issue.published_at is None, issue.published_at or issue.opened_at, issue.pk)

    able = [issue for issue, beside in ((one, other), (other, one)) if may_survive(issue, beside)]
    return min(able or (one, other), key=known_for)


def may_survive(issue: Issue, other: Issue) -> bool:
    """Whether ``other`` may become part of ``issue``: it has not come further, and is of its family or of none."""
    return rank(issue) >= rank(other) and (issue.family_id == other.family_id or other.family.is_unknown)


def union_of(goes: Issue, stays: Issue, actor: Actor) -> Union:
    """What merging ``goes`` into ``stays`` would give; both from ``titled()``."""
    ours, theirs = reports_of([goes.pk]), reports_of([stays.pk])
    kept_apart = constraints.between(ours, theirs, Constraint.Says.NOT_SAME)
    return Union(
        goes=_side(goes),
        stays=_side(stays),
        together=tally(reports_of([goes.pk, stays.pk])),
        standings=_standings(goes, stays),
        kept_apart=kept_apart.count(),
        said=_said(kept_apart, actor),
        can_switch=may_survive(goes, stays),
    )


def cut_of(issue: Issue, leaving: Collection[int], actor: Actor) -> Cut:
    """What parting those reports from an issue of ``titled()`` would give."""
    inside = reports_of([issue.pk])
    leaves, stays = inside.filter(pk__in=leaving), inside.exclude(pk__in=leaving)
    held = constraints.between(leaves, stays, Constraint.Says.SAME)
    return Cut(
        stays=Side(tally(stays), issue, title_in_words(issue), _named(stays)),
        leaves=Side(tally(leaves), title=_heading(leaves, actor), artifacts=_named(leaves)),
        held_together=held.count(),
        said=_said(held, actor),
    )


def candidates_for(issue: Issue, actor: Actor) -> list[Candidate]:
    """What the engine proposes to merge the issue with, then what it suggests for its newest reports."""
    proposed = [each for each in proposed_for(issue, actor) if each.other is not None]
    pairs = {each.proposal.pk: _first_pair(each.proposal) for each in proposed}
    near = {row.report.pk: row for row in standing_of([pk for pair in pairs.values() for pk in pair], actor)}
    found = {
        each.other.pk: Candidate(
            issue=each.other,
            title=each.title,
            band=each.band,
            reasons=(),
            pair=sorted(
                (near[pk] for pk in pairs[each.proposal.pk] if pk in near), key=lambda row: row.issue.pk != issue.pk
            ),
            proposal=each.proposal,
        )
        for each in proposed
        if each.other is not None
    }
    for candidate in _suggested(issue, actor):
        found.setdefault(candidate.issue.pk, candidate)
    return list(found.values())[:CANDIDATES]


def proposed_cut(issue: Issue, actor: Actor) -> ProposedCut | None:
    """The engine's split of the issue that waits for an answer, as far as its reports still stand there."""
    proposal = next((each.proposal for each in proposed_for(issue, actor) if each.other is None), None)
    if proposal is None:
        return None
    inside = reports_of([issue.pk])
    leaving = list(inside.filter(pk__in=proposal.report_ids).order_by("pk").values_list("pk", flat=True))
    if not leaving or not inside.exclude(pk__in=leaving).exists():
        return None
    pair = standing_of(_first_pair(proposal), actor)
    return ProposedCut(proposal, explanations.band(proposal.band), leaving, pair)


def reports_of(issue_ids: Iterable[int]) -> ReportQuerySet:
    """Each report once that stands in any of the issues."""
    return Report.objects.filter(pk__in=Placement.objects.active().filter(issue__in=list(issue_ids)).values("report"))


def tally(reports: ReportQuerySet) -> Tally:
    heard = Q(held_at=None)
    return Tally(
        **reports.aggregate(
            reports=Count("pk", filter=heard),
            voices=Count("voice_key", distinct=True, filter=heard),
            held=Count("pk", filter=~heard),
            first=Min("reported_at", filter=heard),
            last=Max("reported_at", filter=heard),
        )
    )


def _side(issue: Issue) -> Side:
    reports = reports_of([issue.pk])
    return Side(tally(reports), issue, title_in_words(issue), _named(reports))


def _named(reports: ReportQuerySet) -> list[str]:
    found = Artifact.objects.filter(pk__in=reports.order_by().values("artifact")).order_by("org", "name")
    return [str(artifact) for artifact in found]


def _heading(reports: ReportQuerySet, actor: Actor) -> str:
    """The summary of the oldest of the reports that the actor may see and that may head a list."""
    seen = reports.filter(pk__in=Report.objects.visible_to(actor).values("pk")).filter(has_summary())
    hard = Placement.objects.active().filter(issue__hazard_level__gte=HazardLevel.BLURRED)
    seen = seen.exclude(summary_kept_back("pk")).exclude(pk__in=hard.values("report"))
    oldest = seen.order_by("reported_at", "pk").values_list(summary_of(), flat=True).first()
    return oldest or ""


def _standings(goes: Issue, stays: Issue) -> list[Standing]:
    rows = Affected.objects.filter(issue__in=[goes, stays]).select_related("artifact", "fixed_in")
    by_artifact: dict[int, dict[int, Affected]] = {}
    for row in rows.order_by("artifact__org", "artifact__name", "pk"):
        by_artifact.setdefault(row.artifact_id, {})[row.issue_id] = row
    heard = reports_of([goes.pk, stays.pk]).filter(held_at=None).order_by().values_list("artifact")
    counts: dict[int, int] = dict(heard.annotate(Count("pk")))
    return [
        Standing(next(iter(pair.values())).artifact, pair.get(goes.pk), pair.get(stays.pk), counts.get(artifact_id, 0))
        for artifact_id, pair in by_artifact.items()
    ]


def _said(spoken: "QuerySet[Constraint]", actor: Actor) -> list[Said]:
    """Some of what was said, the latest first, of reports that the actor may see."""
    rows = list(spoken.select_related("decision__decider").order_by("-made_at", "pk")[:SPOKEN])
    near = {
        row.report.pk: row for row in standing_of([pk for row in rows for pk in (row.report_id, row.other_id)], actor)
    }
    return [
        Said(
            one=near[row.report_id],
            other=near[row.other_id],
            who=str(row.decision.decider or "") if row.decision else "",
            when=row.made_at,
            note=row.decision.note if row.decision else "",
        )
        for row in rows
        if row.report_id in near and row.other_id in near
    ]


def _first_pair(proposal: Proposal) -> list[int]:
    """The two reports that stand for a proposal: of a split, one that stays and one that leaves."""
    return list(next(iter(proposal.reasons.get("pairs", [])), []))


def _suggested(issue: Issue, actor: Actor) -> list[Candidate]:
    """Issues of the same family that the engine suggested for reports of this one, each once, the likeliest first."""
    newest = reports_of([issue.pk]).order_by("-reported_at", "-pk").values_list("pk", flat=True)[:NEWEST]
    opinions = suggestions(list(newest))
    others = {suggested_issue(opinion).pk for opinion in opinions} - {issue.pk}
    seen = set(
        Issue.objects.visible_to(actor).exclude(status=Status.MERGED).filter(pk__in=others).values_list("pk", flat=True)
    )
    found: dict[int, Candidate] = {}
    for opinion in sorted(opinions, key=lambda opinion: (-opinion.score, opinion.pk)):
        other = suggested_issue(opinion)
        if other.pk in seen and other.pk not in found:
            found[other.pk] = Candidate(
                issue=other,
                title=suggested_title(opinion),
                band=explanations.band(opinion.band),
                reasons=[reason for reason in explanations.told(opinion.reasons) if reason.weight > 0][:3],
                pair=(),
            )
    return list(found.values())
