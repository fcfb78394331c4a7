"""The version radar: is a kind of failure told of more often since a release?

Two questions, and both must be answered with yes. Is more told a day? And is it a larger share of all that is told? A
release that everybody tries raises the first for every kind, a quiet week after a busy one the second. Where voices
come in clumps, so many of them tell as much as one, and the exact tests are asked of the fewer.

Source: Przyborowski and Wilenski 1940 for two Poisson counts given their sum (binomial); Fisher 1935 for the share
(hypergeometric); Clopper and Pearson 1934 for the interval.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from math import ceil, floor

import numpy as np
from scipy import special

from triage.surveillance.counts import Real, Whole
from triage.surveillance.tiers import Bars, Tier

LEAST_VOICES = 3  # since the release
BARS = Bars(watch=0.005, alarm=0.001)
WIDTH = 0.95


@dataclass(frozen=True, slots=True)
class Span:
    """Voices of a kind and of all kinds on the days before, or since, a release; ``days`` may be weighted days."""

    voices: int
    all_voices: int
    days: float

    def __post_init__(self) -> None:
        if not 0 <= self.voices <= self.all_voices or self.days <= 0:
            raise ValueError(f"A kind has no more voices than all kinds, and a span lasts: {self}.")


@dataclass(frozen=True, slots=True)
class Change:
    """Before and since a release. ``expected`` is what the rate before lets expect; ``ratio`` is that of the rates.

    ``p_rate`` and ``p_share`` are one-sided, ``p`` the larger of them. ``interval`` is the ratio's, infinity where
    nothing was told before.
    """

    observed: int
    expected: float
    ratio: float
    interval: tuple[float, float]
    p_rate: float
    p_share: float
    since: date

    @property
    def p(self) -> float:
        return max(self.p_rate, self.p_share)

    def tier(self, bars: Bars = BARS) -> Tier | None:
        return bars.tier(self.p) if self.observed >= LEAST_VOICES else None


def change(before: Span, since: Span, released_on: date, restless: float = 1.0) -> Change:
    """What has changed with a release, where the site's dispersion is ``restless``, at least 1.

    >>> told = change(Span(4, 40, 56), Span(12, 20, 14), date(2026, 11, 1))
    >>> round(told.ratio, 1), told.tier()
    (12.0, 'alarm')
    >>> change(Span(4, 40, 56), Span(8, 80, 14), date(2026, 11, 1)).tier() is None  # a launch: all is told more
    True
    """
    rate = before.voices / before.days
    told_before, told_since = _fewer(before, restless, ceil), _fewer(since, restless, floor)
    return Change(
        observed=since.voices,
        expected=rate * since.days,
        ratio=since.voices / since.days / rate if rate else float("inf") if since.voices else 1.0,
        interval=ratio_interval(told_before, told_since),
        p_rate=p_of_rate(told_before, told_since),
        p_share=p_of_share(told_before, told_since),
        since=released_on,
    )


def _fewer(span: Span, restless: float, whole: Callable[[float], int]) -> Span:
    """As many voices as tell as much where there are no clumps: rounded against a change."""
    kind, others = whole(span.voices / restless), round((span.all_voices - span.voices) / restless)
    return Span(kind, kind + others, span.days)


def p_of_rate(before: Span, since: Span) -> float:
    """The chance of at least so many of the voices since, given the voices in all, if the rate is the same."""
    share = since.days / (before.days + since.days)
    return float(special.bdtrc(since.voices - 1, before.voices + since.voices, share))


def p_of_share(before: Span, since: Span) -> float:
    """The chance of at least so many since, given how many voices there were of each kind and in each span."""
    kind, drawn = before.voices + since.voices, since.all_voices
    others = before.all_voices + since.all_voices - kind
    if since.voices <= max(0, drawn - others):
        return 1.0
    voices = np.arange(since.voices, min(kind, drawn) + 1)
    chances = _log_ways(kind, voices) + _log_ways(others, drawn - voices) - _log_ways(kind + others, drawn)
    return min(1.0, float(np.exp(chances).sum()))


def _log_ways(many: int, chosen: Whole | int) -> Real:
    """The logarithm of how many ways there are to choose so many out of ``many``."""
    return np.asarray(special.gammaln(many + 1) - special.gammaln(chosen + 1) - special.gammaln(many - chosen + 1))


def ratio_interval(before: Span, since: Span, width: float = WIDTH) -> tuple[float, float]:
    """Exact, of the rate since over the rate before: (0, inf) where nothing was told at all.

    >>> ratio_interval(Span(0, 0, 7), Span(0, 0, 7))
    (0.0, inf)
    """
    tail, total = (1 - width) / 2, before.voices + since.voices
    low = float(special.betaincinv(since.voices, before.voices + 1, tail)) if since.voices else 0.0
    high = float(special.betaincinv(since.voices + 1, before.voices, 1 - tail)) if before.voices else 1.0
    days = before.days / since.days
    return (low / (1 - low) * days if total else 0.0, high / (1 - high) * days if high < 1 else float("inf"))
