"""How alike a report and known reports are: a table of features for each pair, and a likeness to rank by.

Every number is symmetric in what it asks or says of which side; none needs more than two vectors, how rare terms are,
and the vectors beside them. Nothing here knows a threshold.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from triage.grouping.pool import Pool
from triage.grouping.postings import matches
from triage.grouping.rarity import Rarity
from triage.grouping.vector import LONG, SAID, TITLED, Vector, run_identity

Numbers = NDArray[np.float64]

# The columns of ``Table.values``; an embedder adds the last. All lie in [0, 1].
NAMES = ("words", "pieces", "title", "rare", "crowd")
MEANING = "meaning"

_WORDS, _PIECES, _TITLES = 0.45, 0.45, 0.1  # shares of the likeness; .5/.5/0 loses a point of MRR on one tracker
_MEANING = 0.35  # share of the likeness where both have one; from .3 to .5 it hardly matters
_CROWD = 10  # nearest reports whose mean likeness says how crowded it is around the query
_RAREST = 3  # shared terms whose mean rarity counts

# Evidence by quotation: two telling words may meet by chance, three in a row hardly. Runs that neither side quotes
# count nothing: boilerplate and stack traces are full of them (measured: B-cubed F1 of eclipse.thin falls by .12).
_SHORT, _LONG = 0.5, 1.5
_HALF_QUOTE = 2.0  # evidence at which quotation alone makes two reports half alike: one rare run of three words
_DISAGREEMENT = 0.3  # share of the likeness by words that goes where quotations have nothing in common
_AGREED = 2  # quotations agree wholly from the point where one in so many runs of the shorter is shared
_LEAST_RARITY = 0.35  # many reports of one failure make its quote frequent; it must not fade to nothing


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """What speaks for each known vector, position by position.

    ``values`` (n, ``len(names)``): ``words`` BM25 cosine; ``pieces`` cosine of four-letter pieces; ``title`` the share,
    by rarity squared, of one title that stands in the other report, of the better covered one; ``rare`` mean rarity of
    the three rarest terms in common, 1 for terms no report holds; ``crowd`` mean likeness of the query's ten nearest,
    the same in every row: the correction for reports that look like everything; ``meaning`` cosine of what an embedder
    made of both, not a number where one was not read. ``quote``: evidence by what is quoted, in [0, 1].
    ``agreement``: how far two quotations agree, 1 where one side has none. ``likeness``: to rank by, in [0, 1].
    """

    values: Numbers
    quote: Numbers
    agreement: Numbers
    likeness: Numbers
    names: tuple[str, ...] = NAMES

    def __len__(self) -> int:
        return len(self.likeness)

    def columns(self, names: Sequence[str]) -> Numbers:
        """The features named, (n, ``len(names)``). Raises ValueError for one that was not measured."""
        return self.values[:, [self.names.index(name) for name in names]]

    def with_meaning(self, meaning: Numbers) -> Self:
        """The table with the column of an embedder, which counts in the likeness of those pairs that have it."""
        both = (1 - _MEANING) * self.likeness + _MEANING * np.maximum(meaning, 0)
        likeness = np.where(np.isnan(meaning), self.likeness, both)
        values = self.values.copy()
        values[:, self.names.index("crowd")] = _crowd(likeness)
        return replace(self, values=np.column_stack([values, meaning]), likeness=likeness, names=(*self.names, MEANING))

    def only(self, rows: NDArray[np.intp]) -> Self:
        """The pairs at ``rows``, in that order."""
        return replace(
            self,
            values=self.values[rows],
            quote=self.quote[rows],
            agreement=self.agreement[rows],
            likeness=self.likeness[rows],
        )


def table(query: Vector, pool: Pool, *, rarity: Rarity) -> Table:
    """The features of the query with each vector of the pool.

    ``pool`` holds the candidates: earlier reports only. How rare pieces and runs are is counted over it, how rare terms
    are is ``rarity``'s to say.
    """
    words, titles, title, rare = _by_terms(query, pool, rarity)
    quote, agreement = _quotations(query, pool, rarity)
    pieces = _pieces(query, pool)
    # Where both reports quote and their quotations have little in common, the words around them count for less
    likeness = (_WORDS * words + _PIECES * pieces + _TITLES * titles) * (1 - _DISAGREEMENT * (1 - agreement))
    likeness = 1 - (1 - likeness) * (1 - quote)
    crowd = np.full(len(pool), _crowd(likeness))
    return Table(np.column_stack([words, pieces, title, rare, crowd]), quote, agreement, likeness)


def _crowd(likeness: Numbers) -> float:
    return float(np.sort(likeness)[::-1][:_CROWD].sum()) / _CROWD


def ranked(likeness: Numbers, ids: NDArray[np.int64]) -> NDArray[np.intp]:
    """Positions from the most alike on; ties go to the lower id, so that the order never depends on the storage."""
    return np.lexsort((ids, -likeness))


def _by_terms(query: Vector, pool: Pool, rarity: Rarity) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """(words, titles, title, rare): whatever the terms and where they stand can tell.

    ``titles`` is the share of the worse covered title that stands in the other report, ``title`` of the better.
    """
    bags, count = pool.bags, len(pool)
    if not count or not len(query.terms):
        return np.zeros(count), np.zeros(count), np.zeros(count), np.zeros(count)
    rarities, worth = rarity.of(bags.terms), rarity.of(query.terms)
    rows, places = matches(query.terms, bags.terms)
    owners = bags.owners[rows]

    def summed(of: Numbers, by: NDArray[np.intp]) -> Numbers:
        added: Numbers = np.bincount(by, weights=of, minlength=count).astype(np.float64, copy=False)
        return added

    weighted = query.weights * worth
    dots = summed(bags.weights[rows] * rarities[rows] * weighted[places], owners)
    scale = bags.norms(rarities) * np.sqrt(weighted @ weighted)
    in_title, in_query_title = (bags.weights & TITLED) > 0, (query.weights & TITLED) > 0
    square = worth[places] ** 2
    theirs = _share(summed(square * in_title[rows], owners), summed(rarities[in_title] ** 2, bags.owners[in_title]))
    ours = _share(summed(square * in_query_title[places], owners), np.full(count, (worth[in_query_title] ** 2).sum()))
    rare = _mean_of_best(worth[places], owners, count) / rarity.most
    return _share(dots, scale), np.minimum(ours, theirs), np.maximum(ours, theirs), np.minimum(rare, 1)


def _share(part: Numbers, whole: Numbers) -> Numbers:
    return np.clip(np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0), 0, 1)


def _mean_of_best(values: Numbers, owners: NDArray[np.intp], count: int) -> Numbers:
    """The sum of each owner's best values over how many there could be: fewer in common is less in common."""
    order = np.lexsort((-values, owners))
    values, owners = values[order], owners[order]
    rank = np.arange(len(owners)) - np.searchsorted(owners, owners)
    best = rank < _RAREST
    mean: Numbers = np.bincount(owners[best], weights=values[best], minlength=count) / _RAREST
    return mean


def _pieces(query: Vector, pool: Pool) -> Numbers:
    """Cosine of the pieces. How rare each is, the candidates tell: as good as the whole site, and at hand."""
    count = len(pool)
    if not count or not len(query.grams):
        return np.zeros(count)
    held = np.bincount(pool.grams, minlength=1 << 16)
    rarity = np.log((1 + count) / (1 + np.arange(count + 1))) + 1  # of what 0, 1, 2 … candidates hold
    asked = query.gram_weights * rarity[np.minimum(held[query.grams], count)]
    sought = np.zeros(1 << 16)
    sought[query.grams] = asked
    weights = pool.gram_weights * rarity[np.minimum(held[pool.grams], count)]
    norms = np.sqrt(np.bincount(pool.gram_owners, weights=weights * weights, minlength=count))
    dots = np.bincount(pool.gram_owners, weights=weights * sought[pool.grams], minlength=count)
    return _share(dots.astype(np.float64, copy=False), norms * np.sqrt(asked @ asked))


def _quotations(query: Vector, pool: Pool, rarity: Rarity) -> tuple[Numbers, Numbers]:
    """Rare runs in common that somebody quotes, and how far the two quotations agree; per known vector, in [0, 1]."""
    count = len(pool)
    if not len(query.runs) or not len(pool.runs):
        return np.zeros(count), np.ones(count)
    hashes = run_identity(query.runs)
    rows, places = matches(hashes >> 2, run_identity(pool.runs) >> 2)
    owners = pool.run_owners
    weight = rarity.background.weight(count)
    total = count + weight + 1
    counts = np.bincount(places, minlength=len(hashes)) + rarity.background.run_shares_of(hashes) * weight + 1
    telling = np.maximum(np.log(total / np.minimum(counts, total)) / np.log(total), _LEAST_RARITY)

    is_said = ((query.runs[places] | pool.runs[rows]) & SAID) > 0
    rows, places = rows[is_said], places[is_said]
    worth = telling[places] * np.where(query.runs[places] & LONG, _LONG, _SHORT)
    evidence = np.bincount(owners[rows], weights=worth, minlength=count)
    shared = np.bincount(owners[rows], minlength=count)
    quoted = np.bincount(owners[(pool.runs & SAID) > 0], minlength=count)
    shorter = np.minimum(quoted, np.count_nonzero(query.runs & SAID))
    agreement = np.where(shorter > 0, np.minimum(_AGREED * shared / np.maximum(shorter, 1), 1), 1.0)
    return evidence**2 / (evidence**2 + _HALF_QUOTE**2), agreement
