"""Since when: the day on which an excess began."""

import numpy as np

from triage.surveillance.counts import Real, Whole


def onset(observed: Whole | Real, expected: Real, ratio: float) -> int | None:
    """The column from which on ``ratio`` times what was expected explains the days best; None if it never does.

    Both (days,). A single voice a few days before does not count for a beginning. Ties go to the later column.

    Source: Page 1954, with the reference value of the Poisson cumulative sum (Lucas 1985): since its last zero.

    >>> onset(np.array([1, 0, 0, 0, 3, 4]), np.full(6, 0.5), 7.0)
    4
    >>> onset(np.zeros(3), np.ones(3), 2.0) is None
    True
    """
    if ratio <= 1 or not len(observed):
        return None
    growth = np.cumsum((observed * np.log(ratio) - expected * (ratio - 1))[::-1])
    return len(growth) - 1 - int(np.argmax(growth)) if growth.max() > 0 else None
