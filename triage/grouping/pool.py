"""Many stored vectors laid end to end, as scoring wants them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from triage.grouping.postings import Bags
from triage.grouping.vector import GRAM, RUN, Vector


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """Known vectors in one piece: run ``i`` belongs to vector ``run_owners[i]``, gram ``i`` to ``gram_owners[i]``."""

    bags: Bags
    runs: NDArray[np.int32]
    run_owners: NDArray[np.intp]
    grams: NDArray[np.uint16]
    gram_weights: NDArray[np.uint8]
    gram_owners: NDArray[np.intp]

    def __len__(self) -> int:
        return self.bags.count

    @classmethod
    def of(cls, vectors: Sequence[Vector]) -> Self:
        """The pool of vectors at hand."""
        packed = [vector.to_bytes() for vector in vectors]
        return cls.unpack(*([each[part] for each in packed] for part in range(3)))

    @classmethod
    def unpack(cls, packed_terms: Sequence[bytes], packed_runs: Sequence[bytes], packed_grams: Sequence[bytes]) -> Self:
        """The pool of stored vectors, read without a loop over reports.

        Raises ValueError if the sequences differ in length or a length cannot be right.
        """
        if not len(packed_terms) == len(packed_runs) == len(packed_grams):
            raise ValueError("Each vector has its terms, its runs and its grams.")
        grams = np.frombuffer(b"".join(packed_grams), dtype=GRAM)
        return cls(
            Bags.unpack(packed_terms),
            np.frombuffer(b"".join(packed_runs), dtype=RUN).astype(np.int32, copy=False),
            _owners(packed_runs, RUN.itemsize),
            np.ascontiguousarray(grams["hash"], dtype=np.uint16),
            np.ascontiguousarray(grams["weight"]),
            _owners(packed_grams, GRAM.itemsize),
        )

    def only(self, rows: NDArray[np.intp]) -> Self:
        """The vectors at ``rows``, in that order."""
        if np.array_equal(rows, np.arange(len(self))):
            return self
        bags, runs, grams = (
            _picked(owners, rows, len(self)) for owners in (self.bags.owners, self.run_owners, self.gram_owners)
        )
        return type(self)(
            Bags(self.bags.terms[bags[0]], self.bags.weights[bags[0]], bags[1], len(rows)),
            self.runs[runs[0]],
            runs[1],
            self.grams[grams[0]],
            self.gram_weights[grams[0]],
            grams[1],
        )


def _owners(packed: Sequence[bytes], size: int) -> NDArray[np.intp]:
    sizes = np.fromiter(map(len, packed), dtype=np.intp, count=len(packed)) // size
    return np.repeat(np.arange(len(sizes)), sizes)


def _picked(owners: NDArray[np.intp], rows: NDArray[np.intp], count: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """(places, new owners) of what belongs to the chosen rows, in their order."""
    ends = np.cumsum(np.bincount(owners, minlength=count))
    starts = np.concatenate([[0], ends[:-1]]) if count else ends
    sizes = (ends - starts)[rows]
    firsts = np.repeat(starts[rows] - np.cumsum(sizes) + sizes, sizes)
    return firsts + np.arange(len(firsts)), np.repeat(np.arange(len(rows)), sizes)
