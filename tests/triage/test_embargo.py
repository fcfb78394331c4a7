"""What a reporter's embargo keeps back: nothing of their report is public before it ends; all else stays."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.policy import ANONYMOUS
from reports.filing import Refused
from reports.models import Issue, Report
from triage.decisions import decide

pytestmark = pytest.mark.django_db
SOON = (timezone.now() + timedelta(days=90)).isoformat()


def issue_of(report: Report) -> Issue:
    return report.placements.get(superseded_at=None).issue


def test_nothing_of_a_report_under_embargo_is_published(file: Callable[..., Any], artifact: Any, triager: Any) -> None:
    report = file(embargo_until=SOON)

    decide(issue_of(report), "confirm", by=triager)

    issue = issue_of(report)
    assert issue.published_at is None
    assert issue.embargo_until == report.embargo_until
    assert not Issue.objects.visible_to(ANONYMOUS).exists()


def test_an_embargo_takes_down_nothing_that_is_public(file: Callable[..., Any], artifact: Any, triager: Any) -> None:
    first = file()
    decide(issue_of(first), "confirm", by=triager)
    number = issue_of(first).number
    assert number

    later = file(confirms=number, summary="A canary of the second reporter", embargo_until=SOON)

    assert issue_of(later) == issue_of(first)
    (public,) = Issue.objects.visible_to(ANONYMOUS)
    assert public.embargo_until is None
    assert "canary" not in public.public_title


@pytest.mark.parametrize("days", [-1, 0, 367, 40_000])
def test_an_embargo_lies_ahead_and_at_most_a_year(file: Callable[..., Any], days: int) -> None:
    with pytest.raises(Refused) as refusal:
        file(embargo_until=(timezone.now() + timedelta(days=days)).isoformat())

    assert set(refusal.value.errors) == {"embargo_until"}
