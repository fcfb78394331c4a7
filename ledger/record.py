"""Writing one event, inside the transaction of the act it tells of."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any

from django.db import connection, models
from django.utils import timezone

from ledger.models import Event, Payload

# Both rows in one statement, because every act waits for it.
EVENT_AND_PAYLOAD = """
WITH event AS (
  INSERT INTO ledger_event (at, actor, verb, subjects, key) VALUES (%s, %s, %s, %s::varchar[], %s) RETURNING id
)
INSERT INTO ledger_payload (event_id, content) SELECT id, %s::jsonb FROM event RETURNING event_id
"""

_dated: ContextVar[datetime | None] = ContextVar("dated", default=None)


@contextmanager
def dated(at: datetime) -> Iterator[None]:
    """Events recorded within it happened at ``at``: for invented content, whose acts lie in the past."""
    before = _dated.set(at)
    try:
        yield
    finally:
        _dated.reset(before)


def subject(thing: models.Model) -> str:
    """How an event names a row: ``kind:id``, as in "issue:12"."""
    return f"{thing._meta.model_name}:{thing.pk}"


def record(verb: str, *subjects: models.Model, actor: str, **content: Any) -> Event:
    """Append one event about ``subjects``, first the one it is chiefly about.

    ``content`` may hold ids, offsets, codes and dates only: an event outlives the text it is about.
    """
    event = drafted(verb, *subjects, actor=actor)
    if not content:
        event.save(force_insert=True)
        return event
    with connection.cursor() as cursor:
        cursor.execute(EVENT_AND_PAYLOAD, parts_of(event, content))
        (event.pk,) = cursor.fetchone()
    event._state.adding = False
    return event


def written_out(verb: str, *subjects: models.Model, actor: str, **content: Any) -> tuple[str, tuple[Any, ...]]:
    """The statement that ``record`` would execute, and its values, for who sends it together with others."""
    return EVENT_AND_PAYLOAD, parts_of(drafted(verb, *subjects, actor=actor), content)


def erase(events: "models.QuerySet[Event]") -> None:
    """Take away what ``events`` say beyond their lines, and the keys without which nobody can show what they said.

    Their places in the tree stay. Raises ValueError if one has no number yet: the sequencer has to have been first.
    """
    if events.filter(sequence=None).exists():
        raise ValueError("An event is erased only after it was numbered.")
    Payload.objects.filter(event__in=events).delete()
    events.update(key=b"")


def drafted(verb: str, *subjects: models.Model, actor: str) -> Event:
    at = _dated.get() or timezone.now()
    return Event(at=at, verb=verb, actor=actor, subjects=[subject(thing) for thing in subjects])


def parts_of(event: Event, content: dict[str, Any]) -> tuple[Any, ...]:
    return event.at, event.actor, event.verb, event.subjects, bytes(event.key), json.dumps(content)


def events_about(*things: models.Model, verbs: Iterable[str] = ()) -> "models.QuerySet[Event]":
    """Events that name any of ``things``, oldest first, of ``verbs`` only if any are given."""
    events = Event.objects.filter(subjects__overlap=[subject(thing) for thing in things]).select_related("payload")
    return events.filter(verb__in=list(verbs)) if verbs else events
