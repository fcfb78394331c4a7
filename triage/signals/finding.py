"""What a detector found, before it is a row."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from triage.surveillance.tiers import Tier


@dataclass(frozen=True, slots=True)
class Finding:
    """One excess on one evening. ``subject`` is what it is about ("issue:12"), with the detector the key of its row.

    ``statistics`` hold what the detector tells, in ids, codes, days and numbers, as JSON takes them. ``alarm_days`` are
    those that reached the level of an alarm, held back or not: they weigh little in later baselines.
    """

    detector: str
    subject: str
    method: str
    tier: Tier
    observed: float
    expected: float
    since: date
    statistics: Mapping[str, Any]
    issue: int | None = None
    artifact: int | None = None
    theme: int | None = None
    cell: Mapping[str, Any] = field(default_factory=dict)
    alarm_days: tuple[date, ...] = ()

    @property
    def key(self) -> str:
        return f"{self.detector}:{self.subject}"

    @property
    def ratio(self) -> float:
        """Observed over expected; what was observed, where nothing was to be expected."""
        return self.observed / self.expected if self.expected else self.observed
