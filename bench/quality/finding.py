"""How well the earlier reports of a failure are found among the most alike. Pure."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """Over the reports that have an earlier report of their group, ``queries`` of them; shares in [0, 1].

    ``recall_1``, ``recall_5``, ``recall_10``: the share with such a report among the first so many named.
    ``mrr``: the mean of one over the place of the first such report, 0 where none is named.
    """

    queries: int
    recall_1: float
    recall_5: float
    recall_10: float
    mrr: float


def with_earlier_mate(groups: Sequence[str]) -> list[int]:
    """The positions whose group stood at an earlier position already.

    >>> with_earlier_mate(["x", "y", "x", "x"])
    [2, 3]
    """
    seen: set[str] = set()
    found: list[int] = []
    for at, group in enumerate(groups):
        if group in seen:
            found.append(at)
        seen.add(group)
    return found


def finding(truth: Mapping[str, str], ranked: Mapping[str, Sequence[str]]) -> Finding | None:
    """Score lists of earlier reports, best first. ``truth`` is in the order of arrival. None if nothing is to be found.

    >>> finding({"a": "x", "b": "y", "c": "x"}, {"c": ["b", "a"]})
    Finding(queries=1, recall_1=0.0, recall_5=1.0, recall_10=1.0, mrr=0.5)

    Raises ValueError if a list names a report that came later.
    """
    arrived: defaultdict[str, set[str]] = defaultdict(set)
    known: set[str] = set()
    places: list[int] = []
    for report, group in truth.items():
        named = ranked.get(report, ())
        if not known.issuperset(named):
            raise ValueError(f"The list of {report} names a report that came later, or none of the stream.")
        if mates := arrived[group]:
            places.append(next((place for place, other in enumerate(named, start=1) if other in mates), 0))
        arrived[group].add(report)
        known.add(report)
    if not places:
        return None
    first, five, ten = (sum(0 < place <= most for place in places) / len(places) for most in (1, 5, 10))
    return Finding(len(places), first, five, ten, sum(1 / place for place in places if place) / len(places))
