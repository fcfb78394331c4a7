"""Counting what is asked for: exactly, together, and under names that nobody can read."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from reports import buckets
from reports.buckets import Bucket, forget_windows, known_full, take
from reports.models import RateBucket
from reports.voices import throw_salts_away

NOON = datetime(2026, 11, 22, 12, 3, 20, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 23, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ANN = Bucket("network", "192.0.2.0/24", 3, 600)


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    buckets._full.clear()
    yield
    buckets._full.clear()


@pytest.mark.django_db
def test_each_request_is_one_more_in_one_statement(django_assert_num_queries: object) -> None:
    for _ in range(2):  # the salt of the day is made, and then read once
        take([ANN], at=NOON)

    with django_assert_num_queries(1):  # type: ignore[operator] # a fixture
        counts = take([ANN, Bucket("site", "", 9, 600)], at=NOON)

    assert counts == {"network": 3, "site": 1}


@pytest.mark.django_db
def test_windows_follow_each_other_and_each_begins_at_nothing() -> None:
    last, first = NOON.replace(minute=9, second=59), NOON.replace(minute=10, second=0)

    assert [take([ANN], at=at)["network"] for at in (NOON, last, first, first + SECOND)] == [1, 2, 1, 2]
    assert (ANN.ends(NOON), ANN.ends(last), ANN.ends(first)) == (first, first, first + timedelta(minutes=10))


@pytest.mark.django_db
def test_what_one_asks_beyond_their_share_takes_nothing_from_what_all_share() -> None:
    site = Bucket("site", "", 9, 600)

    counts = [take([ANN], [site], at=NOON) for _ in range(5)]

    assert [each.get("site") for each in counts] == [1, 2, 3, None, None]


@pytest.mark.django_db
def test_no_two_days_know_a_network_by_the_same_name() -> None:
    before, after = MIDNIGHT - SECOND, MIDNIGHT

    assert ANN.digest(before) != ANN.digest(after)
    assert ANN.digest(before) == ANN.digest(NOON)
    assert take([ANN], at=before) == take([ANN], at=after)  # both are the first of their day


@pytest.mark.django_db
def test_nobody_is_named_in_a_row() -> None:
    take([ANN, Bucket("account", "17", 3, 3600), Bucket("artifact", "acme/chat-7b", 3, 3600)], at=NOON)

    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(b::text, ' ') FROM reports_ratebucket b")
        stored = cursor.fetchone()[0]
    assert not any(name in stored for name in ("192.0.2", "acme", ANN.who.encode().hex(), b"acme".hex()))
    assert len({bytes(row.who) for row in RateBucket.objects.all()}) == 3


@pytest.mark.django_db
def test_a_process_knows_what_is_full_until_its_window_ends(django_assert_num_queries: object) -> None:
    for _ in range(2):
        take([ANN], at=NOON)
    assert known_full(ANN, at=NOON) is None

    take([ANN], at=NOON)

    with django_assert_num_queries(0):  # type: ignore[operator] # a fixture
        assert known_full(ANN, at=ANN.ends(NOON) - SECOND) == ANN
        assert known_full(ANN, at=ANN.ends(NOON)) is None
        assert known_full(Bucket("network", "198.51.100.0/24", 3, 600), at=NOON) is None


@pytest.mark.django_db
def test_it_remembers_no_more_than_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buckets, "MOST_REMEMBERED", 20)
    one = [Bucket("network", str(number), 1, 600) for number in range(50)]

    for bucket in one:
        take([bucket], at=NOON)

    assert len(buckets._full) <= 20
    assert known_full(one[-1], at=NOON) is not None
    take([ANN], [Bucket("site", "", 1, 600)], at=NOON + timedelta(minutes=10))  # what is over goes first
    assert len(buckets._full) == 1


@pytest.mark.django_db
def test_windows_that_are_over_are_forgotten() -> None:
    for at in (NOON - timedelta(days=2), NOON - timedelta(hours=25), NOON - timedelta(hours=1), NOON):
        take([ANN], at=at)

    assert forget_windows(at=NOON) == 2
    assert RateBucket.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_many_at_once_are_counted_exactly() -> None:
    shared = [ANN, Bucket("network_hour", ANN.who, 100, 3600)]

    def ask(number: int) -> dict[str, int]:
        try:
            if number % 2:
                return take(shared, [Bucket("site", "", 100, 600)], at=NOON)
            with transaction.atomic():
                return take(shared, [Bucket("site", "", 100, 600)], at=NOON)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(ask, range(24)))

    assert sorted(each["network_hour"] for each in counts) == list(range(1, 25))
    assert sum("site" in each for each in counts) == 3
    throw_salts_away()


@pytest.mark.django_db(transaction=True)
def test_only_where_it_stands_alone_does_nobody_wait_for_the_disk() -> None:
    """A report is durable once it is acknowledged, whatever is counted on the way."""
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = on")
        with transaction.atomic():
            take([ANN], at=NOON)
            cursor.execute("SHOW synchronous_commit")
            assert cursor.fetchone() == ("on",)
        with CaptureQueriesContext(connection) as asked:
            take([ANN], at=NOON)
        cursor.execute("SHOW synchronous_commit")
        assert cursor.fetchone() == ("on",)
        cursor.execute("RESET synchronous_commit")
    assert "set_config('synchronous_commit', 'off', true)" in asked.captured_queries[-1]["sql"]
    assert RateBucket.objects.get().count == 2
