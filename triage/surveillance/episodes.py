"""When a warning speaks again: not every evening that a burst goes on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from triage.surveillance.counts import Real, Truth, Whole

COOL_DOWN = 7  # days
ESCALATES = 2.0  # times the ratio at which it last spoke


@dataclass(frozen=True, slots=True, eq=False)
class Spoken:
    """Of each thing, how many days ago it last was at this tier (large if never), and the ratio it last spoke with."""

    days_ago: Whole
    ratio: Real

    @classmethod
    def never(cls, things: int) -> Spoken:
        return cls(np.full(things, 10**6), np.zeros(things))

    def then(self, at_tier: Truth, ratio: Real) -> tuple[Truth, Spoken]:
        """Which speak on the next day, and what has been said after it.

        One speaks that was not at the tier within the cool-down, or whose ratio of observed to expected has doubled
        since it spoke.

        >>> up, three, seven = np.array([True]), np.array([3.0]), np.array([7.0])
        >>> first, said = Spoken.never(1).then(up, three)
        >>> second, said = said.then(up, three)
        >>> third, said = said.then(up, seven)
        >>> [bool(day[0]) for day in (first, second, third)]
        [True, False, True]
        """
        ago = self.days_ago + 1
        speaks = at_tier & ((ago > COOL_DOWN) | (ratio >= ESCALATES * self.ratio))
        return speaks, Spoken(np.where(at_tier, 0, ago), np.where(speaks, ratio, self.ratio))


def episodes(at_tier: Truth, ratio: Real) -> Truth:
    """Which days speak, of a history (days, things) of days at a tier and of ratios, the oldest day first."""
    said, speaks = Spoken.never(at_tier.shape[1]), np.zeros(at_tier.shape, dtype=bool)
    for day in range(len(at_tier)):
        speaks[day], said = said.then(at_tier[day], ratio[day])
    return speaks
