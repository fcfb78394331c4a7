"""What an embedder is to the rest of the house, and what every one of them promises."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
SHORTEST = 1e-6  # a vector shorter than this has no direction


class EmbedderUnavailable(Exception):
    """The embedder cannot be had, or what it answered cannot be used. A sentence for whoever runs the site."""


class Embedder(Protocol):
    """One way of turning texts into vectors.

    ``id`` changes whenever the same text may get another vector. ``languages`` are primary language tags, empty if it
    reads every language. Text beyond ``max_tokens`` is cut. Finding ``dimension`` may mean asking a server.
    """

    @property
    def id(self) -> str: ...

    @property
    def dimension(self) -> int: ...

    @property
    def languages(self) -> frozenset[str]: ...

    @property
    def max_tokens(self) -> int: ...

    def encode(self, texts: Sequence[str]) -> Vectors:
        """One row of unit length for each text, (n, dimension). Raises EmbedderUnavailable and nothing else."""
        ...


def unit_rows(rows: object, count: int) -> Vectors:
    """``rows`` as (count, d) float32 of unit length. Raises EmbedderUnavailable if they are anything else.

    >>> unit_rows([[3, 4]], 1).tolist()
    [[0.6000000238418579, 0.800000011920929]]
    """
    try:
        vectors = np.asarray(rows, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise EmbedderUnavailable("The embedder answered with something other than rows of numbers.") from error
    if vectors.ndim != 2 or vectors.shape[0] != count or not vectors.shape[1]:
        raise EmbedderUnavailable(f"The embedder answered with the shape {vectors.shape} for {count} texts.")
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not np.isfinite(lengths).all() or (lengths < SHORTEST).any():
        raise EmbedderUnavailable("The embedder answered with a vector that has no direction.")
    units: Vectors = (vectors / lengths).astype(np.float32)
    return units
