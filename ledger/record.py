"""Writing one event, inside the transaction of the act it tells of."""

from collections.abc import Iterable
from typing import Any

from django.db import models

from ledger.models import Event, Payload


def subject(thing: models.Model) -> str:
    """How an event names a row: ``kind:id``, as in "issue:12"."""
    return f"{thing._meta.model_name}:{thing.pk}"


def record(verb: str, *subjects: models.Model, actor: str, **content: Any) -> Event:
    """Append one event about ``subjects``, first the one it is chiefly about.

    ``content`` may hold ids, offsets, codes and dates only: an event outlives the text it is about.
    """
    event = Event.objects.create(verb=verb, actor=actor, subjects=[subject(thing) for thing in subjects])
    if content:
        Payload.objects.create(event=event, content=content)
    return event


def events_about(*things: models.Model, verbs: Iterable[str] = ()) -> "models.QuerySet[Event]":
    """Events that name any of ``things``, oldest first, of ``verbs`` only if any are given."""
    events = Event.objects.filter(subjects__overlap=[subject(thing) for thing in things]).select_related("payload")
    return events.filter(verb__in=list(verbs)) if verbs else events
