"""The two tiers of an early warning, and how unlikely a finding must be for each."""

from dataclasses import dataclass
from typing import Literal

Tier = Literal["watch", "alarm"]


@dataclass(frozen=True, slots=True)
class Bars:
    """Each tier's own level of p, in (0, 1): a badge from ``watch`` on, notices from ``alarm`` on."""

    watch: float
    alarm: float

    def __post_init__(self) -> None:
        if not 0 < self.alarm <= self.watch < 1:
            raise ValueError(f"An alarm takes more than a watch, and both lie within 0 and 1: {self}.")

    def tier(self, p: float) -> Tier | None:
        """The higher tier that ``p`` reaches, if any.

        >>> bars = Bars(watch=0.005, alarm=0.001)
        >>> bars.tier(0.001), bars.tier(0.002), bars.tier(0.5)
        ('alarm', 'watch', None)
        """
        return "alarm" if p <= self.alarm else "watch" if p <= self.watch else None
