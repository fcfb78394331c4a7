"""What is usual: the 56 days before the last week, by weekday, with the dispersion of the whole site.

The baseline ends before the longest window begins, for all windows alike. So a voice within the last seven days can
only raise what is observed, never what is expected, and a burst that begins slowly does not hide itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from triage.surveillance.counts import Counts, Real, Whole

WINDOWS = (1, 3, 7)  # days
BASELINE_DAYS = 56  # eight of each weekday
SERIES_DAYS = BASELINE_DAYS + max(WINDOWS)  # what a judgement reads
LEAST_EXPOSURE = 14  # days of baseline, below which a thing is young: triage.surveillance.emergence looks at it
ALARM_DAY_WEIGHT = (
    0.1  # of a day of a past alarm, 0 to 1: a burst must not become usual, but what lasts must in the end
)
PSEUDO_VOICES = 0.5  # Jeffreys' prior of a Poisson rate. One worth 30 days biased busy issues low and flooded
STEADY = 30  # voices a weekday, and issues of a dispersion, from which on they say more than what is assumed
ASSUMED_DISPERSION = 1.5  # variance over mean of daily counts, until there are enough issues to tell
EVEN = 28  # voices in the baseline, one in two days: one very busy issue does not tell for all
MOST_DISPERSION = 5.0  # the ceiling: whoever makes the whole site restless must not make it deaf


@dataclass(frozen=True, slots=True, eq=False)
class Usual:
    """What the whole site tells about a day: ``weekdays`` (7,), mean 1, and a dispersion >= 1 for each window."""

    weekdays: Real
    dispersion: tuple[float, ...]

    @classmethod
    def of(cls, counts: Counts, weights: Real | None = None) -> Usual:
        """From the baseline days of all things together. ``weights`` (things, days), 1 for a day like any other."""
        base, weekdays = counts.voices[:, : -max(WINDOWS)], counts.weekdays[: -max(WINDOWS)]
        share = np.ones(base.shape) if weights is None else weights[:, : -max(WINDOWS)]
        factors = weekday_factors(np.asarray((base * share).sum(axis=0)), weekdays)
        steady = np.asarray((share >= 1).all(axis=1) & (counts.first == 0))
        known = base[steady]
        return cls(factors, tuple(dispersion(known, factors[weekdays], window) for window in WINDOWS))


def weekday_factors(voices: Real, weekdays: Whole) -> Real:
    """How busy each weekday is beside the mean of the seven, from the site's voices a day; drawn to 1 while few.

    >>> quiet_sundays = np.array([20.0] * 6 + [2.0] * 1)
    >>> weekday_factors(np.tile(quiet_sundays, 8), np.arange(56) % 7).round(2).tolist()
    [1.12, 1.12, 1.12, 1.12, 1.12, 1.12, 0.27]
    """
    totals = np.bincount(weekdays, weights=voices, minlength=7)
    seen = np.bincount(weekdays, minlength=7)
    usual = seen * voices.mean() if len(voices) else np.zeros(7)
    factors = (totals + STEADY) / (usual + STEADY)
    return np.asarray(factors / factors.mean())


def dispersion(voices: Whole, exposure: Real, window: int) -> float:
    """Variance over mean of counts of ``window`` days, pooled over things, at least 1 (Poisson).

    ``voices`` (things, days) and ``exposure`` (days,). By pairs of voices: those of one window come as often as those
    of two windows let expect, and more often only by dispersion. Each thing keeps its own rate, which need not be
    known. So nothing is drawn to 1, or from it, by the many things with a voice or two, as Pearson's statistic over its
    degrees of freedom is. The busy count as much as one with ``EVEN`` voices.

    Source: factorial moments of the negative binomial of variance phi * mean (Johnson, Kemp and Kotz 2005, §5.3).
    """
    blocks = voices.shape[1] // window
    grouped = voices[:, : blocks * window].reshape(len(voices), blocks, window).sum(axis=2)
    share = exposure[: blocks * window].reshape(blocks, window).sum(axis=1)
    share = share / max(share.sum(), 1e-9)
    totals = grouped.sum(axis=1)
    if (totals > 1).sum() < STEADY or blocks < 2:
        return ASSUMED_DISPERSION
    same = (share**2).sum()
    within = (grouped * (grouped - 1)).sum(axis=1)
    between = totals**2 - (grouped**2).sum(axis=1)
    weight = np.minimum(1.0, EVEN / np.maximum(totals, 1))
    excess = (weight * (within - between * same / (1 - same))).sum() / (weight * totals).sum()
    return float(np.clip(1 + excess, 1.0, MOST_DISPERSION))


@dataclass(frozen=True, slots=True, eq=False)
class Baseline:
    """Of each thing, what is known before the last week: weighted voices, the exposure they came from, days of it.

    Exposure is in mean days: a Sunday half as busy as the mean day is half a day.
    """

    voices: Real
    exposure: Real
    days: Whole

    @property
    def rate(self) -> Real:
        """Voices a mean day: the posterior mean with half a pseudo-voice."""
        return (self.voices + PSEUDO_VOICES) / np.maximum(self.exposure, 1e-9)

    @classmethod
    def of(cls, counts: Counts, usual: Usual, weights: Real | None = None) -> Baseline:
        columns = counts.days - max(WINDOWS)
        there = np.arange(columns) >= counts.first[:, None]
        share = there if weights is None else there * weights[:, :columns]
        exposure: NDArray[np.float64] = share @ usual.weekdays[counts.weekdays[:columns]]
        voices = (counts.voices[:, :columns] * share).sum(axis=1)
        return cls(voices.astype(np.float64), exposure, there.sum(axis=1).astype(np.int64))
