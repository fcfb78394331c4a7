"""Events get their numbers in the order in which they were committed, without a gap, and nobody waits for it."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from ledger import sequencer
from ledger.models import Checkpoint, Event, Payload, Tile
from ledger.record import erase, record
from ledger.signing import public_key
from ledger.verification import verify
from ledger.verifier import Checkpoint as Signed
from ledger.verifier import Key

pytestmark = pytest.mark.django_db


def recorded(number: int) -> None:
    for at in range(number):
        record("look", actor="p-0011223344", nth=at)


def numbers() -> list[int | None]:
    return list(Event.objects.order_by("pk").values_list("sequence", flat=True))


def test_events_are_numbered_from_zero_without_a_gap() -> None:
    recorded(3)
    assert sequencer.keep_up() == 3

    recorded(2)
    assert sequencer.keep_up() == 2

    assert numbers() == [0, 1, 2, 3, 4]
    assert sequencer.keep_up() == 0


def test_a_batch_is_no_more_than_was_asked_for() -> None:
    recorded(5)

    assert [sequencer.number_some(most=2) for _ in range(4)] == [2, 2, 1, 0]

    assert numbers() == [0, 1, 2, 3, 4]
    assert verify().size == 5


def test_a_checkpoint_is_signed_when_there_is_something_new_and_the_last_is_not_too_young() -> None:
    now = timezone.now()
    assert sequencer.sign() is None

    recorded(2)
    sequencer.keep_up()
    recorded(1)
    sequencer.keep_up()
    assert [each.size for each in Checkpoint.objects.all()] == [2]

    newest = sequencer.sign(unless_since=now + timedelta(hours=1))
    assert newest is not None
    assert sequencer.sign() is None

    note = Signed.read(newest.signed_note)
    note.check(Key.read(public_key()))
    assert (note.size, note.root) == (3, verify().root)


def test_what_an_event_says_cannot_be_changed_in_the_database() -> None:
    recorded(2)
    sequencer.keep_up()
    event = Event.objects.earliest("pk")
    changes: list[dict[str, Any]] = [
        {"actor": "somebody"},
        {"verb": "heard"},
        {"subjects": ["issue:1"]},
        {"at": timezone.now()},
        {"sequence": 7},
        {"sequence": None, "commit": None},
        {"commit": b"other"},
        {"key": b"other"},
    ]

    for change in changes:
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            Event.objects.filter(pk=event.pk).update(**change)
    for rows in (Event.objects.filter(pk=event.pk), Checkpoint.objects.all(), Tile.objects.all()):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            rows.delete()
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Checkpoint.objects.update(size=1)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Tile.objects.update(hashes=b"shorter")

    assert verify().size == 2


def test_the_ledger_is_never_emptied() -> None:
    with connection.cursor() as cursor:
        for table in ("ledger_event", "ledger_tile", "ledger_checkpoint"):
            with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
                cursor.execute(f"TRUNCATE {table} CASCADE")


def test_an_event_is_erased_once_it_has_its_number_and_the_tree_stays() -> None:
    recorded(3)
    with pytest.raises(ValueError, match="numbered"):
        erase(Event.objects.all())
    sequencer.keep_up()
    before = verify()

    erase(Event.objects.filter(sequence=1))

    after = verify()
    assert Payload.objects.count() == 2
    assert (after.size, after.root, after.unread) == (before.size, before.root, 1)


@pytest.fixture
def elsewhere() -> Iterator[psycopg.Connection]:
    """A second connection to the same database."""
    known = connection.get_connection_params()
    names = {"dbname", "user", "password", "host", "port"}
    with psycopg.connect(**{name: value for name, value in known.items() if name in names}) as other:
        yield other


RECORD = "INSERT INTO ledger_event (at, actor, verb, subjects, key) VALUES (now(), 'a', %s, '{}', 'k') RETURNING id"


@pytest.mark.django_db(transaction=True)
def test_an_event_whose_transaction_is_open_is_not_skipped_but_numbered_later(elsewhere: psycopg.Connection) -> None:
    elsewhere.execute(RECORD, ["first"])  # has the lower id, and is not committed
    record("second", actor="a")

    assert sequencer.keep_up() == 1
    elsewhere.commit()
    assert sequencer.keep_up() == 1

    assert dict(Event.objects.values_list("verb", "sequence")) == {"first": 1, "second": 0}
    assert verify().size == 2


@pytest.mark.django_db(transaction=True)
def test_one_sequencer_at_a_time(elsewhere: psycopg.Connection) -> None:
    recorded(1)
    elsewhere.execute("SELECT pg_advisory_xact_lock(%s)", [sequencer.LOCK])

    assert (sequencer.keep_up(), sequencer.sign()) == (0, None)
    elsewhere.rollback()

    assert sequencer.keep_up() == 1
