"""Fitting a method to pairs that people, or the labels of a stream, have judged."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from triage.grouping.features import Numbers

RIDGE = 1.0  # how strongly weights are drawn to zero, on features of unit spread; it only matters with few pairs
_STEPS = 50
_SETTLED = 1e-8
_NO_SPREAD = 1e-9  # below, a feature is the same in every pair


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """Weights and bias on the features as they are, and the mean of each feature over pairs that are not the same."""

    weights: Numbers
    bias: float
    centre: Numbers


def fit(values: Numbers, same: NDArray[np.bool_], *, importance: Numbers | None = None) -> Fit:
    """The logistic regression of ``same`` (n,) on ``values`` (n, f), each row counting ``importance`` times.

    Newton's method on standardised features with a ridge, so the answer does not depend on their scale or on chance.
    Raises ValueError unless there are pairs of both kinds.
    """
    if same.all() or not same.any():
        raise ValueError("Fitting needs pairs that are the same and pairs that are not.")
    counts = np.ones(len(same)) if importance is None else importance
    mean = np.average(values, axis=0, weights=counts)
    spread = np.sqrt(np.average((values - mean) ** 2, axis=0, weights=counts))
    spread[spread < _NO_SPREAD] = 1  # a mean of equal numbers is not always that number
    design = np.column_stack([(values - mean) / spread, np.ones(len(values))])
    ridge = np.append(np.full(values.shape[1], RIDGE), 0.0)
    solution = np.zeros(design.shape[1])
    for _ in range(_STEPS):
        chance = 1 / (1 + np.exp(-(design @ solution)))
        slope = design.T @ (counts * (chance - same)) + ridge * solution
        curve = (design.T * (counts * chance * (1 - chance))) @ design + np.diag(ridge + 1e-9)
        step = np.linalg.solve(curve, slope)
        solution -= step
        if np.abs(step).max() < _SETTLED:
            break
    weights = solution[:-1] / spread
    return Fit(weights, float(solution[-1] - weights @ mean), values[~same].mean(axis=0))


def capped(groups: Sequence[int], *, most: int) -> Numbers:
    """How much each pair counts when no group of pairs may count for more than ``most`` of them.

    ``groups[i]`` is what pair ``i`` comes from: a merge of two large issues says one thing in very many pairs.
    """
    found, places, sizes = np.unique(np.asarray(groups), return_inverse=True, return_counts=True)
    share: Numbers = np.minimum(1.0, most / sizes)[places] if len(found) else np.ones(0)
    return share
