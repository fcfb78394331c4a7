"""What is usual on this site, as of a night: how busy weekdays are, how restless issues, how others began, what alarms.

A night's row serves every evening until the next. Where there is none, what the detectors assume of any site stands.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

import numpy as np

from triage.models import NightWatch
from triage.surveillance.baseline import ASSUMED_DISPERSION, WINDOWS, Usual
from triage.surveillance.burst import BARS
from triage.surveillance.counts import Whole
from triage.surveillance.tiers import Bars

NEVER = 5e-324  # a level that no p reaches: the tier is there, and is not met


@dataclass(frozen=True, slots=True, eq=False)
class Habits:
    """Of issues, or of themes: the site's weekdays and dispersion, and the velocities of earlier beginnings."""

    usual: Usual
    beginnings: Whole

    @classmethod
    def assumed(cls) -> Self:
        return cls(Usual(np.ones(7), (ASSUMED_DISPERSION,) * len(WINDOWS)), np.zeros(0, dtype=np.int64))

    @classmethod
    def stored(cls, told: Mapping[str, Any]) -> Self:
        if not told:
            return cls.assumed()
        usual = Usual(np.array(told["weekdays"], dtype=np.float64), tuple(told["dispersion"]))
        voices = sorted((int(voices), many) for voices, many in told["beginnings"].items())
        return cls(usual, np.repeat([each for each, _ in voices], [many for _, many in voices]).astype(np.int64))

    def as_json(self) -> dict[str, Any]:
        velocities, counts = np.unique(self.beginnings, return_counts=True)
        return {
            "weekdays": [round(float(factor), 4) for factor in self.usual.weekdays],
            "dispersion": [round(each, 4) for each in self.usual.dispersion],
            "beginnings": dict(zip(map(str, velocities.tolist()), counts.tolist(), strict=True)),
        }


@dataclass(frozen=True, slots=True, eq=False)
class Night:
    """What is in force on an evening."""

    habits: Mapping[str, Habits]
    bars: Bars


def in_force(on: date) -> Night:
    """By the newest night up to that evening."""
    row = NightWatch.objects.filter(on__lte=on).first()
    told: Mapping[str, Any] = row.usual if row else {}
    return Night({scope: Habits.stored(told.get(scope, {})) for scope in ("issue", "theme")}, bars_at(row))


def bars_at(row: NightWatch | None) -> Bars:
    return Bars(BARS.watch, max(min(row.level, BARS.alarm), NEVER)) if row else BARS


def steady(values: Sequence[float]) -> list[float]:
    """Numbers for a row: as precise as anybody reads them."""
    return [round(value, 3) for value in values]
