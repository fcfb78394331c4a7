"""The index: which of the stored reports are near enough to be looked at closely.

Reports lie in segments, each a header (who stands at which position) and posting blocks (where a term stands, and how
strongly). What no segment holds yet is the tail: the term vectors whose segment is null. Sealing moves the tail into
segments (``triage.sealing``). A report is in the tail from the moment its row is committed.

Why a reader misses nothing, in READ COMMITTED, where every statement sees what was committed when it began. A report is
either in the tail or in the blocks, and goes from the tail to the blocks in one transaction. We read the tail first:
who had left it by then stands in blocks that we have yet to read. The other way round, a report sealed in between would
be in neither. A merge takes its parts away and adds the whole in one transaction, and all blocks of a query are read by
one statement, so we see the parts or the whole, never neither. Headers are read after the blocks that name them; if a
merge took one away in between, the blocks are read again. A header never changes, so one remembered from earlier says
the truth about whatever blocks of it are seen. What is seen twice is dropped by its id.

A segment may list a report that has left it, by erasure or because its family changed: its term vector decides.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from triage import shelf
from triage.grouping.postings import Bags, Block, Query, add_up, best
from triage.grouping.vector import ANALYSER, Vector
from triage.sealing import forget, maintain, merge, move, seal
from triage.shelf import Rarities, Shelf, array, reading

__all__ = [
    "Candidates",
    "Rarities",
    "candidates",
    "forget",
    "joined",
    "maintain",
    "merge",
    "move",
    "rarities",
    "seal",
]

SMALL_FAMILY = 1_000  # reports; up to here all are read: no slower than the blocks, and exact

WHOLE = """
SELECT report_id, family_id, terms FROM triage_termvector WHERE analyser = %(analyser)s
"""
ROWS = """
SELECT report_id, family_id, terms, runs, grams, sketch FROM triage_termvector WHERE analyser = %(analyser)s
"""
OF_FAMILY = "AND family_id = %(family)s"
NAMED = "AND report_id = ANY(%(reports)s::bigint[])"
BLOCKS = """
SELECT b.segment_id, b.term, b.positions, b.weights
FROM triage_postingblock b JOIN triage_segment s ON s.id = b.segment_id AND s.analyser = %s
WHERE b.term = ANY(%s::integer[])
"""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Reports near the one asked about: first those of its family, then those of others, each best first; or all of a
    family, by id, where there was nothing to choose.

    Position by position what ``TermVector`` holds of each. ``rarities`` are those they were chosen by.
    """

    report_ids: list[int]
    family_ids: list[int]
    terms: list[bytes]
    runs: list[bytes]
    grams: list[bytes]
    sketch: list[bytes]
    rarities: Rarities


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """Reports with their families and their cosine by words, as far as the index knows it."""

    report_ids: NDArray[np.int64]
    family_ids: NDArray[np.int64]
    scores: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        report_ids: NDArray[np.int64],
        family_ids: NDArray[np.int64],
        dots: NDArray[np.float64],
        norms: NDArray[np.float32],
    ) -> Self:
        return cls(report_ids, family_ids, np.divide(dots, norms, out=np.zeros(len(dots)), where=norms > 0))

    def __len__(self) -> int:
        return len(self.report_ids)

    def only(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> "Scored":
        return Scored(self.report_ids[rows], self.family_ids[rows], self.scores[rows])

    def best(self, most: int) -> "Scored":
        return self.only(best(self.report_ids, self.scores, most))

    def over(self, other: "Scored") -> "Scored":
        """Both, each report once, and where both have it by what is said here."""
        report_ids, rows = np.unique(np.concatenate([self.report_ids, other.report_ids]), return_index=True)
        return Scored(
            report_ids,
            np.concatenate([self.family_ids, other.family_ids])[rows],
            np.concatenate([self.scores, other.scores])[rows],
        )


def rarities() -> Rarities:
    """In how many reports each term stands, as of now but for a twentieth of what is sealed."""
    return shelf.look().rarities


def candidates(
    vector: Vector,
    *,
    report_id: int,
    family_id: int | None,
    most: int = 300,
    beyond_family: int = 0,
    known: Shelf | None = None,
) -> Candidates:
    """The ``most`` reports of the family that the words bring nearest, and ``beyond_family`` of other families.

    ``family_id`` None stands for the whole site. A small family is read whole, and those with no word in common come
    last; one of no more than ``most`` is told whole, with what came to it this very moment. The report itself is never
    among them; ties go to the lower id. Takes no lock. ``known``: the index as it was a moment ago, good enough to say
    how rare words are; which reports there are is asked anew.
    """
    if known is None or beyond_family or known.size_of(family_id) > SMALL_FAMILY:
        known = shelf.look()
    is_small = known.size_of(family_id) <= SMALL_FAMILY
    if is_small and not beyond_family and known.size_of(family_id) <= most:
        rows = rows_of(ROWS, family_id)
        return told(sorted(row for row in rows if row[0] != report_id), known.rarities)
    query = Query.of(vector.terms, vector.weights, known.rarities.of(vector.terms))
    near, beyond = [], []
    if is_small:
        near = ranked(whole(query, family_id, known.rarities), most, report_id)
    if not is_small or beyond_family:
        tail, sealed = everywhere(query, known)
        if not is_small:
            near = cut(tail, sealed, most, family_id, report_id)
        if beyond_family and family_id is not None:
            beyond = cut(tail, sealed, beyond_family, family_id, report_id, beyond=True)
    return read(near, beyond, family_id, known.rarities)


def whole(query: Query, family_id: int | None, rarities: Rarities) -> Scored:
    """Every report of the family by all words of the query, and by how rare words are today."""
    rows = rows_of(WHOLE, family_id)
    if not rows:
        return NONE
    report_ids, family_ids, packed = zip(*rows, strict=True)
    ids, families = np.array(report_ids, dtype=np.int64), np.array(family_ids, dtype=np.int64)
    bags = Bags.unpack(packed)
    return Scored.of(ids, families, query.dots(bags), rarities.norms_of(bags).astype(np.float32))


def rows_of(statement: str, family_id: int | None) -> list[tuple[Any, ...]]:
    """What the statement says of every report of the family, or of the site."""
    with reading() as cursor:
        cursor.execute(
            statement + (OF_FAMILY if family_id is not None else ""), {"analyser": ANALYSER, "family": family_id}
        )
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def everywhere(query: Query, known: Shelf) -> tuple[Scored, Scored]:
    """The tail, and every sealed report with one of the query's best words; the tail is in hand, so it came first."""
    best_words = query.narrowed(known.rarities.counts_of(query.terms))
    listing = known.tail.listing
    lengths = known.rarities.norms_of(known.tail.bags).astype(np.float32)  # whoever wrote them could not measure them
    tail = Scored.of(listing.report_ids, listing.family_ids, best_words.dots(known.tail.bags), lengths)
    blocks, offsets, known = blocks_of(best_words, known)
    listing = known.sealed.listing
    places, sums = add_up(blocks, offsets, best_words, total=len(listing))
    return tail.only(tail.scores > 0), Scored.of(
        listing.report_ids[places], listing.family_ids[places], sums, listing.norms[places]
    )


def blocks_of(query: Query, known: Shelf) -> tuple[list[Block], list[int], Shelf]:
    """The query's blocks, best word first, where the segment of each begins, and the shelf that has them all."""
    terms = query.terms.tolist()
    rank = {term: at for at, term in enumerate(terms)}
    while True:
        with reading() as cursor:
            cursor.execute(BLOCKS, [ANALYSER, array(terms)])
            rows = cursor.fetchall()
        named = {row[0] for row in rows}
        known = shelf.with_segments(known, named | known.sealed.offsets.keys())
        if named <= known.sealed.offsets.keys():
            break
        # a merge took a header away since the blocks were read: what it wrote instead is there by now
    rows.sort(key=lambda row: (rank[row[1]], row[0]))  # sums of floats depend on the order
    return [Block(*row[1:]) for row in rows], [known.sealed.offsets[row[0]] for row in rows], known


def cut(
    tail: Scored, sealed: Scored, most: int, family_id: int | None, report_id: int, *, beyond: bool = False
) -> list[int]:
    """The ids of the best of tail and segments: of the family, or ``beyond`` it. What the tail says of one counts."""
    if family_id is not None:
        sealed = sealed.only((sealed.family_ids == family_id) != beyond)
    spare = len(tail) + 1  # so many may be dropped for being in the tail, or the report itself
    both = tail.over(sealed.best(most + spare))
    if family_id is not None:
        both = both.only((both.family_ids == family_id) != beyond)
    return ranked(both, most, report_id)


def ranked(scored: Scored, most: int, report_id: int) -> list[int]:
    report_ids: list[int] = scored.only(scored.report_ids != report_id).best(most).report_ids.tolist()
    return report_ids


def read(near: list[int], beyond: list[int], family_id: int | None, chosen_by: Rarities) -> Candidates:
    """What is stored of each, if it is still there, and still within its family or outside it."""
    with reading() as cursor:
        cursor.execute(ROWS + NAMED, {"reports": array(near + beyond), "analyser": ANALYSER})
        found = {row[0]: row for row in cursor.fetchall()}
    rows = [found[key] for key in near if key in found and family_id in (None, found[key][1])]
    rows += [found[key] for key in beyond if key in found and family_id != found[key][1]]
    return told(rows, chosen_by)


def told(rows: Sequence[tuple[Any, ...]], chosen_by: Rarities) -> Candidates:
    return Candidates(
        report_ids=[row[0] for row in rows],
        family_ids=[row[1] for row in rows],
        terms=[row[2] for row in rows],
        runs=[row[3] for row in rows],
        grams=[row[4] for row in rows],
        sketch=[row[5] for row in rows],
        rarities=chosen_by,
    )


def joined(found: Candidates, report_ids: Sequence[int], family_id: int | None) -> Candidates:
    """The candidates, and behind them those of these reports that are not among them, in the order given.

    For what was found by other means than words. Those gone or of another family are left out; ``family_id`` None
    stands for the whole site.
    """
    known = set(found.report_ids)
    further = [report_id for report_id in dict.fromkeys(report_ids) if report_id not in known]
    if not further:
        return found
    behind = read(further, [], family_id, found.rarities)
    return Candidates(
        report_ids=found.report_ids + behind.report_ids,
        family_ids=found.family_ids + behind.family_ids,
        terms=found.terms + behind.terms,
        runs=found.runs + behind.runs,
        grams=found.grams + behind.grams,
        sketch=found.sketch + behind.sketch,
        rarities=found.rarities,
    )


NONE = Scored(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), np.empty(0))
