"""Where a report stands, in the reporter's words (DESIGN §3, "Receipt")."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Q, QuerySet

from accounts.policy import ANONYMOUS
from ledger.models import Event
from ledger.record import events_about, subject
from reports.models import Issue, Placement, Report
from reports.vocabulary import Status

RECEIVED, GROUPED, UNDER_REVIEW = "received", "grouped", "under_review"
CONFIRMED, RESOLVED, DECLINED = "confirmed", "resolved", "declined"
# What a reporter hears of the log, and what the step is called for them.
STEPS = {
    "file": RECEIVED,
    "group": GROUPED,
    "place": GROUPED,
    "part": GROUPED,
    "confirm": CONFIRMED,
    "resolve": RESOLVED,
    "dismiss": DECLINED,
    "reopen": CONFIRMED,
}
ABOUT_ISSUES = ["confirm", "resolve", "dismiss", "reopen"]
ORDER = [Status.RESOLVED, Status.CONFIRMED, Status.NEW, Status.DISMISSED, Status.MERGED]
OF_ISSUE = {Status.CONFIRMED: CONFIRMED, Status.RESOLVED: RESOLVED, Status.DISMISSED: DECLINED}


def issue_of(report: Report) -> Issue | None:
    """The issue a report stands in; of several the one that has come furthest, following merges."""
    return issues_of([report]).get(report.pk)


def issues_of(reports: Iterable[Report]) -> dict[int, Issue]:
    """The same for many, by the report's id, in one query; those that stand in none are left out."""
    placed = Placement.objects.active().filter(report__in=[report.pk for report in reports])
    found: dict[int, list[Issue]] = {}
    for row in placed.select_related("issue__merged_into"):
        found.setdefault(row.report_id, []).append(row.issue.merged_into or row.issue)
    return {pk: min(issues, key=_furthest) for pk, issues in found.items()}


def _furthest(issue: Issue) -> tuple[int, int]:
    return (ORDER.index(Status(issue.status)), issue.pk)


def status_of(report: Report, issue: Issue | None) -> str:
    if report.grouped_at is None or issue is None:
        return RECEIVED
    if issue.status == Status.NEW:
        looked_at = issue.assignee_id or issue.asked_at or issue.snoozed_at
        return UNDER_REVIEW if looked_at else GROUPED
    return OF_ISSUE[Status(issue.status)]


def steps(
    report: Report, issue: Issue | None, *, also: Iterable[str] = (), own: Iterable[str] = ()
) -> "QuerySet[Event]":
    """What happened to the report, and what was decided about its issue, oldest first; nothing of others in it.

    ``also`` names further verbs about issues, ``own`` about the report itself.
    """
    told = events_about(report, *([issue] if issue else []), verbs=[*STEPS, *also, *own])
    return told.filter(Q(verb__in=[*ABOUT_ISSUES, *also]) | Q(subjects__contains=[subject(report)]))


def filing_of(report: Report) -> Event | None:
    """The event of its being filed."""
    return events_about(report, verbs=["file"]).first()


def standing(report: Report) -> dict[str, Any]:
    """The receipt's answer. ``issue`` is null until the public may see it."""
    issue = issue_of(report)
    public = issue is not None and Issue.objects.visible_to(ANONYMOUS).filter(pk=issue.pk).exists()
    return {
        "reference": report.reference,
        "status": status_of(report, issue),
        "issue": issue.number if issue is not None and public else None,
        "timeline": [
            {"at": event.at.isoformat(), "status": STEPS[event.verb]}
            for event in steps(report, issue)
            if event.at >= report.filed_at
        ],
    }
