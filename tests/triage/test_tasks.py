"""Tasks fetch and call; run twice they do nothing twice, and one that fails holds up no other."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from reports.models import DailySalt, Placement, Report
from triage import matching, tasks
from triage.bell import bell
from triage.tasks import match_report, sweep

Make = Callable[..., Any]
pytestmark = pytest.mark.django_db


def filed_before(file: Make, count: int) -> list[Any]:
    reports = [file(grouped=False, summary=f"The report of number {number}") for number in range(count)]
    Report.objects.update(filed_at=timezone.now() - timedelta(minutes=1))
    return reports


def test_a_task_groups_its_report_however_often_it_runs(file: Make) -> None:
    report = file(grouped=False)

    for _ in range(3):
        match_report(report.pk)

    assert Placement.objects.count() == 1


def test_a_task_for_a_report_that_is_gone_does_nothing() -> None:
    match_report(10**9)


def test_the_sweep_takes_the_oldest_first_and_not_all_at_once(file: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "SWEEP_AT_MOST", 2)
    first, second, third = filed_before(file, 3)

    sweep()
    assert list(Report.objects.ungrouped()) == [third]

    sweep()
    assert not Report.objects.ungrouped().exists()
    assert first.placements.count() == second.placements.count() == 1


def test_what_was_filed_by_a_clock_that_was_ahead_is_swept_all_the_same(file: Make) -> None:
    report = file(grouped=False)
    Report.objects.filter(pk=report.pk).update(filed_at=timezone.now() + timedelta(minutes=10))

    sweep()

    assert not Report.objects.ungrouped().exists()


def test_rung_for_twice_it_is_watched_once(file: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    report = file(grouped=False)
    rung: list[int] = []
    monkeypatch.setattr(bell, "ring", lambda task, row_id: rung.append(row_id))

    match_report(report.pk)
    match_report(report.pk)

    assert rung == [report.pk]


def test_one_report_that_cannot_be_grouped_holds_up_no_other(file: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    poison, *others = filed_before(file, 3)
    group = matching.match_report

    def choke(report_id: int) -> None:
        if report_id == poison.pk:
            raise ZeroDivisionError
        group(report_id)

    monkeypatch.setattr(matching, "match_report", choke)

    sweep()

    assert list(Report.objects.ungrouped()) == [poison]
    assert Placement.objects.count() == len(others)


def test_the_sweep_throws_yesterday_s_salt_away() -> None:
    today = timezone.now().date()
    for day in (today, today - timedelta(days=1), today - timedelta(days=400)):
        DailySalt.objects.create(day=day, salt=b"x")

    sweep()

    assert [salt.day for salt in DailySalt.objects.all()] == [today]
