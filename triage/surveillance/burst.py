"""D1, bursts: more voices within 1, 3 or 7 days than 56 days before let expect.

The count of a window is predicted from what was counted before: a rate with its uncertainty (Poisson counts, gamma
posterior, so negative binomial), made wider by the site's dispersion, and moved by how much more is told about the
artifact altogether, so that a launch does not light every issue.

Source: the tail is the posterior predictive of a gamma-Poisson model (Gelman et al., Bayesian Data Analysis, §2.6);
down-weighting of past alarms and a least count are ideas of Farrington et al. 1996 and Noufaily et al. 2013.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from scipy import special

from triage.surveillance.baseline import LEAST_EXPOSURE, PSEUDO_VOICES, SERIES_DAYS, WINDOWS, Baseline, Usual
from triage.surveillance.campaign import possible_campaign
from triage.surveillance.counts import Counts, Real, Truth, Whole
from triage.surveillance.onset import onset
from triage.surveillance.tiers import Bars, Tier

LEAST_VOICES = 3  # two is a coincidence
BARS = Bars(watch=0.005, alarm=0.0008)  # of the smallest p of the three windows; measured in docs/early-warning.md
LAUNCH_PRIOR = 0.25  # voices: how much weighs that an artifact is told of no more than usual; 1 let launches through
TELLS_OF_LAUNCH = 0.3  # voices a day about the rest of an artifact, below which a launch often looks like a burst


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """Of each thing and window, (things, windows): what was observed, was to be expected, and how unlikely that is.

    ``p`` is the chance of at least so many voices if nothing has changed; 1 for what is young or has less than three
    voices. ``spread`` is the size of the negative binomial, ``launch`` how many times as much as usual is told about
    the rest of the artifact, at least 1; ``rest`` (things,) how many voices a day that usually is.
    """

    rest: Real
    observed: Whole
    reports: Whole
    expected: Real
    spread: Real
    launch: Real
    p: Real

    @property
    def window(self) -> Whole:
        """The place in ``WINDOWS`` that says most, the shorter one where two say the same."""
        return np.asarray(np.argmin(self.p, axis=1), dtype=np.int64)

    @property
    def best(self) -> Real:
        """The smallest p of each thing. It is the smallest of three and no probability: the bars take that in."""
        return np.asarray(self.p.min(axis=1, initial=1.0))

    @property
    def ratio(self) -> Real:
        """Observed over expected in the window that says most."""
        rows = np.arange(len(self.p))
        return np.asarray(self.observed[rows, self.window] / self.expected[rows, self.window])

    @property
    def is_campaign(self) -> Truth:
        """Which windows (things, windows) hold far more reports than voices."""
        return possible_campaign(self.reports, self.observed)

    @property
    def best_unheld(self) -> Real:
        """The smallest p of the windows that are no possible campaign: copies of one day do not silence a week."""
        return np.asarray(np.where(self.is_campaign, 1.0, self.p).min(axis=1, initial=1.0))


@dataclass(frozen=True, slots=True)
class Burst:
    """One thing that is told of more than usual.

    ``band`` is where 95 of 100 such counts lie if nothing has changed. ``tier`` is never "alarm" for a possible
    campaign: it waits for a look as "watch". ``launch`` is by how much more is told about the rest of the artifact, and
    ``is_alone`` says that too little is told about it to know: a launch would look the same.
    """

    thing: int
    tier: Tier
    window_days: int
    observed: int
    reports: int
    expected: float
    band: tuple[int, int]
    ratio: float
    p: float
    launch: float
    is_alone: bool
    since: date
    is_possible_campaign: bool


def tail(least: Whole, expected: Real, spread: Real) -> Real:
    """The chance of ``least`` or more, of a negative binomial with mean ``expected`` and size ``spread``.

    The variance is expected + expected² / spread. Exact, by the regularised incomplete beta function; never 0, though
    there are chances too small for a number, so that a level of 0 is met by nothing.

    >>> chance = tail(np.array([0, 3]), np.array([0.7, 0.7]), np.array([2.0, 2.0]))
    >>> chance.round(4).tolist()
    [1.0, 0.0562]
    """
    chance = special.betainc(np.maximum(least, 1), spread, expected / (expected + spread))
    return np.where(least > 0, np.maximum(chance, np.finfo(np.float64).tiny), 1.0)


def quantile(share: float, expected: float, spread: float) -> int:
    """The least count that is not exceeded with at least that chance, of the same negative binomial.

    >>> quantile(0.5, 0.7, 2.0), quantile(0.975, 0.7, 2.0)
    (0, 3)
    """
    most, chances = 8, np.zeros(1)
    while chances[-1] < share:
        most *= 4
        chances = special.betainc(spread, np.arange(1, most + 1), spread / (spread + expected))
    return int(np.searchsorted(chances, share))


def judge(counts: Counts, artifacts: Whole, usual: Usual, weights: Real | None = None) -> Judged:
    """All things on the evening of ``counts.last``; ``counts`` has ``SERIES_DAYS`` columns.

    ``artifacts`` (things,) says what each is about, in numbers from 0 on; things of one artifact tell of its launch.
    Of things that are about no one artifact, such as themes, say 0 for all: the rest is then all of the site.
    ``weights`` (things, days) in (0, 1] are lower for days of past alarms.
    """
    if counts.days != SERIES_DAYS:
        raise ValueError(f"A judgement reads {SERIES_DAYS} days, and here are {counts.days}.")
    baseline = Baseline.of(counts, usual, weights)
    exposure = usual.weekdays[counts.weekdays]
    columns = []
    for window, dispersion in zip(WINDOWS, usual.dispersion, strict=True):
        observed, reports = counts.voices[:, -window:].sum(axis=1), counts.reports[:, -window:].sum(axis=1)
        launch, doubt = _launch(counts, artifacts, exposure, window)
        expected = baseline.rate * exposure[-window:].sum() * launch
        doubt += 1 / (baseline.voices + PSEUDO_VOICES)
        spread = expected**2 / (dispersion * (expected + expected**2 * doubt) - expected)
        p = np.ones(len(counts))
        counted = (baseline.days >= LEAST_EXPOSURE) & (observed >= LEAST_VOICES)
        p[counted] = tail(observed[counted], expected[counted], spread[counted])
        columns.append((observed, reports, expected, spread, launch, p))
    rest = _rest(counts, artifacts, slice(0, -max(WINDOWS))) / exposure[: -max(WINDOWS)].sum()
    return Judged(rest, *(np.stack(column, axis=1) for column in zip(*columns, strict=True)))


def _launch(counts: Counts, artifacts: Whole, exposure: Real, window: int) -> tuple[Real, Real]:
    """How many times as much as usual is told about the rest of each thing's artifact, and the doubt of that.

    The rest, since a burst must not excuse itself. The longer windows have their say in the shorter ones, since a day
    of a small artifact tells little; what they say of a launch that is over makes deaf for a week at most. Less than
    usual counts as usual: what does not fade with the rest is no burst. Doubt is the squared relative error, of now and
    of before.
    """
    before = _rest(counts, artifacts, slice(0, -max(WINDOWS)))
    usually = before / exposure[: -max(WINDOWS)].sum()
    launch, doubt = np.ones(len(counts)), np.zeros(len(counts))
    for days in WINDOWS[WINDOWS.index(window) :]:
        now = _rest(counts, artifacts, slice(-days, None))
        times = (now + LAUNCH_PRIOR) / (usually * exposure[-days:].sum() + LAUNCH_PRIOR)
        is_larger = times > launch
        launch = np.where(is_larger, times, launch)
        doubt = np.where(is_larger, 1 / (now + LAUNCH_PRIOR) + 1 / (before + LAUNCH_PRIOR), doubt)
    return launch, doubt


def _rest(counts: Counts, artifacts: Whole, days: slice) -> Real:
    """The voices of each thing's artifact on some days, less the thing's own."""
    own = counts.voices[:, days].sum(axis=1)
    return np.asarray(np.bincount(artifacts, weights=own)[artifacts] - own) if len(own) else np.zeros(0)


def bursts(counts: Counts, judged: Judged, usual: Usual, things: Sequence[int], bars: Bars = BARS) -> list[Burst]:
    """What reaches a tier, the least likely first, ties in the order of ``things``."""
    found = np.flatnonzero(judged.best <= bars.watch)
    order = found[np.argsort(judged.best[found], kind="stable")]
    return [_burst(counts, judged, usual, int(row), things[row], bars) for row in order]


def _burst(counts: Counts, judged: Judged, usual: Usual, row: int, thing: int, bars: Bars) -> Burst:
    at = int(judged.window[row])
    expected, spread = float(judged.expected[row, at]), float(judged.spread[row, at])
    low, high = (quantile(share, expected, spread) for share in (0.025, 0.975))
    exposure = usual.weekdays[counts.weekdays[-max(WINDOWS) :]]
    daily = expected * exposure / exposure[-WINDOWS[at] :].sum()
    began = onset(counts.voices[row, -max(WINDOWS) :], daily, float(judged.ratio[row]))
    return Burst(
        thing=thing,
        tier=bars.tier(float(judged.best_unheld[row])) or "watch",
        window_days=WINDOWS[at],
        observed=int(judged.observed[row, at]),
        reports=int(judged.reports[row, at]),
        expected=expected,
        band=(int(low), int(high)),
        ratio=float(judged.ratio[row]),
        p=float(judged.best[row]),
        launch=float(judged.launch[row, at]),
        is_alone=bool(judged.rest[row] < TELLS_OF_LAUNCH),
        since=counts.day(counts.days - max(WINDOWS) + (began if began is not None else max(WINDOWS) - WINDOWS[at])),
        is_possible_campaign=bool(judged.is_campaign[row, at]),
    )
