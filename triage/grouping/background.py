"""How common terms are in reports in general, for sites that have too few of their own to know."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from triage.grouping.pool import Pool
from triage.grouping.vector import Vector, run_identity

WEIGHT = 60.0  # reports the background counts for on an empty site; half of it once the site holds as many, and so on


@dataclass(frozen=True, slots=True, eq=False)
class Background:
    """Document frequencies of a fixed set of reports: sorted hashes, and the share of reports holding each."""

    terms: NDArray[np.int32]
    term_shares: NDArray[np.float64]
    runs: NDArray[np.int32]
    run_shares: NDArray[np.float64]

    @classmethod
    def of(cls, vectors: Sequence[Vector]) -> Self:
        """The background made of these reports; made of none, it holds every term for rare."""
        pool = Pool.of(vectors)
        terms, term_counts = pool.bags.counts()
        runs, run_counts = np.unique(run_identity(pool.runs), return_counts=True)
        count = max(1, len(vectors))
        return cls(terms, term_counts / count, runs, run_counts / count)

    def weight(self, known: int) -> float:
        """How many reports the background stands for beside ``known`` real ones."""
        return WEIGHT * WEIGHT / (WEIGHT + known)

    def term_shares_of(self, hashes: NDArray[np.int32]) -> NDArray[np.float64]:
        """The share of the background's reports that hold each of these terms."""
        return _looked_up(self.terms, self.term_shares, hashes)

    def run_shares_of(self, hashes: NDArray[np.int32]) -> NDArray[np.float64]:
        """The share of the background's reports that hold each of these runs, quoted or not."""
        return _looked_up(self.runs, self.run_shares, hashes)


def _looked_up(known: NDArray[np.int32], shares: NDArray[np.float64], hashes: NDArray[np.int32]) -> NDArray[np.float64]:
    if not len(known):
        return np.zeros(len(hashes))
    places = np.minimum(np.searchsorted(known, hashes), len(known) - 1)
    found: NDArray[np.float64] = np.where(known[places] == hashes, shares[places], 0.0)
    return found
