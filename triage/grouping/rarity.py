"""How telling a term is: the rarer among reports, the more two that share it have in common."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from triage.grouping.background import Background


class Counts(Protocol):
    """In how many reports of a site each term stands."""

    @property
    def total(self) -> int:
        """How many reports were counted."""

    def counts_of(self, hashes: NDArray[np.int32]) -> NDArray[np.int64]:
        """In how many of them each of the hashes stands, in their order."""


@dataclass(frozen=True, slots=True)
class Rarity:
    """Inverse document frequency over a site's reports and the background, which fades as the site grows."""

    counts: Counts
    background: Background

    def of(self, hashes: NDArray[np.int32]) -> NDArray[np.float64]:
        """How telling each term is; above zero for the commonest too."""
        weight = self.background.weight(self.counts.total)
        total = self.counts.total + weight
        # Each once and in ascending order, because it is looked up in three lists: takes half the time
        hashes, places = np.unique(hashes, return_inverse=True)
        found = self.counts.counts_of(hashes) + self.background.term_shares_of(hashes) * weight
        found = np.minimum(found, total)  # counted at different moments, they may disagree
        rarity: NDArray[np.float64] = np.log1p((total - found + 0.5) / (found + 0.5))
        return rarity[places]

    @property
    def most(self) -> float:
        """The rarity of a term that no report holds."""
        return float(np.log1p(2 * (self.counts.total + self.background.weight(self.counts.total)) + 1))
