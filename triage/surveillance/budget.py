"""The alert budget: a cap on alarms a week. It can make a tier stricter than its own level, and never looser."""

from __future__ import annotations

import numpy as np
from scipy import special

from triage.surveillance.counts import Real
from triage.surveillance.episodes import episodes

SURE = 0.99  # how sure one is that quiet weeks keep the budget: at 0.95, the next year did not always keep it
DAYS_A_WEEK = 7


def most_a_week(alarms: int, weeks: float, sure: float = SURE) -> float:
    """The upper limit of alarms a week, after so many in so many weeks.

    Source: Garwood 1936, the exact interval of a Poisson rate.

    >>> round(most_a_week(0, 1), 2)
    4.61
    """
    return float(special.gammaincinv(alarms + 1, sure)) / weeks


def level_within(budget_a_week: float, p: Real, ratio: Real, own: float, sure: float = SURE) -> float:
    """The level of p for a tier: its ``own``, or less if quiet history would have exceeded the budget with it.

    ``p`` and ``ratio`` are (days, things), the oldest day first: the smallest p of each evening of a quiet history, and
    observed over expected, days of what people confirmed left out as p = 1. The upper limit of alarms a week has to lie
    within the budget, so a short history makes strict; no history at all says nothing, and the tier keeps its own.
    Returns a number in [0, own]: 0 where not even one alarm fits.
    """
    if not len(p):
        return own
    weeks = len(p) / DAYS_A_WEEK

    def fits(level: float) -> bool:
        spoken = int(episodes(p <= level, ratio).sum())
        return most_a_week(spoken, weeks, sure) <= budget_a_week

    if fits(own):
        return own
    levels = np.unique(p[p <= own])
    low, high = -1, len(levels) - 1  # levels[low] fits, levels[high] does not
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(float(levels[middle])) else (low, middle)
    return float(levels[low]) if low >= 0 else 0.0
