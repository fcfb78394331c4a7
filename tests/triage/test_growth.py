"""What grows too fast is flagged once, a look settles it, and an undo puts it back."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from ledger.record import events_about
from reports.models import Issue, Placement, Report
from triage import growth
from triage.decisions import decide, undo
from triage.growth import flag_growth, last_flag
from triage.tasks import sweep

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def grow(artifact: Any, file: Callable[..., Any]) -> Callable[..., Issue]:
    """``grow(issue, 31, ago=…)``: so many joins as rows, each an hour-and-minute fact, without weighing words."""
    pattern = file()
    opened = Issue.objects.get()

    def grown(issue: Issue | None = None, count: int = 31, **when: Any) -> Issue:
        into = issue or opened
        at = when.pop("at", None) or timezone.now() - timedelta(minutes=5)
        reports = Report.objects.bulk_create(
            Report(
                artifact=pattern.artifact,
                kind=pattern.kind,
                channel="api",
                voice_key=f"voice {number}",
                reference=uuid4().hex[:12],
                grouped_at=at + timedelta(milliseconds=5),
                **when,
            )
            for number in range(count)
        )
        Placement.objects.bulk_create(
            Placement(report=report, issue=into, by="engine", method="m", placed_at=at) for report in reports
        )
        return into

    Placement.objects.update(placed_at=NOW - timedelta(days=3))
    return grown


def flagged(issue: Issue) -> Any:
    issue.refresh_from_db()
    return issue.growth_flagged_at


def test_more_than_thirty_joins_an_hour_are_flagged_once_and_told(grow: Callable[..., Issue]) -> None:
    issue = grow(count=30)
    flag_growth()
    assert flagged(issue) is None

    grow(count=1)
    sweep()

    stood = flagged(issue)
    assert stood is not None
    assert flag_growth() == 0
    event = last_flag(issue)
    assert event is not None
    assert event.at == stood
    assert event.payload.content["joins_an_hour"] == 31
    assert events_about(issue, verbs=["growth"]).count() == 1


def test_thirty_one_joins_over_a_day_of_few_reports_are_no_wave(grow: Callable[..., Issue]) -> None:
    issue = grow(count=40, at=timezone.now() - timedelta(hours=5))

    assert flag_growth() == 0
    assert flagged(issue) is None


def test_a_large_share_of_a_large_day_is_flagged(grow: Callable[..., Issue], make_issue: Callable[..., Any]) -> None:
    earlier = timezone.now() - timedelta(hours=5)
    issue = grow(count=18, at=earlier)
    for number in range(18):
        grow(make_issue(f"Another {number}", status="new"), 10, at=earlier - timedelta(minutes=number))

    assert growth.growing(timezone.now()) == {}  # 198 reports are no large day

    grow(make_issue("One more", status="new"), 5, at=earlier)

    assert growth.growing(timezone.now()) == {issue.pk: (0, 18, 203)}


def test_the_report_that_opened_an_issue_is_no_join(grow: Callable[..., Issue], make_issue: Callable[..., Any]) -> None:
    issue = grow(make_issue(status="new"), 31)

    assert flag_growth() == 0
    assert flagged(issue) is None


def test_reports_moved_by_the_engine_are_no_growth(grow: Callable[..., Issue]) -> None:
    issue = grow(count=60)
    Report.objects.update(grouped_at=NOW - timedelta(days=9))

    assert flag_growth() == 0
    assert flagged(issue) is None


def test_a_decision_settles_it_and_only_joins_after_it_count(grow: Callable[..., Issue], triager: Any) -> None:
    issue = grow()
    flag_growth()

    decide(issue, "confirm", by=triager)
    assert flagged(issue) is None
    assert flag_growth() == 0

    grow(count=31, at=timezone.now())
    assert flag_growth() == 1


def test_an_undo_puts_the_flag_back(grow: Callable[..., Issue], triager: Any) -> None:
    issue = grow()
    flag_growth()
    stood = flagged(issue)
    decision = decide(issue, "confirm", by=triager)

    undo(decision, by=triager)

    assert flagged(issue) == stood


def test_an_undo_leaves_a_flag_that_came_since(grow: Callable[..., Issue], triager: Any) -> None:
    issue = grow()
    flag_growth()
    decision = decide(issue, "confirm", by=triager)
    grow(count=31, at=timezone.now())
    flag_growth()
    again = flagged(issue)

    undo(decision, by=triager)

    assert flagged(issue) == again


def test_what_nobody_can_join_is_not_flagged(grow: Callable[..., Issue], triager: Any) -> None:
    issue = grow()
    Issue.objects.filter(pk=issue.pk).update(status="dismissed", dismissal="spam", dismissed_at=NOW)

    assert flag_growth() == 0
