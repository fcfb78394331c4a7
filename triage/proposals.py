"""What the engine thinks overnight of whole issues: that two are one, or that one is two. People answer it.

Nothing is merged or split here. A proposal that does not hold any more goes; one that was refused never comes back, and
none goes against what people said of the reports.
"""

import time
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db import connection, models, transaction
from django.db.models import Q
from django.utils import timezone

from reports.models import Issue, Placement, Report
from reports.models.issue import IssueQuerySet
from reports.vocabulary import Status
from triage.bounds import home_of_issue
from triage.grouping.features import Numbers
from triage.grouping.linkage import merges
from triage.grouping.method import Thresholds
from triage.grouping.outcome import BEST, Band, issue_scores
from triage.matching import source_of
from triage.models import Constraint, Proposal
from triage.neighbours import Neighbours, neighbours_of
from triage.reading import read_report

LIVE = (Status.NEW, Status.CONFIRMED, Status.RESOLVED)
SINCE = timedelta(days=2)  # two nights, so that a night missed is made up for by the next
WITHIN_S = 30.0  # half of what a task may take, for the last issue may be a large one
FIRST, NEWEST = 3, 2  # reports that speak for an issue
WORTH_ASKING = 0.5  # share of likely from which two issues that people know are worth a minute of theirs
WEIGHED = 5  # issues near one that are asked in their turn
LEAST_PART = 2  # reports on each side of a split
SAMPLE = 24  # reports of an issue that are compared each with each
MEMBERS = 200  # newest reports of an issue that a split is looked for among
SHARED = 0.5  # of two splits, from which on they are the same one

APART = """
WITH RECURSIVE own (id) AS (
  SELECT %(issue)s::bigint
  UNION SELECT i.id FROM own o JOIN reports_issue i ON i.merged_into_id = o.id
), stands AS (
  SELECT report_id, issue_id FROM reports_placement WHERE superseded_at IS NULL
), members AS (
  SELECT report_id FROM stands WHERE issue_id IN (SELECT id FROM own)
)
SELECT s.issue_id FROM members m
JOIN triage_constraint c ON m.report_id IN (c.report_id, c.other_id) AND c.says = 'not_same' AND c.ended_at IS NULL
JOIN stands s ON s.report_id = CASE m.report_id WHEN c.report_id THEN c.other_id ELSE c.report_id END
UNION SELECT s.issue_id FROM members m JOIN triage_suggestion s USING (report_id) WHERE s.refused_at IS NOT NULL
UNION SELECT s.issue_id FROM triage_suggestion r JOIN stands s USING (report_id)
  WHERE r.issue_id IN (SELECT id FROM own) AND r.refused_at IS NOT NULL
UNION SELECT other_id FROM triage_proposal
  WHERE issue_id IN (SELECT id FROM own) AND kind = 'merge' AND refused_at IS NOT NULL
UNION SELECT issue_id FROM triage_proposal
  WHERE other_id IN (SELECT id FROM own) AND refused_at IS NOT NULL
"""


@dataclass(frozen=True, slots=True, eq=False)
class Spokesman:
    """A report that speaks for its issue, with what is near it and what it takes to be likely or possible.

    ``scores``: how much of a home each issue near it is.
    """

    report_id: int
    near: Neighbours
    scores: dict[int, float]
    thresholds: Thresholds


@dataclass(frozen=True, slots=True)
class Opinion:
    """A proposal before it is a row."""

    score: float
    band: Band
    method: str
    reasons: dict[str, Any]


def waiting_proposals() -> "models.QuerySet[Proposal]":
    """Those that people have not answered, of issues that still stand; the surest first."""
    return (
        Proposal.objects.filter(taken_at=None, refused_at=None, issue__status__in=LIVE)
        .filter(Q(other=None) | Q(other__status__in=LIVE))
        .select_related("issue", "other")
    )


def proposals_about(issue: Issue) -> "models.QuerySet[Proposal]":
    """What waits for an answer about the issue, whichever side of a merge it is on; the surest first."""
    return waiting_proposals().filter(Q(issue=issue) | Q(other=issue))


def propose(*, after: int = 0, since: datetime | None = None, within_s: float = WITHIN_S) -> int | None:
    """Look at the issues that changed lately, in ascending order from the one ``after`` on, until time is up.

    Returns the last one looked at if there are more, else None.
    """
    deadline = time.monotonic() + within_s
    withdraw()
    for issue_id in list(
        changed_issues(since or timezone.now() - SINCE).filter(pk__gt=after).values_list("pk", flat=True)
    ):
        look_at(issue_id)
        if time.monotonic() > deadline:
            return issue_id
    return None


def changed_issues(since: datetime) -> IssueQuerySet:
    """Issues that a report has come to since then, or that a person or the engine changed."""
    joined = Placement.objects.filter(placed_at__gte=since).values("issue")
    return Issue.objects.filter(Q(changed_at__gte=since) | Q(pk__in=joined), status__in=LIVE).order_by("pk")


def withdraw() -> None:
    """Proposals about issues that were merged or dismissed meanwhile go, unless somebody answered them."""
    gone = [Status.MERGED, Status.DISMISSED]
    waiting = Proposal.objects.filter(taken_at=None, refused_at=None)
    waiting.filter(Q(issue__status__in=gone) | Q(other__status__in=gone)).delete()


def look_at(issue_id: int) -> None:
    """Form an opinion of one issue, and let the rows say that and nothing else. Run again it changes nothing."""
    issue = Issue.objects.get(pk=issue_id)
    _keep_merges(issue, _merges_of(issue))
    _keep_split(issue, _split_of(issue))


# Two that are one


def _merges_of(issue: Issue) -> dict[int, Opinion]:
    """By the other issue."""
    ours = _spokesmen(issue.pk)
    if not ours:
        return {}
    bars = _bars(ours)
    apart = _kept_apart(issue.pk)
    convinced = {other: _conviction(ours, other) for each in ours for other in each.scores}
    held = Proposal.objects.filter(Q(issue=issue) | Q(other=issue), kind=Proposal.Kind.MERGE).values_list(
        "issue", "other"
    )
    known = {other for pair in held for other in pair if other is not None}
    near = sorted(
        (other for other in convinced if convinced[other] >= bars.possible), key=lambda pk: (-convinced[pk], pk)
    )
    asked = [other for other in dict.fromkeys([*near[:WEIGHED], *known]) if other != issue.pk and other not in apart]
    others = Issue.objects.filter(pk__in=asked, status__in=LIVE, family=issue.family_id).in_bulk()
    found = {}
    for other in others.values():
        if issue.rule_id and other.rule_id and issue.rule_id != other.rule_id:
            continue
        if opinion := _of_two(issue, other, ours, convinced.get(other.pk, 0.0), bars):
            found[other.pk] = opinion
    return found


def _of_two(
    issue: Issue, other: Issue, ours: Sequence[Spokesman], conviction: float, bars: Thresholds
) -> Opinion | None:
    """The score is that of the side that is less convinced."""
    theirs = _spokesmen(other.pk)
    score = min(conviction, _conviction(theirs, issue.pk))
    is_touched = issue.touched_at is not None or other.touched_at is not None
    if score < bars.likely * (WORTH_ASKING if is_touched else 1):
        return None
    return Opinion(
        min(round(score, 4), 1.0),
        "likely" if score >= bars.likely else "possible",
        ours[0].near.method.name,
        {"pairs": _best_pairs(ours, other.pk)},
    )


def _spokesmen(issue_id: int) -> list[Spokesman]:
    members = _members(issue_id)
    chosen = members if len(members) <= FIRST + NEWEST else [*members[:FIRST], *members[-NEWEST:]]
    return _asked(chosen)


def _asked(report_ids: Sequence[int], *, beside: Collection[int] = ()) -> list[Spokesman]:
    reports = Report.objects.select_related("artifact", "version", "evidence", "evidence_key")
    reports = reports.prefetch_related("artifact__aliases")
    found = []
    for report in reports.filter(pk__in=report_ids).order_by("pk"):
        if report.artifact.is_unknown:
            continue
        near = neighbours_of(report, read_report(report), beside=beside)
        scores = dict(issue_scores(near.probabilities, near.issue_ids, near.sizes))
        found.append(Spokesman(report.pk, near, scores, near.method.thresholds[source_of(report)].among(near.known)))
    return found


def _members(issue_id: int) -> list[int]:
    """Reports of the issue that stand for themselves, oldest first: no copies."""
    placed = Placement.objects.active().filter(issue=issue_id, report__copy_of=None, report__evidence__isnull=False)
    readable = placed.filter(report__term_vector__isnull=False, report__held_at=None)
    return sorted(readable.values_list("report_id", flat=True))


def _bars(spokesmen: Sequence[Spokesman]) -> Thresholds:
    """The strictest among those who speak."""
    return max((each.thresholds for each in spokesmen), key=lambda bars: (bars.likely, bars.possible))


def _conviction(spokesmen: Sequence[Spokesman], other: int) -> float:
    """How much of a home the other issue is to those who speak for one: the mean of the best three."""
    best = sorted((each.scores.get(other, 0.0) for each in spokesmen), reverse=True)[:BEST]
    return sum(best) / len(best) if best else 0.0


def _best_pairs(spokesmen: Sequence[Spokesman], other: int) -> list[list[int]]:
    """[our report, theirs] of the pairs most alike: what to put side by side."""
    pairs = [
        (-float(each.near.probabilities[at]), each.report_id, each.near.report_ids[at])
        for each in spokesmen
        for at, issue_id in enumerate(each.near.issue_ids)
        if issue_id == other
    ]
    return [[ours, theirs] for _, ours, theirs in sorted(pairs)[:BEST]]


def _kept_apart(issue_id: int) -> set[int]:
    """Issues that people kept apart from this one: by what they said of reports, or of an earlier proposal."""
    with connection.cursor() as cursor:
        cursor.execute(APART, {"issue": issue_id})
        return {home_of_issue(row[0]) for row in cursor.fetchall()}


@transaction.atomic
def _keep_merges(issue: Issue, found: dict[int, Opinion]) -> None:
    """Answered rows are left alone."""
    held = Proposal.objects.select_for_update(of=["self"]).filter(
        Q(issue=issue) | Q(other=issue), kind=Proposal.Kind.MERGE, taken_at=None, refused_at=None
    )
    for row in held.order_by("pk"):
        opinion = found.pop(row.other_id if row.issue_id == issue.pk else row.issue_id, None)  # type: ignore[arg-type] # a merge has both
        if opinion is None:
            row.delete()
        else:
            _renew(row, opinion, list(row.report_ids))
    Proposal.objects.bulk_create(
        [
            Proposal(
                kind=Proposal.Kind.MERGE,
                issue_id=min(issue.pk, other),
                other_id=max(issue.pk, other),
                score=opinion.score,
                band=opinion.band,
                method=opinion.method,
                reasons=opinion.reasons,
            )
            for other, opinion in found.items()
        ],
        ignore_conflicts=True,
    )


def _renew(row: Proposal, opinion: Opinion, report_ids: list[int]) -> None:
    if (row.score, row.band, row.method, row.report_ids) != (opinion.score, opinion.band, opinion.method, report_ids):
        row.score, row.band, row.method = opinion.score, opinion.band, opinion.method
        row.reasons, row.report_ids = opinion.reasons, report_ids
        row.save()


# One that is two


def _split_of(issue: Issue) -> tuple[Opinion, list[int]] | None:
    """With the reports that would leave, their copies with them; None if the issue is one, as far as can be told."""
    members = _members(issue.pk)[-MEMBERS:]
    if issue.rule_id or len(members) < 2 * LEAST_PART:
        return None
    sample = members if len(members) <= SAMPLE else members[:: -(-len(members) // SAMPLE)]
    asked = _asked(sample, beside=sample)
    if len(asked) < 2 * LEAST_PART:
        return None
    sample, bars = [each.report_id for each in asked], _bars(asked)
    links = np.array([_links(each, sample) for each in asked])
    links = (links + links.T) / 2
    parts = _parts(links, bars.possible)
    if len(parts) < 2 or len(parts[1]) < LEAST_PART:
        return None
    stays, leaves = parts[:2]
    between, within = (
        float(links[np.ix_(stays, leaves)].mean()),
        min(_mean_within(links, part) for part in (stays, leaves)),
    )
    leaving = {sample[at] for at in leaves} | _others_leaving(members, sample, stays, leaves)
    staying = set(members) - leaving
    if len(staying) < LEAST_PART or _is_held_together(leaving, staying) or _was_refused(issue, leaving, staying):
        return None
    copies = (
        Placement.objects.active().filter(issue=issue, report__copy_of__in=leaving).values_list("report_id", flat=True)
    )
    band: Band = "likely" if within >= bars.likely else "possible"
    reasons = {"pairs": [[sample[stays[0]], sample[leaves[0]]]], "looked_at": len(members)}
    opinion = Opinion(min(max(round(1 - between, 4), 0.0), 1.0), band, asked[0].near.method.name, reasons)
    return opinion, sorted({*leaving, *copies})


def _links(asker: Spokesman, report_ids: Sequence[int]) -> list[float]:
    near = dict(zip(asker.near.report_ids, asker.near.probabilities.tolist(), strict=True))
    return [near.get(key, 0.0) for key in report_ids]


def _parts(links: Numbers, level: float) -> list[list[int]]:
    """Average link: positions that hold together, the largest first, then the oldest."""
    homes = list(range(len(links)))
    for stays, goes in merges(links, np.ones(len(links), dtype=np.intp), level):
        homes = [stays if home == goes else home for home in homes]
    parts: dict[int, list[int]] = defaultdict(list)
    for at, home in enumerate(homes):
        parts[home].append(at)
    return sorted(parts.values(), key=lambda part: (-len(part), part[0]))


def _mean_within(links: Numbers, part: Sequence[int]) -> float:
    block = links[np.ix_(part, part)]
    return float((block.sum() - np.trace(block)) / (len(part) * (len(part) - 1)))


def _others_leaving(
    members: Sequence[int], sample: Sequence[int], stays: Sequence[int], leaves: Sequence[int]
) -> set[int]:
    """Members that were not compared each with each go with the part they are more like."""
    found = set()
    for asker in _asked(sorted(set(members) - set(sample)), beside=sample):
        links = np.array(_links(asker, sample))
        if links[list(leaves)].mean() > links[list(stays)].mean():
            found.add(asker.report_id)
    return found


def _is_held_together(leaving: Collection[int], staying: Collection[int]) -> bool:
    """Whether people said of one of each that they are the same."""
    across = Q(report__in=leaving, other__in=staying) | Q(report__in=staying, other__in=leaving)
    return Constraint.objects.filter(across, says=Constraint.Says.SAME, ended_at=None).exists()


def _was_refused(issue: Issue, leaving: set[int], staying: set[int]) -> bool:
    refused = Proposal.objects.filter(issue=issue, kind=Proposal.Kind.SPLIT, refused_at__isnull=False)
    return any(
        len(part & set(ids)) >= SHARED * len(part | set(ids))
        for ids in refused.values_list("report_ids", flat=True)
        for part in (leaving, staying)
    )


@transaction.atomic
def _keep_split(issue: Issue, found: tuple[Opinion, list[int]] | None) -> None:
    """One at most waits for an answer."""
    held = Proposal.objects.select_for_update(of=["self"]).filter(
        issue=issue, kind=Proposal.Kind.SPLIT, taken_at=None, refused_at=None
    )
    row = held.order_by("pk").first()
    if found is None:
        held.delete()
    elif row is not None:
        _renew(row, *found)
    else:
        opinion, report_ids = found
        Proposal.objects.create(
            kind=Proposal.Kind.SPLIT,
            issue=issue,
            report_ids=report_ids,
            score=opinion.score,
            band=opinion.band,
            method=opinion.method,
            reasons=opinion.reasons,
        )
