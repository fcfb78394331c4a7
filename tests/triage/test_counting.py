"""Counts of an issue follow from the reports that stand in it, and are the same however often they are made."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.actors import actor_for
from reports.models import DailyCount, Issue, Placement, Report
from reports.vocabulary import Channel
from triage.counting import recount

Make = Callable[..., Any]
pytestmark = pytest.mark.django_db


def only_issue() -> Issue:
    return Issue.objects.get()


def cells() -> list[tuple[date, str, int, int]]:
    told = DailyCount.objects.order_by("day", "language")
    return list(told.values_list("day", "language", "report_count", "voice_count"))


def copies(file: Make, *changes: dict[str, Any]) -> list[Any]:
    """Reports of one story, so that they meet in one issue, told in words of their own."""
    story = "It cited the ruling of Harrow v. Lindqvist, which froze all rents for ever and was never made."
    return [file(what_happened=f"{story} Told as number {at}.", **change) for at, change in enumerate(changes)]


def test_reports_and_voices_first_and_last(file: Make, someone: Any) -> None:
    days = [datetime(2026, 5, day, 12, tzinfo=UTC) for day in (3, 1, 2)]
    networks = ["192.0.2.1", "192.0.2.200", "198.51.100.1"]
    copies(file, *({"reported_at": day.isoformat(), "network": at} for day, at in zip(days, networks, strict=True)))

    issue = only_issue()

    assert (issue.report_count, issue.voice_count) == (3, 2)
    assert (issue.first_reported_at, issue.last_reported_at) == (days[1], days[0])
    assert cells() == [(day.date(), "en", 1, 1) for day in sorted(days)]


def test_an_account_is_one_voice_however_often_it_speaks(file: Make, someone: Any) -> None:
    actor = actor_for(someone())
    copies(file, {"actor": actor}, {"actor": actor}, {})

    assert (only_issue().report_count, only_issue().voice_count) == (3, 2)


def test_a_day_is_a_day_of_utc(file: Make) -> None:
    copies(file, {"reported_at": "2026-05-03T23:30:00-02:00"}, {"reported_at": "2026-05-04T00:30:00+02:00"})

    assert [cell[0] for cell in cells()] == [date(2026, 5, 3), date(2026, 5, 4)]


def test_held_reports_have_no_voice_until_they_are_released(file: Make) -> None:
    held, _other = copies(file, {}, {})
    Report.objects.filter(pk=held.pk).update(held_at=timezone.now())

    recount([only_issue().pk])
    assert (only_issue().report_count, sum(cell[2] for cell in cells())) == (1, 1)

    Report.objects.update(held_at=None)
    recount([only_issue().pk])
    assert (only_issue().report_count, sum(cell[2] for cell in cells())) == (2, 2)


def test_an_issue_that_everybody_left_counts_nothing(file: Make) -> None:
    copies(file, {"severity": "high", "context_of_use": "health"}, {})
    Placement.objects.update(superseded_at=timezone.now())

    recount([only_issue().pk])

    issue = only_issue()
    assert (issue.report_count, issue.voice_count, issue.first_reported_at, issue.severity) == (0, 0, None, "not_sure")
    assert issue.context_of_use == ""
    assert cells() == []


def test_counting_again_changes_nothing(file: Make) -> None:
    copies(file, {"severity": "low"}, {"language": "es"}, {"network": "192.0.2.1"})
    before = (Issue.objects.values().get(), cells())

    for _ in range(3):
        recount([only_issue().pk, only_issue().pk])

    assert (Issue.objects.values().get(), cells()) == before


@pytest.mark.parametrize(
    ("said", "severity"),
    [
        (["low", "high"], "high"),
        (["low", "medium", "critical"], "medium"),
        (["not_sure", "not_sure", "critical"], "critical"),
        (["not_sure"], "not_sure"),
        (["low", "low", "medium", "critical"], "medium"),
    ],
)
def test_severity_is_the_upper_median_of_those_who_were_sure(file: Make, said: list[str], severity: str) -> None:
    copies(file, *({"severity": word} for word in said))

    assert only_issue().severity == severity


def test_a_person_s_severity_stands(file: Make) -> None:
    copies(file, {"severity": "low"})
    Issue.objects.update(severity="critical", severity_by_person=True)

    recount([only_issue().pk])

    assert only_issue().severity == "critical"


def test_the_commonest_context_of_use_is_the_issue_s(file: Make) -> None:
    copies(file, *({"context_of_use": word} for word in ("", "", "", "health", "health", "work")))

    assert only_issue().context_of_use == "health"


def test_cells_are_apart_by_what_they_count(file: Make) -> None:
    day = {"reported_at": "2026-05-03T12:00:00Z", "language": "en"}
    copies(file, day, day | {"version": "2026-06"}, day | {"channel": Channel.IMPORT}, day | {"context_of_use": "work"})

    assert len(cells()) == 4
    assert sum(cell[2] for cell in cells()) == 4


def test_only_the_days_that_changed_are_counted_again(file: Make) -> None:
    copies(file, {"reported_at": "2026-05-03T12:00:00Z"}, {"reported_at": "2026-05-04T12:00:00Z"})
    DailyCount.objects.update(report_count=70, voice_count=7)

    recount([only_issue().pk], days=[date(2026, 5, 4)])

    assert [(cell[0].day, cell[2]) for cell in cells()] == [(3, 70), (4, 1)]


def test_counting_costs_the_same_however_much_there_is(file: Make, django_assert_num_queries: Any) -> None:
    copies(file, {}, {}, {})
    file(summary="Another altogether", what_happened="It multiplies matrices upside down, and only on Mondays.")

    first, second = Issue.objects.values_list("pk", flat=True)

    for issues in ([first], [first, second]):
        with django_assert_num_queries(1):
            recount(issues)


def test_nobody_else_s_counts_are_touched(file: Make) -> None:
    copies(file, {})
    file(summary="Another altogether", what_happened="It multiplies matrices upside down, and only on Mondays.")
    first, second = Issue.objects.order_by("pk")
    Issue.objects.filter(pk=second.pk).update(report_count=9, last_reported_at=timezone.now() - timedelta(days=3))

    recount([first.pk])

    assert Issue.objects.get(pk=second.pk).report_count == 9
