"""Rows inserted for less than ``save`` takes: the same rows, one by one or together."""

import pytest
from django.db import IntegrityError, transaction

from ledger.models import Event
from ledger.trip import Trip, insert

pytestmark = pytest.mark.django_db
HOSTILE = "issue:1',);--%s\\ \u202e"


def test_a_row_is_inserted_as_it_is_and_learns_its_id() -> None:
    event = Event(actor="system", verb="look", subjects=[HOSTILE, "user:2"])

    insert(event)

    kept = Event.objects.get(pk=event.pk)
    assert not event._state.adding  # to save it again is to change it
    assert (kept.subjects, kept.at, bytes(kept.key)) == (event.subjects, event.at, event.key)


def test_what_the_database_refuses_is_raised() -> None:
    with pytest.raises(IntegrityError, match="event_verb_given"), transaction.atomic():
        insert(Event(actor="system", verb="", subjects=[]))

    assert not Event.objects.exists()


def test_a_trip_takes_all_or_nothing() -> None:
    trip = Trip()
    trip.insert(Event(actor="system", verb="look", subjects=[HOSTILE]))
    trip.insert(Event(actor="system", verb="", subjects=[]))

    with pytest.raises(IntegrityError, match="event_verb_given"), transaction.atomic():
        trip.go()

    assert not Event.objects.exists()
