"""Counts so small that they tell of single people are not told, nor left to be worked out from the others.

A count below ``LEAST`` says nearly who it is: "one report in Basque about a hospital". In a table whose total is told,
leaving one cell out is not enough, as the total less the others is that cell. So the small ones are folded together
with the smallest of the rest into one sum, until no reader who knows this rule can say what any of them was.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

LEAST = 5  # reports or voices; statistical offices draw the line between three and ten

Name = TypeVar("Name", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Folded(Generic[Name]):
    """A table as it may be told. ``cells`` keep the order they came in.

    ``rest`` is the sum of those that are not among them, None if there are none or if ``total`` is not told either.
    ``total`` None: all of it is fewer than ``LEAST``.
    """

    cells: dict[Name, int]
    rest: int | None
    total: int | None


def alone(count: int) -> int | None:
    """A count that stands by itself; None if it is too small to be told. None at all is as small as one."""
    return count if count >= LEAST else None


def part(count: int, whole: int) -> int | None:
    """A count of some among ``whole``, which is told beside it: None if they, or the others, are too few."""
    return count if count >= LEAST and whole - count >= LEAST else None


def folded(counts: Mapping[Name, int]) -> Folded[Name]:
    """What of a table may be told beside its total.

    A cell with 0 is as small as one with 1: leave it out of ``counts`` only where it tells nobody anything that it
    came to be. One table: of several over the same things (by quarter and for the year) each gives away the others.
    """
    total = sum(counts.values())
    if total < LEAST:
        return Folded({}, None, None)
    names = sorted(counts, key=lambda name: counts[name])
    kept_back = sum(1 for count in counts.values() if count < LEAST)
    if kept_back:
        sizes = [counts[name] for name in names]
        while kept_back < len(sizes) and _gives_away(sizes, kept_back):
            kept_back += 1
    hidden = set(names[:kept_back])
    cells = {name: count for name, count in counts.items() if name not in hidden}
    return Folded(cells, sum(counts[name] for name in hidden) if hidden else None, total)


def _gives_away(sizes: list[int], kept_back: int) -> bool:
    """Whether the sum of the ``kept_back`` smallest tells what one of them is."""
    together = sum(sizes[:kept_back])
    is_small = kept_back < 2 or together < LEAST
    # As much as so many small cells can hold: then each holds that much.
    is_full = sizes[kept_back - 1] < LEAST and together == kept_back * (LEAST - 1)
    # Of two alike one must not be told where the other is not: it would say what the other is.
    is_torn = sizes[kept_back] == sizes[kept_back - 1]
    return is_small or is_full or is_torn
