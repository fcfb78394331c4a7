"""Grouping anew by another method, for issues that no person has touched. Nothing else is ever changed.

Reports are gone through in the order they came, each compared with those before it, as when they were grouped first.
What is found is where the method would have put them. A run that is stopped may be run again: what stands where it
belongs stays. Copies go with what they are copies of, and what a scanner's rule gathers stays gathered.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.policy import ENGINE
from ledger.record import record
from reports.models import Affected, Issue, Placement, Report
from reports.models.issue import IssueQuerySet
from reports.naming import find_artifact, parse
from reports.vocabulary import AffectedStatus, PlacedBy, Status
from triage.counting import recount
from triage.grouping.method import Method
from triage.grouping.outcome import Bounds, Outcome, Policy, issue_scores
from triage.locks import lock_family, lock_issues
from triage.matching import flag_regression, note_affected, open_issue, source_of
from triage.methods import trying
from triage.models import Claim, Constraint, Decision, Proposal, Suggestion
from triage.neighbours import Neighbours, neighbours_of
from triage.reading import Reading, family_of, read_report
from triage.reasons import reasons_of

BATCH = 200  # reports looked up at a time

# How many reports that came before a certain one stand in each issue.
EARLIER = """
SELECT p.issue_id, count(*) FROM reports_placement p JOIN reports_report r ON r.id = p.report_id AND r.held_at IS NULL
WHERE p.issue_id = ANY(%s) AND p.superseded_at IS NULL AND p.report_id < %s GROUP BY p.issue_id
"""


@dataclass(frozen=True, slots=True)
class Change:
    """A report that stands elsewhere by the method. ``entered`` below zero is an issue that is yet to be opened."""

    report: Report
    left: int
    entered: int
    opens: bool


@dataclass(slots=True)
class Supposed:
    """Where reports would stand if the changes found so far were made: what a dry run remembers instead of rows."""

    homes: dict[int, int] = field(default_factory=dict)  # report: issue
    shifts: Counter[int] = field(default_factory=Counter)  # issue: reports more, or fewer
    opened: int = 0

    def note(self, change: Change) -> None:
        self.homes[change.report.pk] = change.entered
        self.shifts[change.left] -= 1
        self.shifts[change.entered] += 1


@dataclass(frozen=True, slots=True)
class Judged:
    """What the method says of one report: the issue it belongs to, None for one of its own; and what that is from."""

    issue_id: int | None
    outcome: Outcome
    near: Neighbours
    policy: Policy


def regroup(
    method: Method, *, after: int = 0, most: int | None = None, dry_run: bool = False
) -> Iterator[tuple[int, Change | None]]:
    """(report id, what changes) for each report that may be moved, oldest first from the one ``after`` on.

    Each move is one transaction under the family's lock, made before it is told. A dry run writes nothing and takes
    no lock.
    """
    supposed = Supposed()
    for report in _reports(after, most):
        with trying(method):
            change = _supposed(report, supposed) if dry_run else _moved(report, method)
        yield report.pk, change


def untouched_issues() -> IssueQuerySet:
    """New issues that no person has decided, said, set, placed or answered anything about."""
    stands = Placement.objects.active().filter(issue=OuterRef("pk"))
    answered = ~Q(taken_at=None, refused_at=None)
    report_said = (
        Q(Exists(Constraint.objects.filter(Q(report=OuterRef("report")) | Q(other=OuterRef("report")))))
        | Q(Exists(Suggestion.objects.filter(answered, report=OuterRef("report"))))
        | Q(Exists(Decision.objects.filter(report=OuterRef("report"))))
        | Q(Exists(Placement.objects.filter(report=OuterRef("report")).exclude(by=PlacedBy.ENGINE)))
    )
    proposed = Proposal.objects.filter(answered)
    return (
        Issue.objects.filter(
            status=Status.NEW,
            touched_at=None,
            number=None,
            assignee=None,
            snoozed_at=None,
            asked_at=None,
            priority_override=None,
            severity_by_person=False,
            is_disputed=False,
            public_title="",
            public_summary="",
            lifecycle_stage="",
            in_stated_use=None,
            withdrawn_at=None,
        )
        .exclude(Exists(Decision.objects.filter(issue=OuterRef("pk"))))
        .exclude(Exists(Placement.objects.filter(issue=OuterRef("pk")).exclude(by=PlacedBy.ENGINE)))
        .exclude(Exists(Suggestion.objects.filter(answered, issue=OuterRef("pk"))))
        .exclude(Exists(proposed.filter(Q(issue=OuterRef("pk")) | Q(other=OuterRef("pk")))))
        .exclude(Exists(Claim.objects.filter(issue=OuterRef("pk"), until__gt=timezone.now())))
        .exclude(Exists(stands.filter(report_said)))
    )


def _reports(after: int, most: int | None) -> Iterator[Report]:
    """Reports in untouched issues by the engine, each standing in one issue; a scanner's rule holds on to its own."""
    placed = Placement.objects.active().filter(report=OuterRef("pk"), by=PlacedBy.ENGINE)
    movable = Report.objects.filter(
        Exists(placed.filter(issue__in=untouched_issues())),
        grouped_at__isnull=False,
        evidence__isnull=False,
        rule_id="",
    ).order_by("pk")
    done = 0
    while most is None or done < most:
        size = BATCH if most is None else min(BATCH, most - done)
        batch = list(_whole(movable.filter(pk__gt=after))[:size])
        yield from batch
        if not batch:
            return
        after, done = batch[-1].pk, done + len(batch)


def _whole(reports: "QuerySet[Report]") -> "QuerySet[Report]":
    reports = reports.select_related("artifact", "version", "evidence", "evidence_key")
    return reports.prefetch_related("artifact__aliases")


def _supposed(report: Report, supposed: Supposed) -> Change | None:
    stands = _stands_in(report)
    if stands is None:
        return None
    stands = supposed.homes.get(report.pk, stands)
    entered = _home(report, read_report(report), stands, supposed)
    if entered is None or entered[0] == stands:
        return None
    opens = entered[0] is None
    if opens:
        supposed.opened += 1
    change = Change(report, stands, -supposed.opened if entered[0] is None else entered[0], opens)
    supposed.note(change)
    return change


def _moved(report: Report, method: Method) -> Change | None:
    reading = read_report(report)
    with transaction.atomic():
        lock_family(family_of(report))
        stands = _stands_in(report)
        found = _home(report, reading, stands, Supposed()) if stands is not None else None
        if stands is None or found is None or found[0] == stands:
            return None
        return _move(report, reading, method, stands, *found)


def _stands_in(report: Report) -> int | None:
    """The one issue that the report stands in, if nobody has touched that since."""
    placed = list(Placement.objects.active().filter(report=report).values_list("issue_id", flat=True)[:2])
    return placed[0] if len(placed) == 1 and untouched_issues().filter(pk=placed[0]).exists() else None


def _home(report: Report, reading: Reading, stands: int, supposed: Supposed) -> tuple[int | None, Judged | None] | None:
    """(issue, why) where the report belongs; the issue is None for a new one. None: where it is."""
    if report.copy_of_id:
        first = supposed.homes.get(report.copy_of_id) or _issue_of(report.copy_of_id)
        is_free = first is not None and (first < 0 or untouched_issues().filter(pk=first).exists())
        return (first, None) if is_free else None
    judged = _judged(report, reading, supposed)
    if judged.issue_id is None and not _earlier([stands], report, supposed)[stands]:
        return None  # it is the first of its issue, which is what a new one would be
    return judged.issue_id, judged


def _issue_of(report_id: int) -> int | None:
    return Placement.objects.active().filter(report=report_id).values_list("issue_id", flat=True).first()


def _judged(report: Report, reading: Reading, supposed: Supposed) -> Judged:
    """By what came before it, among issues that nobody has touched."""
    near = neighbours_of(report, reading, before=report.pk)
    issue_ids = [
        supposed.homes.get(other, issue_id) for other, issue_id in zip(near.report_ids, near.issue_ids, strict=True)
    ]
    near = replace(near, issue_ids=issue_ids, sizes=_earlier(issue_ids, report, supposed))
    free = set(untouched_issues().filter(pk__in=issue_ids).values_list("pk", flat=True))
    barred = frozenset(issue_id for issue_id in issue_ids if issue_id > 0 and issue_id not in free)
    policy = Policy(
        near.method.thresholds[source_of(report)].among(near.known),
        Bounds(barred=barred, closed=near.closed),
        may_place=not report.artifact.is_unknown,
    )
    outcome = policy.judge(issue_scores(near.probabilities, near.issue_ids, near.sizes))
    return Judged(outcome.issue if outcome.verdict == "place" else None, outcome, near, policy)


def _earlier(issue_ids: Collection[int], report: Report, supposed: Supposed) -> Counter[int]:
    """How many reports from before this one stand in each issue, or would."""
    with connection.cursor() as cursor:
        cursor.execute(EARLIER, [[issue_id for issue_id in set(issue_ids) if issue_id > 0], report.pk])
        counted = Counter(dict(cursor.fetchall()))
    for issue_id in set(issue_ids):
        counted[issue_id] += supposed.shifts[issue_id]
    return counted


def _move(
    report: Report, reading: Reading, method: Method, stands: int, entered: int | None, judged: Judged | None
) -> Change:
    now = timezone.now()
    issue = open_issue(report) if entered is None else Issue.objects.get(pk=entered)
    left = lock_issues([stands, issue.pk])[stands]
    Placement.objects.active().filter(report=report, issue=left).update(superseded_at=now)
    Placement.objects.create(
        report=report,
        issue=issue,
        by=PlacedBy.ENGINE,
        method=method.name,
        placed_at=now,
        score=judged.outcome.score if judged and judged.issue_id is not None else None,
        reasons=_reasons(report, reading, judged),
    )
    _suggest(report, issue, method, judged)
    note_affected(issue, report)
    flag_regression(issue, report)
    _forget_affected(left)
    is_empty = not Placement.objects.active().filter(issue=left).exists()
    if is_empty:  # nobody has decided on it, so there is no decision to leave; whoever knows it is led on
        Issue.objects.filter(pk=left.pk).update(status=Status.MERGED, merged_into=issue)
        Suggestion.objects.filter(report=report, issue=left).delete()
    Issue.objects.filter(pk__in=[left.pk, issue.pk]).update(revision=F("revision") + 1, changed_at=now)
    recount([left.pk, issue.pk], days=[report.reported_at.astimezone(UTC).date()])
    record("regroup", issue, left, report, actor=ENGINE.pseudonym, method=method.name, left=left.pk, emptied=is_empty)
    return Change(report, left.pk, issue.pk, entered is None)


def _reasons(report: Report, reading: Reading, judged: Judged | None) -> dict[str, object]:
    if judged is None:
        return {"by": "copy", "nearest": report.copy_of_id, "score": 1.0}
    return reasons_of(report, reading, judged.outcome, judged.near, judged.policy)


def _suggest(report: Report, issue: Issue, method: Method, judged: Judged | None) -> None:
    """What the method holds possible beside. What was suggested before stays, but for where the report stands now."""
    Suggestion.objects.filter(report=report, issue=issue).delete()
    known = Suggestion.objects.filter(report=report).count()
    Suggestion.objects.bulk_create(
        [
            Suggestion(
                report=report,
                issue_id=proposal.issue,
                score=min(proposal.score, 1.0),
                band=proposal.band,
                rank=known + rank,
                method=method.name,
            )
            for rank, proposal in enumerate(judged.outcome.suggestions if judged else ())
        ],
        ignore_conflicts=True,
    )


def _forget_affected(issue: Issue) -> None:
    """Artifacts that none of its reports names any more. Nobody has judged any: the issue is untouched."""
    reports = Report.objects.filter(placements__issue=issue, placements__superseded_at=None).select_related("artifact")
    named = set(_named(reports))
    if named:  # an emptied issue keeps what it had
        Affected.objects.filter(issue=issue, status=AffectedStatus.UNDER_INVESTIGATION, resolution="").exclude(
            artifact__in=named
        ).delete()


def _named(reports: Iterable[Report]) -> Iterator[int]:
    for report in reports:
        yield report.artifact_id
        for name in report.also_affects:
            if other := find_artifact(report.artifact.kind, *parse(name)):
                yield other.pk
