"""How alike two reports are, and how alike a report and an issue: numbers in [0, 1]."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from triage.grouping.background import Background
from triage.grouping.pool import Pool
from triage.grouping.vector import LONG, SAID, Vector, run_identity

# Per known vector: likeness by the words, likeness by what is quoted; each in [0, 1].
Witnesses = tuple[NDArray[np.float64], NDArray[np.float64]]
BEST = 3  # an issue is as alike as its best three reports are on average: one lucky likeness does not pull it in

# Evidence by quotation: two telling words may meet by chance, three in a row hardly. Runs that neither side quotes
# count nothing: boilerplate and stack traces are full of them (measured: B-cubed F1 of eclipse.thin falls by .12).
_SHORT, _LONG = 0.5, 1.5
_HALF_QUOTE = 2.0  # evidence at which quotation alone makes two reports half alike: one rare run of three words
_DISAGREEMENT = 0.3  # share of the likeness by words that goes where quotations have nothing in common
_AGREED = 2  # quotations agree wholly from the point where one in so many runs of the shorter is shared
_LEAST_RARITY = 0.35  # many reports of one failure make its quote frequent; it must not fade to nothing


def score(query: Vector, known: Pool | Sequence[Vector], *, background: Background) -> NDArray[np.float32]:
    """The similarity in [0, 1] of the query to each known vector, in their order.

    Words in common and a quotation in common are two witnesses: either suffices, both together say more. ``known`` must
    hold earlier reports only, for rarity is counted over it (and over the background, which fades as it grows).
    """
    pool = known if isinstance(known, Pool) else Pool.of(known)
    return together(*witnesses(query, pool, background=background))


def together(words: NDArray[np.float64], quote: NDArray[np.float64]) -> NDArray[np.float32]:
    """The similarity that follows from the two witnesses: what neither of them leaves open."""
    return (1 - (1 - words) * (1 - quote)).astype(np.float32)


def witnesses(query: Vector, pool: Pool, *, background: Background) -> Witnesses:
    """The two parts of the similarity, each in [0, 1]: BM25 cosine of the words, and the quotation in common.

    Where both reports quote and their quotations have little in common, the words around them count for less.
    """
    quote, agreement = _quotations(query, pool, background)
    return _cosines(query, pool, background) * (1 - _DISAGREEMENT * (1 - agreement)), quote


def issue_scores(similarities: NDArray[np.float32], issue_ids: Sequence[int]) -> list[tuple[int, float]]:
    """(issue, score) of every issue, best first, ties to the lower id.

    ``issue_ids[i]`` is the issue of the known report that ``similarities[i]`` belongs to.
    """
    if not len(similarities):
        return []
    ids = np.asarray(issue_ids, dtype=np.int64)
    order = np.lexsort((-similarities, ids))
    ranked_ids, ranked = ids[order], similarities[order].astype(np.float64)
    issues, starts = np.unique(ranked_ids, return_index=True)
    sizes = np.diff(starts, append=len(ranked))
    rank = np.arange(len(ranked)) - np.repeat(starts, sizes)
    best = np.add.reduceat(np.where(rank < BEST, ranked, 0.0), starts) / np.minimum(sizes, BEST)
    return [(int(issues[index]), float(best[index])) for index in np.lexsort((issues, -best))]


def _cosines(query: Vector, pool: Pool, background: Background) -> NDArray[np.float64]:
    """Cosine of the vectors weighted by saturation times rarity, both norms from today's rarity."""
    if not len(pool) or not len(query.terms):
        return np.zeros(len(pool))
    weights = pool.weights * _stored_rarity(pool, background)
    owners = pool.term_owners()
    norms = np.sqrt(np.bincount(owners, weights=weights * weights, minlength=len(pool)))

    rows, places = _matches(query.terms, pool.terms)
    counts = np.bincount(places, minlength=len(query.terms))
    query_weights = query.weights * _rarity(counts, background.term_shares_of(query.terms), pool, background)
    dots = np.bincount(owners[rows], weights=weights[rows] * query_weights[places], minlength=len(pool))
    scale = norms * np.sqrt(query_weights @ query_weights)
    cosines: NDArray[np.float64] = np.divide(dots, scale, out=np.zeros(len(pool)), where=scale > 0)
    return np.clip(cosines, 0, 1)


def _rarity(
    counts: NDArray[np.intp], shares: NDArray[np.float64], pool: Pool, background: Background
) -> NDArray[np.float64]:
    """Inverse document frequency over pool and background together, above zero for the commonest term too."""
    weight = background.weight(len(pool))
    together = counts + shares * weight
    rarity: NDArray[np.float64] = np.log1p((len(pool) + weight - together + 0.5) / (together + 0.5))
    return rarity


def _stored_rarity(pool: Pool, background: Background) -> NDArray[np.float64]:
    """The rarity of each stored term. One sort of (hash, place) pairs packed in 64 bits: the cheapest exact count."""
    packed = (pool.terms.astype(np.int64) << 32) | np.arange(len(pool.terms))
    packed.sort()
    hashes = (packed >> 32).astype(np.int32)
    starts = np.flatnonzero(np.diff(hashes, prepend=~hashes[:1]))
    sizes = np.diff(starts, append=len(hashes))
    by_hash = _rarity(sizes, background.term_shares_of(hashes[starts]), pool, background)
    rarity = np.empty(len(hashes))
    rarity[packed & 0xFFFFFFFF] = np.repeat(by_hash, sizes)
    return rarity


def _quotations(query: Vector, pool: Pool, background: Background) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rare runs in common that somebody quotes, and how far the two quotations agree; per known vector, in [0, 1]."""
    if not len(query.runs) or not len(pool.runs):
        return np.zeros(len(pool)), np.ones(len(pool))
    hashes, owners = run_identity(query.runs), pool.run_owners()
    rows, places = _matches(hashes, run_identity(pool.runs))
    weight = background.weight(len(pool))
    total = len(pool) + weight + 1
    counts = np.bincount(places, minlength=len(hashes)) + background.run_shares_of(hashes) * weight + 1
    rarity = np.maximum(np.log(total / np.minimum(counts, total)) / np.log(total), _LEAST_RARITY)

    is_said = ((query.runs[places] | pool.runs[rows]) & SAID) > 0
    rows, places = rows[is_said], places[is_said]
    worth = rarity[places] * np.where(query.runs[places] & LONG, _LONG, _SHORT)
    evidence = np.bincount(owners[rows], weights=worth, minlength=len(pool))
    shared = np.bincount(owners[rows], minlength=len(pool))
    quoted = np.bincount(owners[(pool.runs & SAID) > 0], minlength=len(pool))
    shorter = np.minimum(quoted, np.count_nonzero(query.runs & SAID))
    agreement = np.where(shorter > 0, np.minimum(_AGREED * shared / np.maximum(shorter, 1), 1), 1.0)
    return evidence**2 / (evidence**2 + _HALF_QUOTE**2), agreement


def _matches(wanted: NDArray[np.int32], stored: NDArray[np.int32]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """(rows, places): every ``stored[row]`` that equals some ``wanted[place]``; ``wanted`` is sorted."""
    # A table of the low bits first: a binary search for each stored hash would cost ten times as much.
    low = np.zeros(1 << 16, dtype=bool)
    low[(wanted >> 2) & 0xFFFF] = True
    rows = np.flatnonzero(low[(stored >> 2) & 0xFFFF])
    places = np.minimum(np.searchsorted(wanted, stored[rows]), len(wanted) - 1)
    same = wanted[places] == stored[rows]
    return rows[same], places[same]
