"""How well reports were put together, from labels and the log of what was decided. Pure."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

PATTERN = 5  # reports that make a group a pattern worth finding early
SHOWN = 3  # reports of it that must stand together for people to see it

Event = tuple[str, str]  # (report, group): the arrival decision first, any later one of the same report a move


@dataclass(frozen=True, slots=True)
class Placing:
    """How well reports stand together at the end. All in [0, 1].

    ``precision``, ``recall`` and ``f1`` are B-cubed: averages over reports of how much of its company belongs there,
    and of how much of what belongs there is with it. ``f1_company`` is the same over reports that truly have company:
    where most have none, leaving everything alone makes ``f1`` look good. ``pair_f1`` counts pairs.
    """

    precision: float
    recall: float
    f1: float
    f1_company: float
    pair_f1: float


@dataclass(frozen=True, slots=True)
class Showing:
    """How early patterns showed.

    ``patterns``: true groups of at least five. ``found``: share of them that ever showed: three of them in one group
    and making up half of it. ``median``: how many of a pattern's reports had come by then, None where fewer than half
    ever showed. ``alert_precision``: of the groups that reached three, the share with a majority of one true group at
    that moment; None if no group did.
    """

    patterns: int
    found: float | None
    median: int | None
    alert_precision: float | None


def placing(truth: Mapping[str, str], placed: Mapping[str, str]) -> Placing:
    """Compare true groups with the groups decided on. Both name the same reports.

    >>> score = placing({"a": "x", "b": "x", "c": "y"}, {"a": "1", "b": "1", "c": "1"})
    >>> round(score.precision, 3), score.recall, score.f1_company, score.pair_f1
    (0.556, 1.0, 0.8, 0.5)
    >>> alone(["x", "x", "y", "z"]).f1
    0.8571428571428571

    Raises ValueError if they do not.
    """
    if truth.keys() != placed.keys() or not truth:
        raise ValueError("Truth and decisions must be about the same reports, at least one.")
    of_truth, of_placed = Counter(truth.values()), Counter(placed.values())
    cells = Counter((truth[report], placed[report]) for report in truth)
    in_company = {group for group, size in of_truth.items() if size > 1}
    companions = [cell for cell in cells.items() if cell[0][0] in in_company]
    precision, recall = _cubed(cells.items(), of_truth, of_placed)
    shared, true_pairs, placed_pairs = (sum(map(_pairs, sizes.values())) for sizes in (cells, of_truth, of_placed))
    return Placing(
        precision=precision,
        recall=recall,
        f1=_f1(precision, recall),
        f1_company=_f1(*_cubed(companions, of_truth, of_placed)),
        pair_f1=_f1(shared / placed_pairs if placed_pairs else 1.0, shared / true_pairs if true_pairs else 1.0),
    )


def alone(groups: Iterable[str]) -> Placing:
    """What leaving every report alone scores: the floor that everything must be read against."""
    truth = {str(at): group for at, group in enumerate(groups)}
    return placing(truth, {report: report for report in truth})


def final(events: Iterable[Event]) -> dict[str, str]:
    """Where each report stands at the end of the log."""
    return dict(events)


def showing(truth: Mapping[str, str], events: Sequence[Event]) -> Showing:
    """How early the patterns of ``truth`` showed while the log was written.

    >>> told = {report: "x" for report in "abcde"}
    >>> showing(told, [("a", "1"), ("b", "2"), ("b", "1"), ("c", "3"), ("d", "1"), ("e", "1")])
    Showing(patterns=1, found=1.0, median=4, alert_precision=1.0)
    """
    patterns = {group for group, size in Counter(truth.values()).items() if size >= PATTERN}
    standing: dict[str, str] = {}
    within: defaultdict[str, Counter[str]] = defaultdict(Counter)
    arrived: Counter[str] = Counter()
    found: dict[str, int] = {}
    alerts: dict[str, float] = {}
    for report, group in events:
        label, left = truth[report], standing.get(report)
        if left == group:
            continue
        if left is None:
            arrived[label] += 1
        else:
            within[left][label] -= 1
        standing[report] = group
        within[group][label] += 1
        together, size = within[group][label], within[group].total()
        if label in patterns and label not in found and together >= SHOWN and together * 2 >= size:
            found[label] = arrived[label]
        if group not in alerts and size >= SHOWN:
            alerts[group] = max(within[group].values()) / size
    waits = sorted(found.get(group, math.inf) for group in patterns)
    middle = waits[math.ceil(len(waits) / 2) - 1] if waits else math.inf
    return Showing(
        patterns=len(patterns),
        found=len(found) / len(patterns) if patterns else None,
        median=None if middle == math.inf else int(middle),
        alert_precision=sum(share > 0.5 for share in alerts.values()) / len(alerts) if alerts else None,
    )


def renamed(events: Iterable[Event]) -> list[Event]:
    """The log with groups numbered as they first appear, so that two runs can be compared.

    >>> renamed([("a", "907"), ("b", "12"), ("b", "907")])
    [('a', '0'), ('b', '1'), ('b', '0')]
    """
    numbers: dict[str, str] = {}
    return [(report, numbers.setdefault(group, str(len(numbers)))) for report, group in events]


def _cubed(
    cells: Iterable[tuple[tuple[str, str], int]], of_truth: Mapping[str, int], of_placed: Mapping[str, int]
) -> tuple[float, float]:
    """B-cubed precision and recall over the reports of some cells (true group, group decided on) of a table."""
    counted = list(cells)
    reports = sum(count for _, count in counted) or 1
    precise = sum(count * count / of_placed[group] for (_, group), count in counted)
    recalled = sum(count * count / of_truth[label] for (label, _), count in counted)
    return precise / reports, recalled / reports


def _pairs(size: int) -> int:
    return size * (size - 1) // 2


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0
