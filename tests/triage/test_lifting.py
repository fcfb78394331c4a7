"""The end of an embargo: never early, whatever is done to clocks, and five minutes late at most by one that is right.

Time is handed in: a machine of these tests has a wall clock that can be set, one that runs since it was started, and a
database with a clock of its own. What is true is known besides.
"""

from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

import hypothesis.strategies as st
import pytest
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, given, settings

from accounts.policy import ANONYMOUS
from ledger.models import Event
from reports.deadlines import Oddity, deadline, in_zones
from reports.models import Excerpt, Issue, Notice, Report, Stir
from reports.published import refresh, search
from triage import lifting, timekeeping
from triage.decisions import decide
from triage.lifting import lift_due
from triage.locks import lock_issues
from triage.timekeeping import Known, Reading, judge

pytestmark = pytest.mark.django_db
START = datetime(2027, 1, 1, 9, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LATE = 5 * MINUTE


@dataclass
class Machine:
    """``now`` is what is true; ``wrong`` is by how much its wall clock is ahead, ``database`` the database's."""

    now: datetime = START
    wrong: timedelta = timedelta(0)
    database: timedelta | None = None  # None: it runs on this machine
    booted: datetime = START - DAY
    boot: str = "first"

    def reading(self) -> Reading:
        wall = self.now + self.wrong
        away = self.now + self.database if self.database is not None else wall
        return Reading(self.boot, wall.timestamp(), away.timestamp(), (self.now - self.booted).total_seconds())

    def sweep(self, *, times: int = 1, every: timedelta = MINUTE) -> int:
        lifted = 0
        for _time in range(times):
            lifted += lift_due(self.reading())
            self.now += every
        return lifted

    def settled(self) -> "Machine":
        """It has swept for so long that its clock is gone by."""
        self.sweep(times=4)
        return self

    def at(self, moment: datetime) -> "Machine":
        """Much later, and it has swept all the while: what it knows is the same as after one sweep."""
        self.now = moment
        return self


@pytest.fixture(scope="module")
def people(ground: Any) -> tuple[Any, Any]:
    return ground.someone("triager"), ground.someone("moderator")


@pytest.fixture(scope="module")
def stood(ground: Any, people: tuple[Any, Any]) -> Issue:
    """Confirmed, under embargo, and to be published at its end."""
    report = ground.file(summary="Canary in the mine", what_happened="A canary sang in the mine until it did not.")
    issue = report.placements.get().issue
    decide(issue, "embargo", by=people[0], at=START, until=START + 90 * DAY, zone="UTC")
    decide(issue, "confirm", by=people[0], at=START, public_title="Canary in the mine")
    decide(issue, "excerpt", by=people[1], report=report, spans=[("what_happened", 0, 20)])
    decide(issue, "schedule", by=people[1], at=START)
    return Issue.objects.get(pk=issue.pk)


@pytest.fixture
def issue(stood: Issue) -> Issue:
    return deepcopy(stood)


@pytest.fixture
def machine() -> Machine:
    return Machine().settled()


def ends(issue: Issue, at: datetime) -> None:
    Issue.objects.filter(pk=issue.pk).update(embargo_until=at)


def is_told(issue: Issue) -> bool:
    return Issue.objects.visible_to(ANONYMOUS).filter(pk=issue.pk).exists()


# Show 3: a clock that is right


@pytest.mark.parametrize(("day", "told"), [(89, False), (90, True), (91, True)])
def test_after_ninety_days_and_not_before(issue: Issue, machine: Machine, day: int, told: bool) -> None:
    machine.at(START + day * DAY).sweep()

    assert is_told(issue) is told


def test_it_ends_within_five_minutes_and_not_a_second_early(issue: Issue, machine: Machine) -> None:
    end = START + 90 * DAY
    machine.at(end - timedelta(seconds=1)).sweep()
    assert not is_told(issue)

    machine.at(end + MINUTE - timedelta(seconds=1)).sweep()  # the next sweep

    assert is_told(issue)
    issue.refresh_from_db()
    assert end <= issue.embargo_lifted_at <= end + LATE  # type: ignore[operator] # it is set
    assert issue.published_at == issue.embargo_lifted_at


@pytest.mark.parametrize(
    ("zone", "month"), [("Europe/Berlin", 3), ("America/New_York", 11), ("Australia/Lord_Howe", 4)]
)
def test_where_clocks_are_set_the_later_hour_is_meant(zone: str, month: int) -> None:
    """Every hour of a month in which clocks are set: read off a clock there, it is never early."""
    for day in range(1, 31):
        for hour in range(24):
            typed = datetime.combine(date(2027, month, day), time(hour, 30))
            found = deadline(typed.date(), typed.time(), zone)
            there = found.at.astimezone(ZoneInfo(zone))
            assert there.replace(tzinfo=None) >= typed
            assert bool(found.explanation) == (found.oddity is not Oddity.NONE)
            before = (found.at - timedelta(seconds=1)).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
            assert before < typed or found.oddity is not Oddity.NONE


@pytest.mark.parametrize(
    ("zone", "typed", "at"),
    [
        ("Europe/Berlin", datetime(2027, 3, 28, 2, 30), datetime(2027, 3, 28, 1, 30, tzinfo=UTC)),
        ("Europe/Berlin", datetime(2027, 10, 31, 2, 30), datetime(2027, 10, 31, 1, 30, tzinfo=UTC)),
        ("America/New_York", datetime(2027, 3, 14, 2, 30), datetime(2027, 3, 14, 7, 30, tzinfo=UTC)),
        ("America/New_York", datetime(2027, 11, 7, 1, 30), datetime(2027, 11, 7, 6, 30, tzinfo=UTC)),
        ("Asia/Tokyo", datetime(2028, 2, 29, 9), datetime(2028, 2, 29, 0, tzinfo=UTC)),
    ],
)
def test_it_ends_when_clocks_are_set_and_on_a_leap_day(
    issue: Issue, machine: Machine, zone: str, typed: datetime, at: datetime
) -> None:
    agreed = deadline(typed.date(), typed.time(), zone)
    assert agreed.at == at
    ends(issue, agreed.at)

    machine.at(at - MINUTE).sweep(times=1)
    assert not is_told(issue)
    machine.sweep(times=2)

    assert is_told(issue)
    assert [name for name, _words in in_zones(at, [zone, zone])] == [zone, ""]


# Clocks that are wrong


def test_a_worker_ten_minutes_ahead_waits_for_the_database(issue: Issue) -> None:
    machine = Machine(wrong=10 * MINUTE, database=timedelta(0)).settled()

    machine.at(START + 90 * DAY - MINUTE).sweep()
    assert not is_told(issue)
    machine.sweep(times=2)

    assert is_told(issue)


def test_a_database_ten_minutes_ahead_waits_for_the_worker(issue: Issue) -> None:
    machine = Machine(database=10 * MINUTE).settled()

    machine.at(START + 90 * DAY - MINUTE).sweep()
    assert not is_told(issue)
    machine.sweep(times=2)

    assert is_told(issue)


def test_a_clock_set_forward_and_back_ends_nothing(
    issue: Issue, machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    machine.at(START + 90 * DAY - 8 * MINUTE).sweep()
    machine.wrong = 10 * MINUTE
    machine.sweep(times=5)
    assert not is_told(issue)
    assert "set forward by 600 s" in caplog.text
    assert timekeeping.ahead() == 600

    machine.wrong = timedelta(0)
    machine.sweep(times=4)

    assert timekeeping.ahead() == 0
    assert is_told(issue)


def test_a_clock_that_stays_ahead_is_believed_when_a_person_says_so(
    issue: Issue, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.at(START + 90 * DAY - 9 * MINUTE)
    machine.wrong = 10 * MINUTE
    machine.sweep(times=5)
    assert not is_told(issue)
    monkeypatch.setattr(timekeeping, "read", machine.reading)

    call_command("trust_clock", stdout=StringIO())

    machine.sweep()
    assert is_told(issue)


def test_set_forward_for_good_it_still_ends_when_it_is_true(issue: Issue, machine: Machine) -> None:
    machine.wrong = HOUR
    machine.at(START + 90 * DAY - MINUTE).sweep()
    assert not is_told(issue)

    machine.sweep(times=3)

    assert is_told(issue)


def test_an_hour_set_back_and_right_again_ends_in_time(issue: Issue, machine: Machine) -> None:
    machine.at(START + 90 * DAY - 20 * MINUTE)
    machine.wrong = -HOUR
    machine.sweep(times=15)
    machine.wrong = timedelta(0)
    machine.sweep(times=4)
    assert not is_told(issue)

    machine.sweep(times=4)

    assert is_told(issue)


def test_many_small_steps_forward_are_seen_as_one(issue: Issue, machine: Machine) -> None:
    machine.at(START + 90 * DAY - 40 * MINUTE)
    for _step in range(30):
        machine.wrong += timedelta(seconds=0.9) * 30
        machine.sweep()
    assert not is_told(issue)


def test_a_machine_just_started_proves_its_clock_first(issue: Issue) -> None:
    machine = Machine(now=START + 91 * DAY, booted=START + 91 * DAY - MINUTE, boot="second")

    assert machine.sweep(times=3) == 0
    assert not is_told(issue)
    machine.sweep(times=2)

    assert is_told(issue)  # within five minutes of its start


@given(st.lists(st.tuples(st.integers(-7_200, 7_200), st.integers(1, 80_000)), min_size=1, max_size=12))
def test_what_is_certain_is_never_later_than_what_is_true(steps: list[tuple[int, int]]) -> None:
    """However often and far the clock is set, and whenever somebody looks, once it was right for some minutes."""
    known: Known | None = None
    now, running, wrong = START.timestamp(), 1_000.0, 0.0
    for _proof in range(5):
        known = judge(known, Reading("boot", now, now, running)).known
        now, running = now + 60, running + 60
    for shift, wait in steps:
        now, running, wrong = now + wait, running + wait, wrong + shift
        judged = judge(known, Reading("boot", now + wrong, now + wrong, running))
        known = judged.known
        assert judged.certain is not None
        assert judged.certain <= now + 1e-3


ACTS = st.one_of(
    st.tuples(st.just("jump"), st.integers(-7_200, 7_200)),
    st.tuples(st.just("wait"), st.integers(1, 3_000)),
    st.tuples(st.just("extend"), st.integers(1, 60)),
    st.tuples(st.just("shorten"), st.integers(1, 20)),
)
LONG = 300  # examples


def told_nothing_early(issue: Issue, client: Client, acts: list[tuple[str, int]]) -> None:
    """``end`` is what people agreed on, by what is true. All that happens is taken back."""
    with transaction.atomic():
        machine = Machine().settled().at(START + 90 * DAY - 40 * MINUTE)
        end = START + 90 * DAY
        for act, much in acts:
            if act == "jump":
                machine.wrong += timedelta(seconds=much)
            elif act == "wait":
                machine.now += timedelta(seconds=much)
            elif machine.now < end:  # people agree on another end
                end += much * MINUTE if act == "extend" else -min(much * MINUTE, end - machine.now)
                ends(issue, end)
            machine.sweep(every=timedelta(0))
            if machine.now < end:
                assert not is_told(issue)
        if machine.now < end:
            assert not search("canary")
            assert client.get(f"/issues/{issue.number}/").status_code == 404
            assert str(issue.number) not in client.get("/issues/feed.atom").content.decode()
        transaction.set_rollback(True)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(ACTS, min_size=1, max_size=6))
def test_nothing_is_told_before_the_agreed_end(stood: Issue, client: Client, acts: list[tuple[str, int]]) -> None:
    told_nothing_early(stood, client, acts)


@pytest.mark.long
@settings(max_examples=LONG, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(ACTS, min_size=1, max_size=20))
def test_nothing_is_told_before_the_agreed_end_however_long(
    stood: Issue, client: Client, acts: list[tuple[str, int]]
) -> None:
    told_nothing_early(stood, client, acts)


# Once, by many, with all that follows


def test_two_workers_in_one_second_lift_it_once(issue: Issue, machine: Machine) -> None:
    machine.at(START + 91 * DAY)
    twice = machine.reading()

    assert lift_due(twice) + lift_due(replace(twice)) == 1

    assert Event.objects.filter(verb="lift").count() == 1


def test_what_was_extended_meanwhile_is_not_lifted(
    issue: Issue, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = lock_issues

    def faster(pks: Any) -> Any:
        ends(issue, START + 99 * DAY)
        return locked(pks)

    monkeypatch.setattr(lifting, "lock_issues", faster)
    machine.at(START + 91 * DAY)

    assert machine.sweep() == 0
    assert not is_told(issue)


def test_its_end_is_one_event_and_everything_follows_it(
    issue: Issue, machine: Machine, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    Stir.objects.all().delete()
    Notice.objects.all().delete()
    assert client.get(f"/issues/{issue.number}/").status_code == 404
    assert not search("canary")

    machine.at(START + 91 * DAY)
    monkeypatch.setattr("django.utils.timezone.now", lambda: machine.now)
    machine.sweep()

    page = client.get(f"/issues/{issue.number}/")
    assert page.status_code == 200
    assert "A canary sang" in page.content.decode()
    assert "The embargo ended" in page.content.decode()
    assert list(search("canary")) == [issue]
    assert Stir.objects.exists()
    (event,) = Event.objects.filter(verb="lift")
    assert event.actor == "system"
    assert event.payload.content == {"number": issue.number, "status": "confirmed", "published": True}


def test_nothing_is_published_that_nobody_decided_to_publish(issue: Issue, machine: Machine) -> None:
    Issue.objects.filter(pk=issue.pk).update(publishes_at_end=False)

    machine.at(START + 91 * DAY).sweep()

    issue.refresh_from_db()
    assert issue.embargo_lifted_at
    assert issue.published_at is None
    assert not is_told(issue)


def test_what_was_dismissed_meanwhile_is_not_published(issue: Issue, machine: Machine, people: tuple[Any, Any]) -> None:
    decide(issue, "dismiss", by=people[1], reason="spam")

    machine.at(START + 91 * DAY).sweep()

    issue.refresh_from_db()
    assert (issue.published_at, issue.status) == (None, "dismissed")


def test_a_reporters_words_are_free_when_their_own_embargo_ends(issue: Issue, machine: Machine) -> None:
    machine.at(START + 91 * DAY).sweep()
    report = Report.objects.get(placements__issue=issue)
    Report.objects.filter(pk=report.pk).update(embargo_until=START + 95 * DAY)
    refresh([issue.pk])
    assert not search("sang")

    machine.at(START + 95 * DAY + MINUTE).sweep()

    assert list(search("sang")) == [issue]
    assert Excerpt.objects.filter(issue=issue).exists()


def test_a_later_end_holds_again_whoever_writes_it(issue: Issue, machine: Machine) -> None:
    Issue.objects.filter(pk=issue.pk).update(embargo_lifted_at=START)

    Issue.objects.filter(pk=issue.pk).update(embargo_until=START + 95 * DAY)

    issue.refresh_from_db()
    assert issue.embargo_lifted_at is None
