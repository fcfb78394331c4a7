"""What is shown of the ledger to whoever asks: no further than the newest checkpoint, and to everybody the same."""

from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db import connection

from ledger.models import Checkpoint, Event
from ledger.sequencer import kept_tile
from ledger.signing import public_key
from ledger.tree import tiles
from ledger.tree.commitments import FIELDS, commitments, field_keys, leaf, written
from ledger.tree.hashing import SIZE
from ledger.tree.proofs import Node, consistency, inclusion

VERSION = 1  # of the documents
LAST_OF_DAYS = """
SELECT last.size, last.at FROM generate_series(%s::timestamptz, %s::timestamptz - interval '1 day' * %s,
                                               interval '-1 day') AS day (begins),
  LATERAL (SELECT size, at FROM ledger_checkpoint
            WHERE at >= begins - interval '1 day' AND at < begins ORDER BY at DESC LIMIT 1) AS last
"""


@dataclass(frozen=True, slots=True)
class Signed:
    """How far the ledger had come, and when that was signed."""

    size: int
    at: datetime


def newest() -> Checkpoint | None:
    return Checkpoint.objects.first()


def size_signed() -> int:
    """How many events the newest checkpoint covers."""
    checkpoint = newest()
    return checkpoint.size if checkpoint else 0


def last_of_days(midnight: datetime, *, days: int) -> list[Signed]:
    """The last checkpoint of each of the ``days`` before ``midnight``, newest first; days without one are left out."""
    with connection.cursor() as cursor:
        cursor.execute(LAST_OF_DAYS, [midnight, midnight, days - 1])
        return [Signed(*row) for row in cursor.fetchall()]


def leaves(first: int, count: int) -> list[bytes]:
    """Those that everybody may read, from number ``first`` on. Numbers have no gap."""
    rows = Event.objects.filter(sequence__gte=first, sequence__lt=first + count).order_by("sequence")
    found = enumerate(rows.values_list("at", "commit"), start=first)
    return [leaf(sequence, at, bytes(commit or b"")) for sequence, (at, commit) in found]


def tile(place: tiles.Place) -> bytes:
    """What is served of a tile that the signed tree has."""
    if place.level == tiles.ENTRIES:
        return tiles.bundle(leaves(place.number * tiles.WIDTH, place.width))
    return kept_tile(place.level, place.number)[: place.width * SIZE]


def inclusion_document(sequence: int, checkpoint: Checkpoint) -> dict[str, Any]:
    """That event ``sequence``, which is below its size, stands under ``checkpoint``."""
    (line,) = leaves(sequence, 1)
    return {
        "version": VERSION,
        "seq": sequence,
        "leaf": line.decode(),
        "hashes": _written(inclusion(sequence, checkpoint.size, _nodes())),
        "checkpoint": checkpoint.signed_note,
    }


def consistency_document(old: int, new: int) -> dict[str, Any]:
    return {"version": VERSION, "old": old, "new": new, "hashes": _written(consistency(old, new, _nodes()))}


def opening_document(event: Event, fields: Sequence[str], checkpoint: Checkpoint) -> dict[str, Any] | None:
    """Inclusion, and what it says in ``fields``, which no one else can show; None if it was erased.

    Whoever has it can show these fields to others, and learns nothing of those that stay closed.
    """
    if not event.key or event.sequence is None or event.sequence >= checkpoint.size:
        return None
    return {**inclusion_document(event.sequence, checkpoint), **opening(event, fields), "key": public_key()}


def opening(event: Event, fields: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What it says in ``fields`` with their keys, and the commitments of those that stay closed. Not if it was
    erased."""
    key, payload = bytes(event.key), event.payload.content if hasattr(event, "payload") else None
    said = written(actor=event.actor, at=event.at, verb=event.verb, subjects=event.subjects, payload=payload)
    keys, closed = field_keys(key), commitments(key, said)
    return {
        "opened": {name: {"key": keys[name].hex(), "value": said[name]} for name in fields},
        "closed": {name: closed[name].hex() for name in FIELDS if name not in fields},
    }


def paths(checkpoint: Checkpoint) -> Callable[[int], list[str]]:
    """The hashes that lead from each event that is asked for to the root of ``checkpoint``; neighbours share most."""
    node = lru_cache(maxsize=4_096)(_nodes())
    return lambda sequence: _written(inclusion(sequence, checkpoint.size, node))


def covering(sequence: int) -> Checkpoint | None:
    """The oldest checkpoint under which event ``sequence`` stands: what is proven by it does not change any more."""
    return Checkpoint.objects.filter(size__gt=sequence).order_by("size").first()


def _nodes() -> Node:
    return tiles.nodes_of(lru_cache(maxsize=64)(kept_tile))


def _written(hashes: list[bytes]) -> list[str]:
    return [b64encode(each).decode() for each in hashes]
