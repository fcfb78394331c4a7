"""D2, disproportionality: a kind of failure told of one artifact more often than of the others.

"More often than expected among reports here": a share of what is told, never a rate of failure. What is expected of a
cell follows from its row and its column within each stratum (a month of a source), added up, so that a month in which
everybody speaks of one thing, or a source that knows one artifact only, makes no signal.

Source: the information component with its gamma interval is Norén, Hopstadius and Bate 2013, Shrinkage
observed-to-expected ratios for robust and transparent large-scale pattern discovery; the stratified expectation is that
of Mantel and Haenszel 1959; the false discovery rate Benjamini and Hochberg 1995; the mid-p of a discrete count
Lancaster 1961. Ratios without shrinkage (PRR, ROR) gave 16 to 39 false cells in a table of 1,200.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Self

import numpy as np
from scipy import special

from triage.surveillance.baseline import ASSUMED_DISPERSION, MOST_DISPERSION
from triage.surveillance.counts import Real, Truth, Whole
from triage.surveillance.onset import onset
from triage.surveillance.tiers import Tier

LEAST_VOICES = 3
SHRINKAGE = 0.5  # voices added to observed and to expected: IC -> 0 where little is known
POISSON = 1.001  # a dispersion below this is as good as 1, where the negative binomial has no size
WIDTH = 0.95  # of the interval; its lower end is IC025
STEADY = 30  # cells that expect a voice at least, from which on they tell how restless the table is
MOST_FALSE = 0.1  # Benjamini-Hochberg: where nothing stands out, one table in ten has an alarm at most


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """Voices in lines, as ``reports`` counts them a day: codes from 0 on, all arrays of one length.

    ``rows`` are artifacts (versions, families and languages, contexts of use), ``columns`` kinds, ``strata`` months of
    sources, ``days`` ordinals of dates.
    """

    rows: Whole
    columns: Whole
    strata: Whole
    issues: Whole
    days: Whole
    voices: Whole

    def where(self, kept: Truth | Whole) -> Told:
        """Some of the lines: those that are true, or those numbered, in that order."""
        return Told(
            self.rows[kept],
            self.columns[kept],
            self.strata[kept],
            self.issues[kept],
            self.days[kept],
            self.voices[kept],
        )

    def without(self, issue: int) -> Told:
        return self.where(self.issues != issue)


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """The table, every array (rows, columns).

    ``ic`` is log2 of observed over expected, drawn to 0 where little is known, ``low`` and ``high`` its interval of 95
    in 100; ``p`` the mid-p of so many or more; ``q`` the same under control of the false discovery rate over all cells
    that could have a voice.
    """

    observed: Whole
    expected: Real
    ic: Real
    low: Real
    high: Real
    p: Real
    q: Real

    @property
    def watches(self) -> Truth:
        """Cells at least at *watch*."""
        return np.asarray((self.observed >= LEAST_VOICES) & (self.low > 0))

    def alarms(self, most_false: float = MOST_FALSE) -> Truth:
        return np.asarray(self.watches & (self.q <= most_false))

    @classmethod
    def of(cls, told: Told, rows: int, columns: int) -> Self:
        """The table of ``rows`` by ``columns``; what has no voice at all is a cell too, and of no interest."""
        observed = np.bincount(told.rows * columns + told.columns, told.voices, minlength=rows * columns)
        return cls.judge(observed.reshape(rows, columns).astype(np.int64), expectation(told, rows, columns))

    @classmethod
    def judge(cls, observed: Whole, expected: Real) -> Self:
        """The table of what was observed and expected, both (rows, columns)."""
        restless = dispersion(observed, expected)
        ic, low, high = information_component(observed, expected, restless)
        p, possible = mid_p(observed, expected, restless), expected > 0
        q = np.ones(p.shape)
        if possible.any():
            q[possible] = false_discovery(p[possible])
        return cls(observed, expected, ic, low, high, p, q)


@dataclass(frozen=True, slots=True)
class Disproportion:
    """One cell that stands out.

    ``interval`` is that of ``ic``. ``drivers`` are the issues behind it and their voices, the most first;
    ``low_without_first`` is the lower end without the first of them: not above 0, it is one issue that makes the cell.
    """

    row: int
    column: int
    tier: Tier
    observed: int
    expected: float
    ratio: float
    ic: float
    interval: tuple[float, float]
    p: float
    q: float
    drivers: tuple[tuple[int, int], ...]
    low_without_first: float
    since: date


def expectation(told: Told, rows: int, columns: int) -> Real:
    """What is to be expected of each cell: row total x column total / total within a stratum, added over strata.

    >>> codes = np.array([0, 0, 1, 1])
    >>> told = Told(codes, np.array([0, 1, 0, 1]), codes * 0, codes, codes, np.array([6, 2, 2, 0]))
    >>> expectation(told, 2, 2).tolist()
    [[6.4, 1.6], [1.6, 0.4]]
    """
    strata = int(told.strata.max(initial=-1)) + 1
    by_row = np.bincount(told.rows * strata + told.strata, told.voices, minlength=rows * strata)
    by_column = np.bincount(told.columns * strata + told.strata, told.voices, minlength=columns * strata)
    totals = np.maximum(np.bincount(told.strata, told.voices, minlength=strata), 1)
    return np.asarray((by_row.reshape(rows, strata) / totals) @ by_column.reshape(columns, strata).T)


def dispersion(observed: Whole, expected: Real) -> float:
    """Variance over mean of the cells, at least 1 (Poisson): voices come in clumps, since an issue is told of at once.

    Pearson's statistic over its degrees of freedom, over cells that expect a voice at least; what stands out by itself
    counts no more than four deviations, or signals would excuse each other. Without it, clumps of 1.5 gave 1.5 false
    alarms a table instead of 0.02.
    """
    usual = expected >= 1
    if usual.sum() < STEADY:
        return ASSUMED_DISPERSION
    freedom = np.prod([(size - 1) / size for size in observed.shape])
    pearson = (observed[usual] - expected[usual]) ** 2 / expected[usual] / freedom
    phi = max(float(pearson.mean()), 1.0)
    for _ in range(2):
        phi = max(float(np.minimum(pearson, 16 * phi).mean()), 1.0)
    return min(phi, MOST_DISPERSION)


def information_component(
    observed: Whole, expected: Real, restless: float = 1.0, width: float = WIDTH
) -> tuple[Real, Real, Real]:
    """The information component and both ends of its interval: log2 of (O + 1/2) / (E + 1/2), and gamma quantiles.

    In a table with a dispersion above 1, so many voices tell as much as one, and the interval is wider.

    >>> [round(float(end[0]), 2) for end in information_component(np.array([10]), np.array([2.0]))]
    [2.07, 1.04, 2.83]
    """
    shape, rate = observed / restless + SHRINKAGE, expected / restless + SHRINKAGE
    low = special.gammaincinv(shape, (1 - width) / 2) / rate
    high = special.gammaincinv(shape, (1 + width) / 2) / rate
    return np.log2((observed + SHRINKAGE) / (expected + SHRINKAGE)), np.log2(low), np.log2(high)


def mid_p(observed: Whole, expected: Real, restless: float = 1.0) -> Real:
    """The chance of more than ``observed`` and half that of just as many.

    Of a Poisson count with that expectation, or where the dispersion is above 1 of a negative binomial with it.

    >>> float(mid_p(np.array([0]), np.array([0.0]))[0])
    0.5
    """
    return (_at_least(observed, expected, restless) + _at_least(observed + 1, expected, restless)) / 2


def _at_least(observed: Whole, expected: Real, restless: float) -> Real:
    counted = np.maximum(observed, 1)
    if restless < POISSON:
        chance = special.gammainc(counted, expected)
    else:
        size = np.maximum(expected, 1e-300) / (restless - 1)
        chance = special.betainc(counted, size, 1 - 1 / restless)
    return np.where(observed > 0, chance, 1.0)


def false_discovery(p: Real) -> Real:
    """The share of false cells to be expected among those at least as unlikely as each: Benjamini and Hochberg's.

    >>> false_discovery(np.array([0.01, 0.5, 0.02])).round(3).tolist()
    [0.03, 0.5, 0.03]
    """
    order = np.argsort(p)
    ranked = p[order] * len(p) / np.arange(1, len(p) + 1)
    q = np.empty(len(p))
    q[order] = np.minimum.accumulate(ranked[::-1])[::-1]
    return np.minimum(q, 1.0)


def disproportions(told: Told, rows: int, columns: int, most_false: float = MOST_FALSE) -> list[Disproportion]:
    """What stands out, the least likely first, ties in the order of the table."""
    cells = Cells.of(told, rows, columns)
    found, alarms = np.argwhere(cells.watches), cells.alarms(most_false)
    order = np.argsort(cells.p[tuple(found.T)], kind="stable")
    return [
        _disproportion(told, cells, int(row), int(column), bool(alarms[row, column])) for row, column in found[order]
    ]


def drivers(told: Told, row: int, column: int) -> list[tuple[int, int]]:
    """The issues of a cell and their voices, the most first, ties to the lower number."""
    here = told.where((told.rows == row) & (told.columns == column))
    issues, places = np.unique(here.issues, return_inverse=True)
    voices = np.bincount(places, here.voices, minlength=len(issues)).astype(np.int64)
    return [(int(issues[at]), int(voices[at])) for at in np.lexsort((issues, -voices))]


def _disproportion(told: Told, cells: Cells, row: int, column: int, is_alarm: bool) -> Disproportion:
    behind = drivers(told, row, column)
    rest = Cells.of(told.without(behind[0][0]), *cells.observed.shape)
    observed, expected = int(cells.observed[row, column]), float(cells.expected[row, column])
    return Disproportion(
        row=row,
        column=column,
        tier="alarm" if is_alarm else "watch",
        observed=observed,
        expected=expected,
        ratio=observed / expected,
        ic=float(cells.ic[row, column]),
        interval=(float(cells.low[row, column]), float(cells.high[row, column])),
        p=float(cells.p[row, column]),
        q=float(cells.q[row, column]),
        drivers=tuple(behind),
        low_without_first=float(rest.low[row, column]),
        since=_since(told, row, column, expected),
    )


def _since(told: Told, row: int, column: int, expected: float) -> date:
    """The day from which on the cell exceeds its share of what was told each day."""
    begin = int(told.days.min())
    daily = np.bincount(told.days - begin, told.voices)
    here = (told.rows == row) & (told.columns == column)
    own = np.bincount(told.days[here] - begin, told.voices[here], minlength=len(daily))
    return date.fromordinal(begin + (onset(own, expected * daily / daily.sum(), own.sum() / expected) or 0))


def codes_of(values: Sequence[object]) -> tuple[Whole, list[object]]:
    """Numbers from 0 on for what stands in a column, in the order of first appearance, and what they stand for.

    >>> codes_of(["pt", "sw", "pt"])
    (array([0, 1, 0]), ['pt', 'sw'])
    """
    known: dict[object, int] = {}
    codes = [known.setdefault(value, len(known)) for value in values]
    return np.array(codes, dtype=np.int64), list(known)
