"""Clocks between the desk and maintainers: working days in UTC, and what each says."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from accounts.models import Grant
from reports.naming import artifact_named
from reports.workdays import due_on
from triage.clocks import Exchange, State, answerable, clocks, state_of
from triage.moves.affecting import notify_maintainers
from triage.trail import Trail

FRIDAY = datetime(2026, 11, 20, 15, tzinfo=UTC)


def told(now: datetime, **known: Any) -> dict[str, tuple[State, str]]:
    exchange = Exchange(**{"notified_at": FRIDAY, **known})
    return {clock.of: (clock.state, clock.words) for clock in clocks(exchange, now=now)}


@pytest.mark.parametrize(
    ("since", "within", "due"),
    [
        (FRIDAY, 3, date(2026, 11, 25)),
        (FRIDAY, 1, date(2026, 11, 23)),
        (FRIDAY, 0, date(2026, 11, 20)),
        (datetime(2026, 11, 21, 8, tzinfo=UTC), 3, date(2026, 11, 25)),  # Saturday and Sunday count for nothing
        (datetime(2026, 11, 22, 23, 59, tzinfo=UTC), 3, date(2026, 11, 25)),
        (datetime(2026, 11, 23, 0, tzinfo=UTC), 3, date(2026, 11, 26)),
        (datetime(2026, 11, 23, 1, tzinfo=timezone(timedelta(hours=14))), 1, date(2026, 11, 23)),  # Sunday in UTC
    ],
)
def test_a_day_is_due_after_so_many_working_days(since: datetime, within: int, due: date) -> None:
    assert due_on(since, within=within) == due


@pytest.mark.parametrize(
    ("today", "state"),
    [
        (date(2026, 11, 23), State.OK),
        (date(2026, 11, 24), State.SOON),
        (date(2026, 11, 25), State.SOON),
        (date(2026, 11, 26), State.OVERDUE),
    ],
)
def test_a_clock_is_in_time_then_due_soon_then_overdue(today: date, state: State) -> None:
    assert state_of(date(2026, 11, 25), today) is state


def test_over_a_weekend_friday_is_the_working_day_before_monday() -> None:
    assert state_of(date(2026, 11, 23), date(2026, 11, 20)) is State.SOON


def test_nobody_told_nothing_runs() -> None:
    assert clocks(Exchange(None), now=FRIDAY) == []


def test_told_and_silent() -> None:
    assert told(FRIDAY) == {
        "acknowledge": (State.OK, "Acknowledge by 25 Nov 2026"),
        "answer": (State.STILL, "Unanswered since 20 Nov 2026"),
    }
    assert told(FRIDAY + timedelta(days=12)) == {
        "acknowledge": (State.OVERDUE, "Should have been acknowledged by 25 Nov 2026"),
        "answer": (State.STILL, "Unanswered since 20 Nov 2026"),
        "silence": (State.STILL, "Silent for 12 days"),
    }


def test_each_word_ends_the_silence_and_an_answer_ends_all_of_it() -> None:
    now = FRIDAY + timedelta(days=12)
    acknowledged = {"acknowledged_at": FRIDAY + timedelta(days=2)}

    assert told(now, **acknowledged)["silence"][1] == "Silent for 10 days"
    assert "silence" not in told(now, **acknowledged, heard_at=now - timedelta(days=1))
    answered = told(now, **acknowledged, answered_at=FRIDAY + timedelta(days=3), heard_at=FRIDAY)
    assert answered == {
        "acknowledge": (State.DONE, "Acknowledged on 22 Nov 2026"),
        "answer": (State.DONE, "Answered on 23 Nov 2026"),
    }


def test_an_embargo_that_holds_is_told_and_one_that_was_lifted_is_not() -> None:
    assert told(FRIDAY, embargo_until=FRIDAY + timedelta(days=1))["embargo"] == (
        State.STILL,
        "Embargo until 21 Nov 2026",
    )
    assert "embargo" not in told(FRIDAY, embargo_until=None)
    assert "embargo" in told(FRIDAY, embargo_until=FRIDAY)  # past its end, and not lifted yet


def test_only_artifacts_that_somebody_answers_for_are_notified_and_once(
    make_issue: Any, artifact: Any, someone: Any
) -> None:
    issue = make_issue()
    row = issue.affected.get()
    other = issue.affected.create(artifact=artifact_named("model", "acme/other"))
    maintainer = someone("maintainer", artifact_id=artifact.pk)
    trail = Trail()

    assert notify_maintainers([row, other], at=FRIDAY, trail=trail) == [row]
    assert notify_maintainers([row, other], at=FRIDAY + timedelta(days=1), trail=trail) == []

    row.refresh_from_db()
    assert row.notified_at == FRIDAY
    assert [*trail.before.values()] == [{"notified_at": None}]
    Grant.objects.filter(user=maintainer).update(ended_at=FRIDAY)
    assert answerable([artifact.pk]) == set()
