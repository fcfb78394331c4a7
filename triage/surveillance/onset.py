"""Since when: the day on which an excess began."""

import numpy as np

from triage.surveillance.counts import Real, Whole


def onset(observed: Whole | Real, expected: Real) -> int | None:
    """The column from which on the excess over what was expected adds up to most; None if it never exceeds.

    Both (days,). Ties go to the later column, which is the shorter story.

    Source: Page 1954, Continuous inspection schemes: the last zero of the cumulative sum estimates the change.

    >>> onset(np.array([0, 1, 0, 0, 3, 4]), np.full(6, 0.5))
    4
    >>> onset(np.zeros(3), np.ones(3)) is None
    True
    """
    excess = np.cumsum((observed - expected)[::-1])
    if not len(excess) or excess.max() <= 0:
        return None
    return len(excess) - 1 - int(np.argmax(excess))
