"""Counts for tests: invented, small, and the same every time."""

from datetime import date

import numpy as np

from triage.surveillance.baseline import SERIES_DAYS, Usual
from triage.surveillance.counts import Counts, Real, Whole

LAST = date(2026, 11, 22)  # a Sunday
PLAIN = Usual(np.ones(7), (1.5, 1.5, 1.5))  # every weekday alike


def quiet(random: np.random.Generator, issues: int, days: int = SERIES_DAYS, rate: float = 0.2) -> Whole:
    """Voices with a variance of 1.5 times their mean."""
    return random.negative_binomial(2 * rate, 1 / 1.5, (issues, days))


def counts_of(voices: Whole, reports: Whole | None = None, first: Whole | None = None) -> Counts:
    beginning = np.zeros(len(voices), dtype=np.int64)
    return Counts(LAST, voices, voices if reports is None else reports, beginning if first is None else first)


def steady(issues: int, a_week: int = 1) -> Whole:
    """So many voices once a week, on the day before the last six, none on other days."""
    voices = np.zeros((issues, SERIES_DAYS), dtype=np.int64)
    voices[:, -6 - 56 :: 7] = a_week
    return voices


def apart(issues: int) -> Whole:
    """Each about an artifact of its own."""
    return np.arange(issues)


def weights_of(voices: Whole) -> Real:
    return np.ones(voices.shape)
