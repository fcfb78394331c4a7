"""What people said binds the engine: across merges, for ever, the later word counting."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from reports.models import Issue, Placement, Report
from triage.bounds import bounds_of, home_of_issue
from triage.models import Constraint, Suggestion

pytestmark = pytest.mark.django_db

Say = Callable[..., Constraint]


def merge(issue: Issue, into: Issue) -> None:
    Issue.objects.filter(pk=issue.pk).update(status="merged", merged_into=into)


@pytest.fixture
def say() -> Say:
    """Somebody says of two reports that they are the same, or not: ``say(one, other, "same", days_ago=2)``."""

    def said(one: Report, other: Report, says: str, *, days_ago: float = 0, ended: bool = False) -> Constraint:
        first, second = sorted((one, other), key=lambda report: report.pk)
        at = timezone.now() - timedelta(days=days_ago)
        return Constraint.objects.create(
            report=first, other=second, says=says, made_at=at, ended_at=timezone.now() if ended else None
        )

    return said


@pytest.fixture
def standing_in(file: Callable[..., Any]) -> Callable[..., Report]:
    """A report that stands in these issues."""

    def placed(*issues: Issue) -> Report:
        report: Report = file(grouped=False)
        for issue in issues:
            Placement.objects.create(report=report, issue=issue, by="engine", method="m-1")
        return report

    return placed


@pytest.fixture
def asked(artifact: Any, file: Callable[..., Any]) -> Report:
    report: Report = file(grouped=False)
    return report


def test_an_issue_is_its_own_home(make_issue: Callable[..., Any]) -> None:
    issue = make_issue()

    assert home_of_issue(issue.pk) == issue.pk


def test_home_is_where_merges_have_led_however_often(make_issue: Callable[..., Any]) -> None:
    first, second, third, last = (make_issue() for _ in range(4))
    merge(first, second)
    merge(second, last)
    merge(third, last)

    assert [home_of_issue(issue.pk) for issue in (first, second, third, last)] == [last.pk] * 4


def test_merges_that_lead_in_a_ring_end(make_issue: Callable[..., Any]) -> None:
    one, other = make_issue(), make_issue()
    merge(one, other)
    merge(other, one)

    assert home_of_issue(one.pk) == one.pk


def test_nothing_said_nothing_bound(asked: Report) -> None:
    bounds = bounds_of(asked)

    assert bounds.bound is None
    assert not bounds.barred


def test_the_same_is_bound_and_not_the_same_is_barred_whichever_is_older(
    say: Say, standing_in: Any, asked: Report, make_issue: Callable[..., Any]
) -> None:
    home, elsewhere = make_issue(), make_issue()
    younger = standing_in(home)
    say(asked, younger, "same")
    say(standing_in(elsewhere), asked, "not_same")

    bounds = bounds_of(asked)

    assert (bounds.bound, bounds.barred) == (home.pk, {elsewhere.pk})
    assert bounds_of(younger).bound is None  # the other stands nowhere


def test_what_was_said_follows_merges(
    say: Say, standing_in: Any, asked: Report, make_issue: Callable[..., Any]
) -> None:
    same, differs, home, elsewhere, last = (make_issue() for _ in range(5))
    say(asked, standing_in(same), "same")
    say(asked, standing_in(differs), "not_same")
    merge(same, home)
    merge(home, last)
    merge(differs, elsewhere)

    bounds = bounds_of(asked)

    assert (bounds.bound, bounds.barred) == (last.pk, {elsewhere.pk})


def test_of_two_said_to_be_the_same_the_later_counts(
    say: Say, standing_in: Any, asked: Report, make_issue: Callable[..., Any]
) -> None:
    earlier, later = make_issue(), make_issue()
    say(asked, standing_in(later), "same", days_ago=1)
    say(asked, standing_in(earlier), "same", days_ago=2)

    assert bounds_of(asked).bound == later.pk


def test_an_issue_that_holds_one_said_to_differ_is_not_home_to_one_said_to_be_the_same(
    say: Say, standing_in: Any, asked: Report, make_issue: Callable[..., Any]
) -> None:
    issue = make_issue()
    say(asked, standing_in(issue), "same")
    say(asked, standing_in(issue), "not_same", days_ago=3)

    bounds = bounds_of(asked)

    assert (bounds.bound, bounds.barred) == (None, {issue.pk})


def test_what_was_taken_back_binds_nobody(
    say: Say, standing_in: Any, asked: Report, make_issue: Callable[..., Any]
) -> None:
    for says in ("same", "not_same"):
        say(asked, standing_in(make_issue()), says, ended=True)

    assert (bounds_of(asked).bound, bounds_of(asked).barred) == (None, frozenset())


def test_a_place_that_was_left_does_not_count(
    say: Say, standing_in: Any, asked: Report, make_issue: Callable[..., Any]
) -> None:
    left, stays = make_issue(), make_issue()
    other = standing_in(left)
    Placement.objects.update(superseded_at=timezone.now())
    Placement.objects.create(report=other, issue=stays, by="person")
    say(asked, other, "same")

    assert bounds_of(asked).bound == stays.pk


def test_a_refused_suggestion_bars_the_issue_and_what_that_became(
    asked: Report, make_issue: Callable[..., Any]
) -> None:
    refused, became, waiting, taken = (make_issue() for _ in range(4))
    now = timezone.now()
    for issue, answer in ((refused, {"refused_at": now}), (waiting, {}), (taken, {"taken_at": now})):
        Suggestion.objects.create(report=asked, issue=issue, score=0.5, band="possible", rank=0, method="m", **answer)
    assert bounds_of(asked).barred == {refused.pk}

    merge(refused, became)

    assert bounds_of(asked).barred == {became.pk}


def test_all_issues_of_a_report_that_stands_in_several_are_meant(
    say: Say, standing_in: Any, asked: Report, make_issue: Callable[..., Any]
) -> None:
    one, other = make_issue(), make_issue()
    say(asked, standing_in(one, other), "not_same")

    assert bounds_of(asked).barred == {one.pk, other.pk}


def test_whatever_was_said_it_takes_one_query(
    say: Say, standing_in: Any, asked: Report, make_issue: Callable[..., Any], django_assert_num_queries: Any
) -> None:
    for _ in range(12):
        say(asked, standing_in(make_issue()), "not_same")

    with django_assert_num_queries(1):
        bounds_of(asked)
