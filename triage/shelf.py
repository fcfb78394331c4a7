"""What a process remembers of the index, so that it is not read anew for every report: headers, tail and counts."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
from django.db import connection
from numpy.typing import NDArray
from psycopg import Cursor
from psycopg.pq import Format

from triage.grouping.postings import Bags, look_up, rarity
from triage.grouping.vector import ANALYSER

DRIFT = 0.05  # share of the sealed reports whose words may be uncounted before all are counted again

TAIL_AND_SEGMENTS = """
SELECT array_agg(report_id), array_agg(family_id), array_agg(norm),
    (SELECT array_agg(id) FROM triage_segment WHERE analyser = %(analyser)s)
FROM triage_termvector WHERE segment_id IS NULL AND analyser = %(analyser)s
"""
TERMS = "SELECT report_id, terms FROM triage_termvector WHERE report_id = ANY(%s::bigint[])"
SEGMENTS = "SELECT array_agg(id) FROM triage_segment WHERE analyser = %s"
HEADERS = "SELECT id, report_ids, family_ids, norms FROM triage_segment WHERE id = ANY(%s::bigint[])"
COUNTS = """
SELECT (SELECT array_agg(id) FROM triage_segment WHERE analyser = %(analyser)s),
    (SELECT sum(cardinality(report_ids))::bigint FROM triage_segment WHERE analyser = %(analyser)s),
    array_agg(term), array_agg(reports)
FROM (SELECT term, sum(count)::bigint AS reports FROM triage_postingblock GROUP BY term ORDER BY term) AS counted
"""

Counted = tuple[NDArray[np.int32], NDArray[np.int64]]  # terms ascending, and in how many reports each stands
NOTHING: Counted = (np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int64))


@dataclass(frozen=True, slots=True, eq=False)
class Rarities:
    """In how many of ``total`` reports each term stands: of the sealed as last counted, of the tail exactly."""

    total: int = 0
    sealed: Counted = NOTHING
    tail: Counted = NOTHING

    def counts_of(self, hashes: NDArray[np.int32]) -> NDArray[np.int64]:
        """In how many reports each of the hashes stands, in their order."""
        return look_up(hashes, *self.sealed) + look_up(hashes, *self.tail)

    def of(self, hashes: NDArray[np.int32]) -> NDArray[np.float64]:
        """How telling each is, by the site's own reports alone."""
        hashes, places = np.unique(hashes, return_inverse=True)  # a family's reports share their words
        return rarity(self.counts_of(hashes), self.total)[places]

    def norms_of(self, bags: Bags) -> NDArray[np.float64]:
        """The length of each report's vector by these rarities."""
        return bags.norms(self.of(bags.terms))


@dataclass(frozen=True, slots=True, eq=False)
class Listing:
    """Reports, position by position with their families and the lengths of their vectors."""

    report_ids: NDArray[np.int64]
    family_ids: NDArray[np.int64]
    norms: NDArray[np.float32]

    @classmethod
    def of(cls, report_ids: Sequence[int], family_ids: Sequence[int], norms: Sequence[float] | bytes) -> Self:
        return cls(
            np.array(report_ids, dtype=np.int64),
            np.array(family_ids, dtype=np.int64),
            np.frombuffer(norms, dtype="<f4") if isinstance(norms, bytes) else np.array(norms, dtype=np.float32),
        )

    @classmethod
    def joined(cls, parts: Sequence["Listing"]) -> Self:
        return cls(
            np.concatenate([part.report_ids for part in parts]),
            np.concatenate([part.family_ids for part in parts]),
            np.concatenate([part.norms for part in parts]),
        )

    def __len__(self) -> int:
        return len(self.report_ids)

    def part(self, start: int, count: int) -> "Listing":
        here = slice(start, start + count)
        return Listing(self.report_ids[here], self.family_ids[here], self.norms[here])

    def size_of(self, family_id: int | None) -> int:
        """How many are of the family; all, if it is None."""
        return len(self) if family_id is None else int(np.count_nonzero(self.family_ids == family_id))


NOBODY = Listing.of([], [], [])


@dataclass(frozen=True, slots=True, eq=False)
class Sealed:
    """The headers of all segments laid end to end: each begins at its place in ``offsets``."""

    offsets: dict[int, int] = field(default_factory=dict)
    sizes: dict[int, int] = field(default_factory=dict)
    listing: Listing = NOBODY

    def only(self, segment_ids: set[int], found: dict[int, Listing]) -> "Sealed":
        """The segments named, as far as they are known or among those ``found``."""
        kept = {key: self.listing.part(start, self.sizes[key]) for key, start in self.offsets.items()}
        parts = {key: part for key, part in (kept | found).items() if key in segment_ids}
        sizes = {key: len(part) for key, part in parts.items()}
        starts = np.cumsum([0, *sizes.values()]).tolist()
        return Sealed(
            dict(zip(sizes, starts, strict=False)), sizes, Listing.joined([*parts.values()]) if parts else NOBODY
        )


@dataclass(frozen=True, slots=True, eq=False)
class Tail:
    """What no segment holds yet. ``packed`` has the stored terms by report, ``bags`` the same end to end."""

    listing: Listing = NOBODY
    packed: dict[int, bytes] = field(default_factory=dict)
    bags: Bags = field(default_factory=lambda: Bags.unpack([]))
    counts: Counted = NOTHING


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """The words of the segments named, counted at one time."""

    segment_ids: frozenset[int] = frozenset()
    total: int = 0
    by_term: Counted = NOTHING


@dataclass(frozen=True, slots=True, eq=False)
class Shelf:
    """The index as one process knows it. Never changed, only replaced: other threads may hold on to it."""

    sealed: Sealed = field(default_factory=Sealed)
    tail: Tail = field(default_factory=Tail)
    counts: Counts = field(default_factory=Counts)

    @property
    def rarities(self) -> Rarities:
        return Rarities(self.counts.total + len(self.tail.listing), self.counts.by_term, self.tail.counts)

    def size_of(self, family_id: int | None) -> int:
        """Reports of the family, near enough: who left it may be counted until its segment is written anew."""
        return self.sealed.listing.size_of(family_id) + self.tail.listing.size_of(family_id)


_remembered: dict[str, Shelf] = {}  # by database


@contextmanager
def reading() -> Iterator[Any]:
    """A cursor that is answered in binary: bytes come as they lie, not as twice as many hexadecimal digits.

    Django's own cursors put the values into the statement themselves, and those cannot be answered so.
    """
    connection.ensure_connection()
    plain: Any = Cursor(connection.connection)
    plain.format = Format.BINARY
    with connection.make_debug_cursor(plain) if connection.queries_logged else connection.make_cursor(plain) as cursor:
        yield cursor


def array(numbers: Iterable[int]) -> str:
    """Numbers as PostgreSQL writes an array: the driver takes a millisecond for three hundred of them."""
    return "{" + ",".join(map(str, numbers)) + "}"


def look() -> Shelf:
    """The index as it stands: tail and segments as of now, words as last counted if that was lately."""
    shelf = _remembered.get(connection.settings_dict["NAME"], Shelf())
    with reading() as cursor:
        cursor.execute(TAIL_AND_SEGMENTS, {"analyser": ANALYSER})
        report_ids, family_ids, norms, segment_ids = (column or [] for column in cursor.fetchone())
    shelf = counted(with_segments(shelf, set(segment_ids)))
    shelf = with_tail(shelf, Listing.of(report_ids, family_ids, norms))
    _remembered[connection.settings_dict["NAME"]] = shelf
    return shelf


def look_at_segments() -> Counts:
    """The words of the segments as last counted if that was lately. For those who have no use for the tail."""
    shelf = _remembered.get(connection.settings_dict["NAME"], Shelf())
    with reading() as cursor:
        cursor.execute(SEGMENTS, [ANALYSER])
        segment_ids = cursor.fetchone()[0] or []
    shelf = counted(with_segments(shelf, set(segment_ids)))
    _remembered[connection.settings_dict["NAME"]] = shelf
    return shelf.counts


def with_segments(shelf: Shelf, segment_ids: set[int]) -> Shelf:
    """The shelf with just these segments, less those that are gone from the database and were not known before."""
    known = shelf.sealed.offsets.keys()
    if known == segment_ids:
        return shelf
    found: dict[int, Listing] = {}
    if missing := segment_ids - known:
        with reading() as cursor:
            cursor.execute(HEADERS, [array(missing)])
            found = {row[0]: Listing.of(*row[1:]) for row in cursor.fetchall()}
    return replace(shelf, sealed=shelf.sealed.only(segment_ids, found))


def with_tail(shelf: Shelf, listing: Listing) -> Shelf:
    """The shelf with this tail. Terms of reports that were not in it are read; a report deleted meanwhile is left out.

    Reports are never edited, so terms known are terms that hold. Should they be analysed anew all the same, only this
    first cut is off, and only until they are sealed.
    """
    known = shelf.tail
    if np.array_equal(known.listing.report_ids, listing.report_ids):
        return replace(shelf, tail=replace(known, listing=listing))
    packed = {key: known.packed[key] for key in listing.report_ids.tolist() if key in known.packed}
    if missing := [key for key in listing.report_ids.tolist() if key not in packed]:
        with reading() as cursor:
            cursor.execute(TERMS, [array(missing)])
            packed |= dict(cursor.fetchall())
    rows = np.array([key in packed for key in listing.report_ids.tolist()], dtype=bool)
    listing = Listing(listing.report_ids[rows], listing.family_ids[rows], listing.norms[rows])
    bags = Bags.unpack([packed[key] for key in listing.report_ids.tolist()])
    return replace(shelf, tail=Tail(listing, packed, bags, bags.counts()))


def counted(shelf: Shelf) -> Shelf:
    """The shelf with its words counted again if too many reports have been sealed since, or too many are gone.

    A merge counts as new what it wrote; it is rare enough.
    """
    uncounted = sum(size for key, size in shelf.sealed.sizes.items() if key not in shelf.counts.segment_ids)
    sealed = len(shelf.sealed.listing)
    if uncounted <= DRIFT * sealed and shelf.counts.total <= (1 + DRIFT) * sealed:
        return shelf
    return replace(shelf, counts=count())


def count() -> Counts:
    """All sealed words counted: a second at a million reports."""
    with reading() as cursor:
        cursor.execute(COUNTS, {"analyser": ANALYSER})
        segment_ids, total, terms, reports = cursor.fetchone()
    by_term = (np.array(terms or [], dtype=np.int32), np.array(reports or [], dtype=np.int64))
    return Counts(frozenset(segment_ids or []), total or 0, by_term)
