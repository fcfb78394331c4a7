"""What the detectors told of a signal, read from its row: numbers and ids, which say nothing yet to anybody."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from reports.models import Signal

Ends = tuple[float | None, float | None]
Detector = Signal.Detector


@dataclass(frozen=True, slots=True)
class Series:
    """Voices a day from ``start`` on, and how many are usual, where there is a past to tell."""

    start: date
    voices: tuple[int, ...]
    expected: tuple[float, ...] = ()

    @property
    def end(self) -> date:
        """The day after the last."""
        return self.start + timedelta(days=len(self.voices))


@dataclass(frozen=True, slots=True)
class Measured:
    """One signal in numbers.

    ``ratio`` is observed over expected, and ``ends`` its interval, None for an open end: where such ratios lie if
    nothing has changed (``is_usual``), or where this one may lie. ``without_first`` is the lower end without the first
    of ``drivers``, issues by id with their voices, of whom there are ``driver_count``. ``window_days`` is over how many
    days was counted, 0 if over all; ``before`` a release, how many voices on how many days.
    """

    ratio: float
    ends: Ends | None = None
    is_usual: bool = False
    report_count: int | None = None
    window_days: int = 0
    drivers: tuple[tuple[int, int], ...] = ()
    driver_count: int = 0
    without_first: float | None = None
    launch: float = 1.0
    is_alone: bool = False
    is_possible_campaign: bool = False
    released_on: date | None = None
    before: tuple[int, float] | None = None
    series: Series | None = None

    @property
    def known_issues(self) -> set[int] | None:
        """All issues behind it; None if only some of them are named, or none."""
        return {issue for issue, _voices in self.drivers} if 0 < self.driver_count == len(self.drivers) else None

    @property
    def stands_without_first(self) -> bool | None:
        """Whether it would be seen still without the issue that drives it most; None if nobody asked."""
        return None if self.without_first is None else self.without_first > 1


def measured(signal: Signal) -> Measured:
    """The numbers of a row, whichever detector wrote them."""
    told: Mapping[str, Any] = signal.statistics
    report_ids = told.get("report_ids") or ()
    day = told.get("released_on")
    ratio, ends, is_usual = _compared(signal, told)
    drivers = _pairs(told.get("drivers") or ())
    low = told.get("low_without_first")
    return Measured(
        ratio=ratio,
        ends=ends,
        is_usual=is_usual,
        report_count=told.get("reports", len(report_ids) or None),
        window_days=int(told.get("window_days") or (told.get("after") or {}).get("days") or 0),
        drivers=drivers,
        driver_count=told.get("driver_count", len(drivers)),
        without_first=None if low is None else 2.0**low,
        launch=float(told.get("launch") or 1.0),
        is_alone=bool(told.get("is_alone")),
        is_possible_campaign=bool(told.get("is_possible_campaign")),
        released_on=date.fromisoformat(day) if day else None,
        before=_span(told.get("before")),
        series=_series(told.get("series")),
    )


def _span(told: Mapping[str, Any] | None) -> tuple[int, float] | None:
    return (told["voices"], told["days"]) if told else None


def _series(told: Mapping[str, Any] | None) -> Series | None:
    if not told or not told.get("voices"):
        return None
    expected = told.get("expected") or ()
    return Series(date.fromisoformat(told["from"]), tuple(told["voices"]), tuple(map(float, expected)))


def _compared(signal: Signal, told: Mapping[str, Any]) -> tuple[float, Ends | None, bool]:
    """The ratio, its ends, and whether these are the usual ones."""
    if signal.detector == Detector.DISPROPORTION and told.get("interval"):  # in doublings, drawn to 0
        low, high = told["interval"]
        return 2.0 ** told.get("ic", 0.0), (2.0**low, 2.0**high), False
    if told.get("interval"):
        low, high = told["interval"]
        return signal.ratio, (low, high), False
    if told.get("band") and signal.expected:
        low, high = told["band"]
        return signal.ratio, (low / signal.expected, high / signal.expected), True
    return signal.ratio, None, False


def _pairs(told: Iterable[Iterable[int]]) -> tuple[tuple[int, int], ...]:
    return tuple((int(issue), int(voices)) for issue, voices in told)
