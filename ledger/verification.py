"""Recomputes the ledger from the rows of the database, and names the first event that is not what it was.

Checked are: numbers without a gap, each event against its commitment, each leaf against the tiles, all tiles against
each other, and every checkpoint that was ever signed against the tree as it is. Somebody with all rights on the
database and the site's key could still write another history from the beginning; only checkpoints that others have kept
tell of that. Give one as ``kept``, or see docs/verify.md.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from ledger.models import Checkpoint, Tile
from ledger.signing import key_of
from ledger.tree.canonical import canonical, plainly, quoted
from ledger.tree.commitments import committed, line
from ledger.tree.hashing import SIZE, leaf_hash
from ledger.tree.tiles import HEIGHT, WIDTH, folded
from ledger.verifier import Checkpoint as Signed
from ledger.verifier import Key, Refuted, Roots

FETCHED = 2_000  # rows at a time
# Many rows as one text, which is read in a third of the time that so many rows take.
ROWS = """
SELECT json_agg(json_build_array(sequence, encode(commit, 'hex'), encode(key, 'hex'), actor,
                                 to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
                                 content, subjects, verb) ORDER BY sequence)::text
  FROM (SELECT event.*, content FROM ledger_event event LEFT JOIN ledger_payload ON event_id = event.id
         WHERE sequence > %s ORDER BY sequence LIMIT %s) batch
"""
Row = tuple[int, str, str, str, str, Any, list[str], str]  # in the order of ROWS


class Broken(Exception):
    """``sequence`` is the first event that is not what it was, or the first that may be."""

    def __init__(self, sequence: int, why: str) -> None:
        super().__init__(f"event {sequence}: {why}")
        self.sequence = sequence


@dataclass(frozen=True, slots=True)
class Verdict:
    """``unread`` are events that were erased: that they stand where they stood is checked, what they said is gone."""

    size: int
    root: bytes
    unread: int


def verify(kept: Signed | None = None) -> Verdict:
    """Raises Broken. Everything is read at one moment."""
    is_outermost = not connection.in_atomic_block
    with transaction.atomic(), connection.cursor() as cursor:
        if is_outermost:  # else it is too late to say so, and whoever began it answers for it
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        return _Walk(kept).verdict()


def _batches() -> Iterator[tuple[list[Row], Callable[[Any], str]]]:
    """Numbered events in their order, some at a time, and how their payloads are written."""
    last, is_more = -1, True
    while is_more:
        with connection.cursor() as cursor:
            cursor.execute(ROWS, [last, FETCHED])
            (text,) = cursor.fetchone()
        if not text:
            return
        rows, has_fractions = _read(text)
        yield rows, plainly if text.isascii() and not has_fractions else canonical
        last, is_more = rows[-1][0], len(rows) == FETCHED


def _read(text: str) -> tuple[list[Row], bool]:
    """The rows, and whether a number among them has a fraction."""
    fractions = 0

    def fraction(digits: str) -> float:
        nonlocal fractions
        fractions += 1
        return float(digits)

    return json.loads(text, parse_float=fraction), fractions > 0


def _checkpoints() -> Iterator[Checkpoint]:
    last, signed = -1, Checkpoint.objects.order_by("size")
    while some := list(signed.filter(size__gt=last)[:FETCHED]):
        yield from some
        last = some[-1].size


class _Walk:
    """Along the events in their order, with the tiles and the checkpoints beside them."""

    def __init__(self, kept: Signed | None) -> None:
        self.roots, self.unread, self.kept = Roots(), 0, kept
        self.tiles = _Tiles()
        self.checkpoints = _checkpoints()
        self.next = next(self.checkpoints, None)
        self.sound = 0  # the events before this one are what was signed
        self.stops: tuple[int, ...] = ()  # the sizes at which there is something to compare with

    def verdict(self) -> Verdict:
        self.compare()
        for rows, payload in _batches():
            for row in rows:
                self.step(row, payload)
        self.tiles.end(self.roots.size)
        self.end()
        return Verdict(self.roots.size, self.roots.root, self.unread)

    def step(self, row: Row, payload: Callable[[Any], str]) -> None:
        sequence, commit, key, actor, at, content, subjects, verb = row
        due = self.roots.size
        if sequence != due:
            raise Broken(due, f"it is missing, and the next is number {sequence}.")
        if key:
            said = (quoted(actor), f'"{at}"', payload(content), f"[{','.join(map(quoted, subjects))}]", quoted(verb))
            if commit != committed(bytes.fromhex(key), [each.encode() for each in said]).hex():
                raise Broken(due, "what it says was changed.")
        else:
            self.unread += 1
        hashed = leaf_hash(line(sequence, at[:10], commit))
        self.tiles.add(due, hashed)
        self.roots.add(hashed)
        if due + 1 in self.stops:
            self.compare()

    def compare(self) -> None:
        """With what was signed, or kept elsewhere, when the tree was as long as the walk is now."""
        size = self.roots.size
        if self.kept is not None and self.kept.size == size and self.kept.root != self.roots.root:
            raise Broken(self.sound, f"one from it to {size - 1} is not what the checkpoint that was kept says.")
        while self.next is not None and self.next.size == size:
            self.check(self.next)
            self.next, self.sound = next(self.checkpoints, None), size
        self.stops = tuple(each.size for each in (self.next, self.kept) if each is not None)

    def check(self, checkpoint: Checkpoint) -> None:
        try:
            note = Signed.read(checkpoint.signed_note)
            note.check(Key.read(key_of(note.origin)))
        except Refuted as refusal:
            raise Broken(self.sound, f"a checkpoint after it is not ours. {refusal}") from None
        if (note.size, note.root) != (checkpoint.size, bytes(checkpoint.root)):
            raise Broken(self.sound, f"the checkpoint of size {checkpoint.size} says another thing than was signed.")
        if note.root != self.roots.root:
            raise Broken(self.sound, f"one from it to {checkpoint.size - 1} is not what was signed.")

    def end(self) -> None:
        size = self.roots.size
        signed = max([bound.size for bound in (self.next, self.kept) if bound is not None], default=size)
        if signed > size:
            raise Broken(size, f"it is missing: {signed} events were signed, and there are {size}.")


class _Tiles:
    """The tiles as they must be, compared with those that are kept: leaf by leaf, and above tile by tile."""

    def __init__(self) -> None:
        self.levels = [bytearray()]  # of each level the hashes that its last tile must hold
        self.counts = [0]  # and how many full tiles stand before it
        self.leaves = b""

    def add(self, sequence: int, hashed: bytes) -> None:
        number, place = divmod(sequence, WIDTH)
        if place == 0:
            self.leaves = _kept(0, number)
        if self.leaves[place * SIZE : (place + 1) * SIZE] != hashed:
            raise Broken(sequence, "it is not the one that was put into the tree.")
        self.put(0, hashed)

    def put(self, level: int, hashed: bytes) -> None:
        if level == len(self.levels):
            self.levels.append(bytearray())
            self.counts.append(0)
        self.levels[level] += hashed
        if len(self.levels[level]) == WIDTH * SIZE:
            full = bytes(self.levels[level])
            self.compare(level)
            self.levels[level].clear()
            self.counts[level] += 1
            self.put(level + 1, folded(full))

    def compare(self, level: int) -> None:
        expected, kept = bytes(self.levels[level]), _kept(level, self.counts[level]) if level else self.leaves
        if kept != expected:
            places = range(0, max(len(kept), len(expected)), SIZE)
            wrong = next(at for at in places if kept[at : at + SIZE] != expected[at : at + SIZE]) // SIZE
            first = (self.counts[level] * WIDTH + wrong) << (HEIGHT * level)
            raise Broken(first, f"tile {self.counts[level]} of level {level} is not of this tree.")

    def end(self, size: int) -> None:
        for level, rest in enumerate(self.levels):
            if rest:
                self.compare(level)
        due = sum(self.counts) + sum(map(bool, self.levels))
        if Tile.objects.count() != due:
            raise Broken(size, f"there are tiles of more events than the {size} there are.")


def _kept(level: int, number: int) -> bytes:
    found = Tile.objects.filter(level=level, number=number).values_list("hashes", flat=True).first()
    return bytes(found) if found is not None else b""
