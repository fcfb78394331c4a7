"""Histories as rows: who was told what on which day, without weighing words."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import uuid4

from reports.models import Artifact, Issue, Placement, Report
from triage.models import Theme, ThemeIssue

TODAY = date(2026, 11, 18)
QUIET = tuple(range(8, 60, 7))  # days ago on which a quiet issue is told of: once a week
BURST = (0, 0, 0, 1, 1, 2, 2, 2)  # eight voices in three days


def noon(days_ago: int) -> datetime:
    return datetime.combine(TODAY - timedelta(days=days_ago), time(12), tzinfo=UTC)


def tell(issue: Issue, days_ago: Iterable[int], *, artifact: Artifact | None = None, **fields: Any) -> list[Report]:
    """A report for each of the days, each of another voice unless one is named, placed when it was reported."""
    about = artifact or issue.family
    made = Report.objects.bulk_create(
        Report(
            **{"kind": issue.kind, "channel": "api", "voice_key": uuid4().hex, **fields},
            artifact=about,
            reference=uuid4().hex[:20],
            receipt_digest=b"",
            reported_at=noon(ago),
            grouped_at=noon(ago),
        )
        for ago in days_ago
    )
    Placement.objects.bulk_create(
        Placement(report=report, issue=issue, by="engine", method="m", placed_at=report.reported_at) for report in made
    )
    return made


def bursting(issue: Issue, **fields: Any) -> list[Report]:
    """A quiet issue that is suddenly told of by many, of whose artifact others tell as they always did."""
    return tell(issue, QUIET) + tell(issue, BURST, **fields)


def themed(*issues: Issue) -> Theme:
    theme = Theme.objects.create()
    ThemeIssue.objects.bulk_create(ThemeIssue(theme=theme, issue=issue, score=1, method="m") for issue in issues)
    return theme
