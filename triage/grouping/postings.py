"""The arithmetic of the index: posting blocks made, added up and cut. What they are for: ``triage.index``.

A segment numbers its reports from 0 on; a block says at which positions one term stands, and how strongly.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from triage.grouping.vector import TERM, TITLED

POSITION = np.dtype("<u2")
LARGEST = 1 << 16  # reports a segment can number

# So many of a report's terms are asked for. Of invented reports, 24 keep 97 % of the ten best of 10,000 and 99.8 % of
# 100,000, 32 keep all; 48 cost a third more. Chinese says with many short terms what others say with few.
_MOST_TERMS, _MANY_TERMS, _MOST_OF_MANY = 32, 150, 48
_MOST_POSTINGS = 200_000  # read for one query, whatever the site's size


@dataclass(frozen=True, slots=True, eq=False)
class Bags:
    """The terms of several reports end to end: term ``i`` belongs to report number ``owners[i]`` of ``count``."""

    terms: NDArray[np.int32]
    weights: NDArray[np.uint8]
    owners: NDArray[np.intp]
    count: int

    @classmethod
    def unpack(cls, packed: Sequence[bytes]) -> Self:
        """From the stored terms of each report. Raises ValueError if the lengths cannot be right."""
        terms = np.frombuffer(b"".join(packed), dtype=TERM)
        sizes = np.fromiter(map(len, packed), dtype=np.intp, count=len(packed)) // TERM.itemsize
        return cls(
            np.ascontiguousarray(terms["hash"], dtype=np.int32),
            np.ascontiguousarray(terms["weight"]),
            np.repeat(np.arange(len(sizes)), sizes),
            len(sizes),
        )

    def counts(self) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """(terms, counts): in how many of the reports each term stands, terms ascending."""
        return np.unique(self.terms, return_counts=True)

    def norms(self, rarities: NDArray[np.float64]) -> NDArray[np.float64]:
        """The length of each report's vector; ``rarities[i]`` is that of ``terms[i]``."""
        return np.sqrt(np.bincount(self.owners, weights=(self.weights * rarities) ** 2, minlength=self.count))


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Where one term stands within one segment."""

    term: int
    positions: bytes
    weights: bytes

    @property
    def count(self) -> int:
        return len(self.weights)


@dataclass(frozen=True, slots=True, eq=False)
class Query:
    """What is asked of the index: ascending terms, what a stored weight of 1 adds to the sum for each, and whether it
    stands in the title."""

    terms: NDArray[np.int32]
    worth: NDArray[np.float64]
    is_titled: NDArray[np.bool_]

    @classmethod
    def of(cls, terms: NDArray[np.int32], weights: NDArray[np.uint8], rarities: NDArray[np.float64]) -> Self:
        return cls(terms, weights * rarities**2, (weights & TITLED) > 0)

    def narrowed(self, counts: NDArray[np.int64]) -> Self:
        """The terms that can add most, best first, as long as their ``counts`` postings stay within the budget.

        Those that no report holds take no place, and those of the title always have one: a page in another language
        would else push out what can be found. One is kept at least.

        Not the rarest: a few middling words in common tell more than one rare one (measured: of
        eight terms, ten points of recall).
        """
        most = _MOST_OF_MANY if len(self.terms) > _MANY_TERMS else _MOST_TERMS
        order = np.lexsort((self.terms, -self.worth, counts == 0))
        order = order[(np.arange(len(order)) < most) | self.is_titled[order]]
        within = np.cumsum(counts[order]) <= _MOST_POSTINGS
        within[:1] = True
        chosen = order[within]
        return type(self)(self.terms[chosen], self.worth[chosen], self.is_titled[chosen])

    def dots(self, bags: Bags) -> NDArray[np.float64]:
        """The sum for each report at hand, in whatever order the query's terms stand."""
        if not len(self.terms):
            return np.zeros(bags.count)
        order = np.argsort(self.terms)
        rows, places = matches(self.terms[order], bags.terms)
        added = bags.weights[rows] * self.worth[order][places]
        return np.bincount(bags.owners[rows], weights=added, minlength=bags.count).astype(np.float64, copy=False)


def rarity(counts: NDArray[np.int64], total: int) -> NDArray[np.float64]:
    """Inverse document frequency, above zero for the commonest term too."""
    counts = np.minimum(counts, total)
    rarities: NDArray[np.float64] = np.log1p((total - counts + 0.5) / (counts + 0.5))
    return rarities


def look_up(wanted: NDArray[np.int32], terms: NDArray[np.int32], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """The count of each wanted term, 0 if it is not among the ascending ``terms``."""
    if not len(terms):
        return np.zeros(len(wanted), dtype=np.int64)
    # In ascending order, because to hop about in a long list costs more than to sort what is wanted.
    order = np.argsort(wanted)
    places = np.empty(len(wanted), dtype=np.intp)
    places[order] = np.minimum(np.searchsorted(terms, wanted[order]), len(terms) - 1)
    return np.where(terms[places] == wanted, counts[places], 0)


def matches(wanted: NDArray[np.int32], stored: NDArray[np.int32]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """(rows, places): every ``stored[row]`` that equals some ``wanted[place]``; ``wanted`` ascends and is not empty."""
    # A table of the low bits first: a binary search for each stored hash would cost ten times as much.
    low = np.zeros(LARGEST, dtype=bool)
    low[wanted & 0xFFFF] = True
    rows = np.flatnonzero(low[stored & 0xFFFF])
    places = np.minimum(np.searchsorted(wanted, stored[rows]), len(wanted) - 1)
    same = wanted[places] == stored[rows]
    return rows[same], places[same]


def invert(bags: Bags) -> Iterator[Block]:
    """The blocks of a segment in ascending order of their terms.

    Raises ValueError if there are more reports than a position can number.
    """
    if bags.count > LARGEST:
        raise ValueError(f"A segment holds at most {LARGEST} reports.")
    order = np.argsort(bags.terms, kind="stable")  # keeps the positions of each term ascending
    terms, starts = np.unique(bags.terms[order], return_index=True)
    positions, weights = bags.owners[order].astype(POSITION), bags.weights[order]
    ends = np.append(starts[1:], len(order))
    for term, start, end in zip(terms.tolist(), starts.tolist(), ends.tolist(), strict=True):
        yield Block(term, positions[start:end].tobytes(), weights[start:end].tobytes())


def without(block: Block, position: int) -> Block:
    """The block with one position less, if it stood there."""
    positions = np.frombuffer(block.positions, dtype=POSITION)
    kept = positions != position
    return Block(block.term, positions[kept].tobytes(), np.frombuffer(block.weights, dtype=np.uint8)[kept].tobytes())


def add_up(
    blocks: Sequence[Block], offsets: Sequence[int], query: Query, *, total: int
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """(places, sums): every report in some block, ascending, and what the query's terms add up to there.

    ``offsets[i]`` is added to the positions of ``blocks[i]``, so that segments lie end to end in ``total`` places.
    Blocks are added in the order given: for equal sums in every run, give them in one order.
    """
    worth = dict(zip(query.terms.tolist(), query.worth.tolist(), strict=True))
    counts = [block.count for block in blocks]
    positions = np.frombuffer(b"".join(block.positions for block in blocks), dtype=POSITION)
    weights = np.frombuffer(b"".join(block.weights for block in blocks), dtype=np.uint8)
    places = positions + np.repeat(np.asarray(offsets, dtype=np.intp), counts)
    added = weights * np.repeat(np.array([worth[block.term] for block in blocks]), counts)
    sums = np.bincount(places, weights=added, minlength=total).astype(np.float64, copy=False)
    # Looked for in bits: among a million sums, finding those that are not zero would take ten times as long.
    is_found = np.zeros(total, dtype=bool)
    is_found[places] = True
    found = np.flatnonzero(is_found)
    return found, sums[found]


def best(ids: NDArray[np.int64], scores: NDArray[np.float64], most: int) -> NDArray[np.intp]:
    """Where the ``most`` highest scores stand, best first, ties to the lower id."""
    if most < len(scores):
        floor = np.partition(scores, len(scores) - most)[len(scores) - most] if most else np.inf
        places = np.flatnonzero(scores >= floor)  # a tie at the floor keeps all of it until ids decide
    else:
        places = np.arange(len(scores))
    return places[np.lexsort((ids[places], -scores[places]))][:most]
