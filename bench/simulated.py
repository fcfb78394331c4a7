"""Sites that never were: quiet issues, weekdays, clumps, launches, campaigns, bursts, and tables of cells.

What is known of each is what was put in, so false alarms, delays and misses can be counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from triage.surveillance.baseline import SERIES_DAYS
from triage.surveillance.counts import Counts, Real, Whole

LAST = date(2026, 11, 22)
WEEKDAYS = np.array([1.15, 1.2, 1.15, 1.1, 1.0, 0.65, 0.75])  # Monday first
MEDIAN_RATE, SPREAD, MOST_RATE = 0.08, 1.25, 20.0  # voices a day, lognormal: the mean is 0.17, few are busy
CLUMPS = 1.5  # variance over mean of daily voices
COPIES = 0.3  # raw reports beyond one, a voice
WARM_UP = SERIES_DAYS - 1  # columns before the first evening


@dataclass(frozen=True, slots=True, eq=False)
class Site:
    """Issues with the rates they really have, in voices a mean day, and the artifacts they are about."""

    rates: Real
    artifacts: Whole

    def __len__(self) -> int:
        return len(self.rates)

    def means(self, days: int) -> Real:
        """Expected voices, (issues, days)."""
        weekdays = (LAST.weekday() - np.arange(days - 1, -1, -1)) % 7
        return np.outer(self.rates, WEEKDAYS[weekdays])

    @property
    def rest(self) -> Real:
        """What is told a day about the rest of each issue's artifact."""
        return np.asarray(np.bincount(self.artifacts, weights=self.rates)[self.artifacts] - self.rates)


def quiet_rates(random: np.random.Generator, issues: int, median: float = MEDIAN_RATE) -> Real:
    return np.minimum(median * np.exp(SPREAD * random.standard_normal(issues)), MOST_RATE)


def quiet_site(random: np.random.Generator, issues: int) -> Site:
    """Artifacts of one issue and of a hundred: sizes have a long tail."""
    sizes = np.minimum(1 + 2 * random.pareto(1.0, issues), 120).astype(np.int64)
    artifacts = np.repeat(np.arange(issues), sizes)[:issues]
    return Site(quiet_rates(random, issues), artifacts)


def launching_site(random: np.random.Generator, artifacts: int) -> Site:
    """Artifacts of 2 to 80 issues."""
    sizes = np.clip(2 + 3 * random.pareto(1.0, artifacts), 2, 80).astype(np.int64)
    return Site(quiet_rates(random, int(sizes.sum())), np.repeat(np.arange(artifacts), sizes))


def bursting_site(random: np.random.Generator, targets: int, rate: float, beside: int = 5) -> Site:
    """Each artifact has one issue of that rate, the first, and some quiet ones beside it."""
    rates = quiet_rates(random, targets * (beside + 1))
    rates[:: beside + 1] = rate
    return Site(rates, np.repeat(np.arange(targets), beside + 1))


def moods(random: np.random.Generator, means: Real, strength: float = 0.3) -> Real:
    """Means that wander from week to week, each issue for itself: days that are not independent."""
    weeks = -(-means.shape[1] // 7)
    steps = random.standard_normal((len(means), weeks))
    for week in range(1, weeks):
        steps[:, week] = 0.7 * steps[:, week - 1] + np.sqrt(1 - 0.7**2) * steps[:, week]
    factors = np.exp(strength * steps - strength**2 / 2)
    return np.asarray(means * np.repeat(factors, 7, axis=1)[:, : means.shape[1]])


def drawn(random: np.random.Generator, means: Real, clumps: float) -> Whole:
    """Counts: negative binomial with variance ``clumps`` x mean, or Poisson at 1."""
    if clumps == 1:
        return random.poisson(means)
    return random.negative_binomial(np.maximum(means, 1e-12) / (clumps - 1), 1 / clumps)


def told(random: np.random.Generator, means: Real, clumps: float = CLUMPS) -> Counts:
    """Voices and their raw reports."""
    voices = drawn(random, means, clumps)
    reports = voices + random.poisson(COPIES * voices)
    return Counts(LAST, voices, reports, np.zeros(len(voices), dtype=np.int64))


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """Where voices of a table fall: shares of (rows, columns, strata), which add up to 1 while nothing stands out."""

    shares: Real

    def voices(self, random: np.random.Generator, total: int, clumps: float = 1.0) -> Whole:
        return drawn(random, self.shares * total, clumps)

    def expected(self, total: int) -> Real:
        return np.asarray(self.shares.sum(axis=2) * total)

    def raised(self, cell: tuple[int, int], times: float) -> World:
        shares = self.shares.copy()
        shares[cell] *= times
        return World(shares)


def world(random: np.random.Generator, rows: int = 40, columns: int = 30, strata: int = 12) -> World:
    """Large and small artifacts and kinds, both waxing and waning over the strata, each for itself."""

    def margins(size: int, spread: float) -> Real:
        drift = np.exp(0.3 * random.standard_normal((size, strata)))
        parts = np.exp(spread * random.standard_normal(size))[:, None] * drift
        return np.asarray(parts / parts.sum(axis=0))

    sizes = np.exp(0.5 * random.standard_normal(strata))
    return World(margins(rows, 1.0)[:, None, :] * margins(columns, 0.7)[None] * (sizes / sizes.sum()))


def expectation_of(voices: Whole) -> Real:
    """As ``triage.surveillance.disproportionality.expectation``, of a table that is whole already."""
    by_row, by_column = voices.sum(axis=1), voices.sum(axis=0)
    return np.asarray((by_row / np.maximum(voices.sum(axis=(0, 1)), 1)) @ by_column.T)
