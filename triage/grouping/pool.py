"""Many stored vectors laid end to end, as scoring wants them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from triage.grouping.vector import RUN, TERM, Vector


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """Known vectors in one piece: the terms of vector ``i`` are ``terms[term_ends[i - 1] : term_ends[i]]``."""

    terms: NDArray[np.int32]
    weights: NDArray[np.uint8]
    term_ends: NDArray[np.int64]
    runs: NDArray[np.int32]
    run_ends: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.term_ends)

    @classmethod
    def of(cls, vectors: Sequence[Vector]) -> Self:
        """The pool of vectors at hand."""
        packed = [vector.to_bytes() for vector in vectors]
        return cls.unpack([terms for terms, _ in packed], [runs for _, runs in packed])

    @classmethod
    def unpack(cls, packed_terms: Sequence[bytes], packed_runs: Sequence[bytes]) -> Self:
        """The pool of stored vectors, read without a loop over documents.

        Raises ValueError if the sequences differ in length or a length cannot be right.
        """
        if len(packed_terms) != len(packed_runs):
            raise ValueError("Each vector has its terms and its runs.")
        terms = np.frombuffer(b"".join(packed_terms), dtype=TERM)
        return cls(
            np.ascontiguousarray(terms["hash"], dtype=np.int32),
            np.ascontiguousarray(terms["weight"]),
            _ends(packed_terms, TERM.itemsize),
            np.frombuffer(b"".join(packed_runs), dtype=RUN).astype(np.int32, copy=False),
            _ends(packed_runs, RUN.itemsize),
        )

    def term_owners(self) -> NDArray[np.intp]:
        """For each stored term, which vector it belongs to."""
        return _owners(self.term_ends)

    def run_owners(self) -> NDArray[np.intp]:
        """For each stored run, which vector it belongs to."""
        return _owners(self.run_ends)


def _ends(packed: Sequence[bytes], size: int) -> NDArray[np.int64]:
    return np.cumsum(np.fromiter(map(len, packed), dtype=np.int64, count=len(packed))) // size


def _owners(ends: NDArray[np.int64]) -> NDArray[np.intp]:
    return np.repeat(np.arange(len(ends)), np.diff(ends, prepend=0))
