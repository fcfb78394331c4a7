"""How reports get into the index's segments, and out again. What a segment is: ``triage.index``."""

import time
from typing import Any

from django.db import connection, transaction

from triage import shelf
from triage.grouping.postings import Bags, Block, invert, without
from triage.grouping.vector import ANALYSER
from triage.locks import INDEX
from triage.shelf import Rarities, reading

SIZES = (256, 4_096, 65_536)  # reports in a segment of each tier; sixteen of one make one of the next
FAN_IN = 16
PATIENCE_S = 15  # after which a sweep begins no further segment; the largest takes some seconds
STALE_SHARE = 1 / 64  # if more of a segment's reports have left it, it is written anew

WAITING = """
SELECT count(*) FROM (SELECT FROM triage_termvector WHERE segment_id IS NULL AND analyser = %s LIMIT %s) AS waiting
"""
# Ordered by the segment too, though it is null in all: else the index is not seen to have this order.
OLDEST = """
SELECT report_id, family_id, terms FROM triage_termvector
WHERE segment_id IS NULL AND analyser = %s ORDER BY segment_id, report_id LIMIT %s FOR UPDATE SKIP LOCKED
"""
HELD = "SELECT report_id, family_id, terms FROM triage_termvector WHERE segment_id = ANY(%s) ORDER BY report_id"
PARTS = "SELECT array_agg(id ORDER BY id) FROM triage_segment WHERE analyser = %s AND tier = %s"
STALE = """
SELECT s.id, s.tier FROM triage_segment s
LEFT JOIN (SELECT segment_id, count(*) AS held FROM triage_termvector GROUP BY segment_id) v ON v.segment_id = s.id
WHERE coalesce(v.held, 0) = 0 OR (s.analyser = %s AND v.held < cardinality(s.report_ids) * (1 - %s)) ORDER BY s.id
"""
OPEN = """
INSERT INTO triage_segment (analyser, tier, report_ids, family_ids, norms) VALUES (%s, %s, %s, %s, %s) RETURNING id
"""
FILL = "COPY triage_postingblock (segment_id, term, count, positions, weights) FROM STDIN (FORMAT BINARY)"
ASSIGN = """
UPDATE triage_termvector v SET segment_id = %(segment)s, norm = n.norm
FROM unnest(%(reports)s::bigint[], %(norms)s::float8[]) AS n (report_id, norm)
WHERE v.report_id = n.report_id
"""
STILL_IN_TAIL, STILL_THERE = "AND v.segment_id IS NULL", "AND v.segment_id = ANY(%(parts)s)"
EMPTY = "DELETE FROM triage_postingblock WHERE segment_id = ANY(%s)"
CLOSE = "DELETE FROM triage_segment WHERE id = ANY(%s)"

LISTED = "SELECT id, array_position(report_ids, %(report)s) - 1 FROM triage_segment WHERE %(report)s = ANY(report_ids)"
BLOCKS = "SELECT id, term, positions, weights FROM triage_postingblock WHERE segment_id = %s AND term = ANY(%s)"
EVERY_BLOCK = "SELECT id, term, positions, weights FROM triage_postingblock WHERE segment_id = %s"
REWRITE = "UPDATE triage_postingblock SET positions = %s, weights = %s, count = %s WHERE id = %s"
LEAVE = """
UPDATE triage_termvector SET family_id = %(family)s, segment_id = NULL
WHERE report_id = ANY(%(reports)s) AND family_id <> %(family)s
"""

Row = tuple[int, int, bytes]  # report, family, stored terms


def maintain() -> None:
    """What the sweep does for the index: seal, merge, mend. Leaves the rest to the next sweep if there is much."""
    until = time.monotonic() + PATIENCE_S
    has_changed = False
    while time.monotonic() < until and (seal() or merge()):
        has_changed = True
    while has_changed and time.monotonic() < until and mend():
        pass


def seal() -> int:
    """Put the oldest of the tail into a segment. Returns how many reports it took: none while there are too few.

    Only rows that are there to be seen are taken, not a range of ids, so whoever commits late is in the tail then.
    """
    with transaction.atomic(), reading() as cursor:
        if not may_change(cursor):
            return 0
        cursor.execute(WAITING, [ANALYSER, SIZES[-1]])
        waiting = cursor.fetchone()[0]
        tier = sum(size <= waiting for size in SIZES) - 1
        if tier < 0:
            return 0
        cursor.execute(OLDEST, [ANALYSER, SIZES[tier]])
        rows = cursor.fetchall()
        if len(rows) < SIZES[0]:
            return 0
        write(cursor, tier, rows)
        return len(rows)


def merge() -> int:
    """Make one segment of the sixteen oldest of a tier that has so many. Returns how many reports it holds."""
    with transaction.atomic(), reading() as cursor:
        if not may_change(cursor):
            return 0
        for tier in range(len(SIZES) - 1):
            cursor.execute(PARTS, [ANALYSER, tier])
            parts = (cursor.fetchone()[0] or [])[:FAN_IN]
            if len(parts) == FAN_IN:
                return rewrite(cursor, tier + 1, parts)
        return 0


def mend() -> int:
    """Write anew a segment that many reports have left, or drop it if all have. Returns how many there are."""
    with transaction.atomic(), reading() as cursor:
        if not may_change(cursor):
            return 0
        cursor.execute(STALE, [ANALYSER, STALE_SHARE])
        stale = cursor.fetchall()
        for segment_id, tier in stale[:1]:
            rewrite(cursor, tier, [segment_id])
        return len(stale)


def may_change(cursor: Any) -> bool:
    """Whether nobody else is changing segments. Asked without waiting; held until the transaction ends."""
    cursor.execute("SELECT pg_try_advisory_xact_lock(%s, 0)", [INDEX])
    return bool(cursor.fetchone()[0])


def rewrite(cursor: Any, tier: int, parts: list[int]) -> int:
    """One segment in place of ``parts``, of those reports that are still in them. Returns how many."""
    cursor.execute(HELD, [parts])
    rows = cursor.fetchall()
    if rows:
        write(cursor, tier, rows, parts)
    cursor.execute(EMPTY, [parts])
    cursor.execute(CLOSE, [parts])
    return len(rows)


def write(cursor: Any, tier: int, rows: list[Row], parts: list[int] | None = None) -> None:
    """A new segment of these reports, their lengths by today's rarities, taken from the tail or from ``parts``.

    Who left the parts after ``rows`` were read stays out: the header lists it, and its term vector says otherwise.
    """
    report_ids, family_ids, packed = ([*column] for column in zip(*rows, strict=True))
    bags = Bags.unpack(packed)
    norms = rarities_for(bags, is_new=parts is None).norms_of(bags).astype("<f4")
    cursor.execute(OPEN, [ANALYSER, tier, report_ids, family_ids, norms.tobytes()])
    segment_id = cursor.fetchone()[0]
    with cursor.copy(FILL) as copy:
        copy.set_types(["int8", "int4", "int4", "bytea", "bytea"])
        for block in invert(bags):
            copy.write_row((segment_id, block.term, block.count, block.positions, block.weights))
    cursor.execute(
        ASSIGN + (STILL_IN_TAIL if parts is None else STILL_THERE),
        {"segment": segment_id, "reports": report_ids, "norms": norms.tolist(), "parts": parts},
    )


def rarities_for(bags: Bags, *, is_new: bool) -> Rarities:
    """How rare the words of these are among the sealed, and among themselves if they are not sealed yet."""
    counts = shelf.look_at_segments()
    if not is_new:
        return Rarities(counts.total, counts.by_term)
    return Rarities(counts.total + bags.count, counts.by_term, bags.counts())


def forget(report_id: int) -> None:
    """Take a report out of the index, postings and all, for its terms could be guessed. Part of its erasure.

    Waits for whoever is sealing or merging, some seconds at worst; so that they do not wait for each other, call this
    before anything else is done to the report's term vector. The segment goes on listing the report's number.
    """
    with transaction.atomic(), reading() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, 0)", [INDEX])
        cursor.execute("SELECT segment_id, terms FROM triage_termvector WHERE report_id = %s", [report_id])
        held_by, packed = cursor.fetchone() or (None, b"")
        cursor.execute(LISTED, {"report": report_id})
        for segment_id, position in cursor.fetchall():
            if segment_id == held_by:
                cursor.execute(BLOCKS, [segment_id, Bags.unpack([packed]).terms.tolist()])
            else:  # it has left this segment since, and may have been analysed anew
                cursor.execute(EVERY_BLOCK, [segment_id])
            for key, *block in cursor.fetchall():
                take_out(cursor, key, Block(*block), position)
        cursor.execute("DELETE FROM triage_termvector WHERE report_id = %s", [report_id])


def take_out(cursor: Any, key: int, block: Block, position: int) -> None:
    left = without(block, position)
    if not left.count:
        cursor.execute("DELETE FROM triage_postingblock WHERE id = %s", [key])
    elif left.count < block.count:
        cursor.execute(REWRITE, [left.positions, left.weights, left.count, key])


def move(report_ids: list[int], family_id: int) -> None:
    """Reports whose family is another from now on: back to the tail with them, the next segment lists them rightly."""
    with connection.cursor() as cursor:
        cursor.execute(LEAVE, {"reports": report_ids, "family": family_id})
