"""A history gone through day by day: what each evening would have said, knowing no later day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from triage.surveillance.baseline import ALARM_DAY_WEIGHT, SERIES_DAYS, WINDOWS, Usual
from triage.surveillance.burst import BARS, Judged, judge
from triage.surveillance.counts import Counts, Truth, Whole
from triage.surveillance.episodes import Spoken
from triage.surveillance.tiers import Bars

ANEW = 28  # days after which the site's weekdays and dispersion are told anew


@dataclass(frozen=True, slots=True, eq=False)
class Evening:
    """One evening: its column in the history, what was judged, and which things spoke at each tier (things,)."""

    column: int
    judged: Judged
    watches: Truth
    alarms: Truth


def evenings(counts: Counts, artifacts: Whole, bars: Bars = BARS) -> Iterator[Evening]:
    """All evenings from the first on that has ``SERIES_DAYS`` days behind it, the oldest first.

    An alarm held back as a possible campaign speaks as a watch. The days of an alarm, held back or not, weigh little in
    the baselines of later evenings.
    """
    weights = np.ones(counts.voices.shape)
    watched, alarmed = Spoken.never(len(counts)), Spoken.never(len(counts))
    usual: Usual | None = None
    for column in range(SERIES_DAYS - 1, counts.days):
        known = counts.until(column, SERIES_DAYS)
        weighing = weights[:, column + 1 - SERIES_DAYS : column + 1]
        if usual is None or (column + 1 - SERIES_DAYS) % ANEW == 0:
            usual = Usual.of(known, weighing)
        judged = judge(known, artifacts, usual, weighing)
        ratio, is_alarm = judged.ratio, judged.best <= bars.alarm
        watches, watched = watched.then(judged.best <= bars.watch, ratio)
        alarms, alarmed = alarmed.then(judged.best_unheld <= bars.alarm, ratio)
        for at, window in enumerate(WINDOWS):
            weights[is_alarm & (judged.window == at), column + 1 - window : column + 1] = ALARM_DAY_WEIGHT
        yield Evening(column, judged, watches, alarms)
