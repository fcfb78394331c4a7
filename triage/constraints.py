"""What people said of pairs of reports by moving them: the same, or not the same. Kept for ever.

No pair that is said to differ stands in one issue, and no pair that is said to be the same stands apart: the later
word ends the earlier. A person's move says something of the reports that stand for each side, not of all of them.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TypeAlias

from django.db.models import Q, QuerySet

from reports.models import Issue, Placement, Report
from reports.models.report import ReportQuerySet
from triage.models import Constraint
from triage.publication import reports_in
from triage.trail import Trail

Reports: TypeAlias = "Sequence[Report] | ReportQuerySet"
SAID_AT_MOST = 50  # pairs by one act: a large part that leaves is told by its oldest


def join(reports: Sequence[Report], issue: Issue, *, trail: Trail, at: datetime) -> None:
    """Somebody put ``reports`` into ``issue``: the first of them is the same as those that stand for it."""
    _retract(reports, issue, Constraint.Says.NOT_SAME, trail=trail, at=at)
    first = reports[0]
    _say(first, _standing_for(issue, first, without=reports), Constraint.Says.SAME, trail=trail, at=at)


def part(reports: Sequence[Report], issue: Issue, *, trail: Trail, at: datetime) -> None:
    """Somebody took ``reports`` out of ``issue``: they are not the same as those that stand for what is left."""
    _retract(reports, issue, Constraint.Says.SAME, trail=trail, at=at)
    for report in reports[:SAID_AT_MOST]:
        _say(report, _standing_for(issue, report, without=reports), Constraint.Says.NOT_SAME, trail=trail, at=at)


def unite(reports: Sequence[Report], *, trail: Trail, at: datetime) -> None:
    """Somebody took ``reports`` out together: each is the same as the first."""
    for report in reports[1:SAID_AT_MOST]:
        _say(report, reports[:1], Constraint.Says.SAME, trail=trail, at=at)


def settle(reports: Sequence[Report], *, left: Issue, returned_to: Issue, at: datetime) -> None:
    """After an undo: end what others have said meanwhile and what no longer holds."""
    trail = Trail()
    _retract(reports, left, Constraint.Says.SAME, trail=trail, at=at)
    _retract(reports, returned_to, Constraint.Says.NOT_SAME, trail=trail, at=at)


def between(reports: Reports, others: Reports, says: Constraint.Says) -> "QuerySet[Constraint]":
    """What stands of any of ``reports`` with any of ``others``. What is no list yet is asked within the same query."""
    across = Q(report__in=reports, other__in=others) | Q(report__in=others, other__in=reports)
    return Constraint.objects.filter(across, says=says, ended_at=None).order_by("pk")


def _standing_for(issue: Issue, report: Report, *, without: Iterable[Report]) -> list[Report]:
    """The oldest other report of the issue, and the one the engine found nearest if that is another."""
    others = reports_in(issue).exclude(pk__in=[each.pk for each in without])
    oldest = others.order_by("reported_at", "pk").first()
    nearest = Placement.objects.filter(report=report).exclude(reasons={}).values_list("reasons__nearest", flat=True)
    known = [pk for pk in nearest if isinstance(pk, int)]
    found = others.filter(pk__in=known).order_by("pk").first()
    return list(dict.fromkeys(each for each in (oldest, found) if each is not None))


def _say(report: Report, others: Iterable[Report], says: Constraint.Says, *, trail: Trail, at: datetime) -> None:
    for other in others:
        first, second = sorted((report.pk, other.pk))
        stands = Constraint.objects.filter(report_id=first, other_id=second, ended_at=None).first()
        if stands is not None and stands.says == says:
            continue
        if stands is not None:
            trail.change(stands, ended_at=at)
        trail.add(Constraint(report_id=first, other_id=second, says=says, made_at=at))


def _retract(reports: Sequence[Report], issue: Issue, says: Constraint.Says, *, trail: Trail, at: datetime) -> None:
    """End what was said of any of the reports and any other in the issue, if it was ``says``."""
    others = reports_in(issue).exclude(pk__in=[report.pk for report in reports])
    trail.change_all(list(between(reports, others, says)), ended_at=at)
