"""What is counted: voices, and raw reports beside them, a row a thing (issue, theme, kind), a column a day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Self

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.int64]
Real = NDArray[np.float64]
Truth = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """The days up to ``last``, which is the day that is judged.

    ``voices`` and ``reports`` are (things, days), the last column is ``last``. ``first`` (things,) is the column from
    which on a thing was there to be counted, 0 if it was there before the first column: days before it are not days
    without reports.
    """

    last: date
    voices: Whole
    reports: Whole
    first: Whole

    def __post_init__(self) -> None:
        if self.voices.shape != self.reports.shape or self.first.shape != self.voices.shape[:1]:
            raise ValueError("Voices and reports have a row a thing and a column a day, and first one number a thing.")

    def __len__(self) -> int:
        return len(self.voices)

    @property
    def days(self) -> int:
        return int(self.voices.shape[1])

    @property
    def weekdays(self) -> Whole:
        """Of each column, 0 for Monday to 6 for Sunday."""
        return np.asarray((self.last.weekday() - np.arange(self.days - 1, -1, -1)) % 7, dtype=np.int64)

    def day(self, column: int) -> date:
        """The date of a column, 0 the first."""
        return self.last - timedelta(days=self.days - 1 - column)

    def until(self, column: int, days: int) -> Counts:
        """The same as it was known on the evening of ``column``: ``days`` columns that end with it, no day later."""
        if not days - 1 <= column < self.days:
            raise ValueError(f"There are not {days} days up to column {column} of {self.days}.")
        start = column + 1 - days
        cut = slice(start, column + 1)
        first = np.clip(self.first - start, 0, days)
        return Counts(self.day(column), self.voices[:, cut], self.reports[:, cut], first)

    @classmethod
    def of(
        cls,
        told: Iterable[tuple[int, date, int, int]],
        things: Sequence[int],
        *,
        last: date,
        days: int,
        first: Sequence[date] = (),
    ) -> Self:
        """From (thing, day, voices, reports) in any order; what meets in one place is added up.

        ``things`` says which row is whose; rows of others, and days outside of the series, are left out. ``first`` is
        the day each thing was first told of, maybe long ago; without it, its first day here.

        A voice that speaks on three days must not count for three, or one person makes a burst: hand in each voice on
        the day it was first heard within the series (``from_voices`` does).

        >>> monday = date(2026, 11, 16)
        >>> Counts.of([(7, monday, 1, 4), (7, monday, 1, 1), (9, monday, 5, 5)], [7], last=monday, days=3).voices
        array([[0, 0, 2]])
        """
        row = {thing: at for at, thing in enumerate(things)}
        begin = last - timedelta(days=days - 1)
        voices, reports = (np.zeros((len(row), days), dtype=np.int64) for _ in range(2))
        for thing, day, heard, filed in told:
            if thing in row and begin <= day <= last:
                voices[row[thing], (day - begin).days] += heard
                reports[row[thing], (day - begin).days] += filed
        if first:
            columns = np.clip([(day - begin).days for day in first], 0, days)
        else:
            there = reports + voices > 0
            columns = np.where(there.any(axis=1), there.argmax(axis=1), days)
        return cls(last, voices, reports, columns.astype(np.int64))

    @classmethod
    def from_voices(
        cls,
        heard: Iterable[tuple[int, date, str]],
        things: Sequence[int],
        *,
        last: date,
        days: int,
        first: Sequence[date] = (),
    ) -> Self:
        """From one (thing, day, voice) a report: each voice counts once for a thing, on the first day it was heard.

        >>> sunday, monday = date(2026, 11, 15), date(2026, 11, 16)
        >>> told = [(7, monday, "a"), (7, sunday, "a"), (7, monday, "b"), (7, monday, "b")]
        >>> counts = Counts.from_voices(told, [7], last=monday, days=2)
        >>> counts.voices, counts.reports
        (array([[1, 1]]), array([[1, 3]]))
        """
        begin = last - timedelta(days=days - 1)
        within = sorted(line for line in heard if begin <= line[1] <= last)
        known: set[tuple[int, str]] = set()
        told = []
        for thing, day, voice in within:
            told.append((thing, day, int((thing, voice) not in known), 1))
            known.add((thing, voice))
        return cls.of(told, things, last=last, days=days, first=first)
