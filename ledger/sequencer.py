"""Numbers events without a gap, puts them into the tree, and signs how far it has come.

Apart from the acts themselves: an act writes its event without a number and waits for nobody. One sequencer at a time,
held by a lock of the database, takes what has been committed, in the order of ids. An id is no order of commits: an
event whose transaction is still open is not seen, stays without a number, and gets a later one. A number once given
stays. Numbers, commitments and tiles of a batch are one transaction, so a sequencer that is killed leaves no trace of
what it had begun.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from threading import Event as Signal
from typing import Any

from django.db import DatabaseError, close_old_connections, connection, transaction
from django.utils import timezone

from ledger import signing
from ledger.models import Checkpoint, Event, Tile
from ledger.tree import tiles
from ledger.tree.commitments import FIELDS, committed, leaf, written
from ledger.tree.hashing import SIZE, leaf_hash
from ledger.tree.proofs import root

AT_ONCE = 2_000  # events of one transaction: a second at most
PAUSE_S = 1.0  # between two looks; behind by more than 5 s would break what is promised
SIGN_EVERY = timedelta(seconds=30)  # promised is a minute
LOCK = 0x1ED6E7  # of pg_advisory_xact_lock: one sequencer at a time, whoever else wants to be
ONE_AT_A_TIME = "SELECT pg_try_advisory_xact_lock(%s)"
NUMBER = """
UPDATE ledger_event SET sequence = numbered.sequence, commit = numbered.commit
  FROM unnest(%s::bigint[], %s::bigint[], %s::bytea[]) AS numbered (id, sequence, commit)
 WHERE ledger_event.id = numbered.id
"""
KEEP = """
INSERT INTO ledger_tile (level, number, hashes) VALUES (%s, %s, %s)
    ON CONFLICT (level, number) DO UPDATE SET hashes = excluded.hashes
"""

log = logging.getLogger(__name__)


def keep_up() -> int:
    """Number all that waits, and sign if it is time; how many events were numbered."""
    total = 0
    while numbered := number_some():
        total += numbered
    sign(unless_since=timezone.now() - SIGN_EVERY)
    return total


def follow(stop: Signal) -> None:
    """``keep_up`` for as long as this process lives. A database that is away is waited for."""
    while not stop.wait(PAUSE_S):
        try:
            keep_up()
        except DatabaseError as failure:
            log.warning("The sequencer waits for the database: %s", failure)
        finally:
            close_old_connections()


def number_some(*, most: int = AT_ONCE) -> int:
    """The oldest that wait, in one transaction. Zero if none do, or if another sequencer is at it."""
    with transaction.atomic():
        if not _alone():
            return 0
        waiting = list(
            Event.objects.filter(sequence=None)
            .order_by("pk")
            .values_list("pk", "at", "actor", "verb", "subjects", "key", "payload__content")[:most]
        )
        if waiting:
            _number(waiting, first=size_of_tree())
    return len(waiting)


def sign(*, unless_since: datetime | None = None) -> Checkpoint | None:
    """A checkpoint over all that is numbered, if there is anything new; not if there is one younger than that."""
    with transaction.atomic():
        if not _alone():
            return None
        newest, size = Checkpoint.objects.first(), size_of_tree()
        if newest is None:
            is_due = size > 0
        else:
            is_young = unless_since is not None and unless_since < newest.at <= timezone.now()
            is_due = size > newest.size and not is_young
        if not is_due:
            return None
        top = root(size, tiles.nodes_of(kept_tile))
        return Checkpoint.objects.create(size=size, root=top, signed_note=signing.signed_checkpoint(size, top))


def size_of_tree() -> int:
    """How many leaves the tiles hold."""
    last = Tile.objects.filter(level=0).order_by("-number").values_list("number", "hashes").first()
    return last[0] * tiles.WIDTH + len(last[1]) // SIZE if last else 0


def kept_tile(level: int, number: int) -> bytes:
    return bytes(Tile.objects.values_list("hashes", flat=True).get(level=level, number=number))


def _alone() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(ONE_AT_A_TIME, [LOCK])
        return bool(cursor.fetchone()[0])


def _number(waiting: Sequence[tuple[Any, ...]], *, first: int) -> None:
    ids, commits, hashes = [], [], []
    for sequence, (pk, at, actor, verb, subjects, key, payload) in enumerate(waiting, start=first):
        fields = written(actor=actor, at=at, verb=verb, subjects=subjects, payload=payload)
        commit = committed(bytes(key), [fields[name].encode() for name in FIELDS])
        ids.append(pk)
        commits.append(commit)
        hashes.append(leaf_hash(leaf(sequence, at, commit)))
    longer = tiles.grown(kept_tile, first, hashes)
    with connection.cursor() as cursor:
        cursor.execute(NUMBER, [ids, list(range(first, first + len(ids))), commits])
        cursor.executemany(KEEP, [(*where, hashed) for where, hashed in longer.items()])
