"""What people said of pairs of reports by moving one of them: the same, or not the same. Kept for ever.

No pair that is said to differ stands in one issue, and no pair that is said to be the same stands apart: the later
word ends the earlier. A person's move says something of the reports that stand for each side, not of all of them.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q

from reports.models import Issue, Placement, Report
from triage.models import Constraint
from triage.publication import reports_in
from triage.trail import Trail


def join(report: Report, issue: Issue, *, trail: Trail, at: datetime) -> None:
    """Somebody put ``report`` into ``issue``: it is the same as those that stand for it."""
    _retract(report, issue, Constraint.Says.NOT_SAME, trail=trail, at=at)
    _say(report, _standing_for(issue, report), Constraint.Says.SAME, trail=trail, at=at)


def part(report: Report, issue: Issue, *, trail: Trail, at: datetime) -> None:
    """Somebody took ``report`` out of ``issue``: it is not the same as those that stand for what is left."""
    _retract(report, issue, Constraint.Says.SAME, trail=trail, at=at)
    _say(report, _standing_for(issue, report), Constraint.Says.NOT_SAME, trail=trail, at=at)


def settle(report: Report, *, left: Issue, returned_to: Issue, at: datetime) -> None:
    """After an undo: end what others have said meanwhile and what no longer holds."""
    trail = Trail()
    _retract(report, left, Constraint.Says.SAME, trail=trail, at=at)
    _retract(report, returned_to, Constraint.Says.NOT_SAME, trail=trail, at=at)


def _standing_for(issue: Issue, report: Report) -> list[Report]:
    """The oldest other report of the issue, and the one the engine found nearest if that is another."""
    others = reports_in(issue).exclude(pk=report.pk)
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


def _retract(report: Report, issue: Issue, says: Constraint.Says, *, trail: Trail, at: datetime) -> None:
    """End what was said of the report and any other in the issue, if it was ``says``."""
    others = reports_in(issue).exclude(pk=report.pk).values("pk")
    pairs = Q(report=report, other__in=others) | Q(other=report, report__in=others)
    for stands in Constraint.objects.filter(pairs, says=says, ended_at=None).order_by("pk"):
        trail.change(stands, ended_at=at)
