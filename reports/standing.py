"""Where a report stands, in the reporter's words (DESIGN §3, "Receipt")."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Q, QuerySet

from accounts.policy import ANONYMOUS
from ledger.models import Event
from ledger.record import events_about, subject
from reports.models import Issue, Report
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
OF_ISSUE = {Status.CONFIRMED: CONFIRMED, Status.RESOLVED: RESOLVED, Status.DISMISSED: DECLINED}


def issue_of(report: Report) -> Issue | None:
    """The issue a report stands in; of several the one that has come furthest, following merges."""
    placed = Issue.objects.filter(placements__report=report, placements__superseded_at=None)
    order = [Status.RESOLVED, Status.CONFIRMED, Status.NEW, Status.DISMISSED]
    found = [issue.merged_into or issue for issue in placed.select_related("merged_into")]
    return min(found, key=lambda issue: (order.index(Status(issue.status)), issue.pk), default=None)


def status_of(report: Report, issue: Issue | None) -> str:
    if report.grouped_at is None or issue is None:
        return RECEIVED
    if issue.status == Status.NEW:
        looked_at = issue.assignee_id or issue.asked_at or issue.snoozed_at
        return UNDER_REVIEW if looked_at else GROUPED
    return OF_ISSUE[Status(issue.status)]


def steps(report: Report, issue: Issue | None, *, also: Iterable[str] = ()) -> "QuerySet[Event]":
    """What happened to the report, and what was decided about its issue, oldest first; nothing of others in it.

    ``also`` names further verbs about issues.
    """
    told = events_about(report, *([issue] if issue else []), verbs=[*STEPS, *also])
    return told.filter(Q(verb__in=[*ABOUT_ISSUES, *also]) | Q(subjects__contains=[subject(report)]))


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
