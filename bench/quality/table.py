"""The table that is printed: a line of ours for each stream, and a line of the trivial way below it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

SHARES = {
    "recall_1": "R@1", "recall_5": "R@5", "recall_10": "R@10", "mrr": "MRR",
    "precision": "B3 P", "recall": "B3 R", "f1": "B3 F1", "f1_company": "multi", "pair_f1": "pair F1",
}  # fmt: skip
PATTERNS = {
    "patterns": "patterns",
    "patterns_found": "found",
    "median_to_pattern": "median",
    "alert_precision": "alerts",
}
COSTS = {"median_ms": "ms", "p95_ms": "p95", "memory_mb": "MB"}
LEGEND = (
    "R@k and MRR over the reports that have an earlier one of their group; below them TF-IDF over plain words. "
    "B3, multi (B-cubed F1 of reports with company) and pairs; below them every report alone. "
    "Patterns: groups of 5 and more, the share that showed, after how many reports, and alerts that were right. "
    "ms: grouping one report, median and 95th percentile."
)


def lines(measured: Iterable[Mapping[str, Any]]) -> list[str]:
    """The table, its heading first."""
    heading = ["set", "level", "source", "reports", *SHARES.values(), *PATTERNS.values(), *COSTS.values()]
    rows = [heading]
    for figures in measured:
        rows += [_ours(figures), _trivial(figures)]
    if any("identical" in figures for figures in measured):
        heading.append("twice")
    widths = [max(len(row[at]) for row in rows if at < len(row)) for at in range(len(heading))]
    return [_line(row, widths) for row in rows]


def share(value: float | None) -> str:
    """Three digits without the zero in front.

    >>> share(0.8406), share(1.0), share(None)
    ('.841', '1.000', '')
    """
    return "" if value is None else f"{value:.3f}".removeprefix("0")


def _ours(figures: Mapping[str, Any]) -> list[str]:
    row = [figures["name"], figures["level"], figures["source"], f"{figures['reports']:,}"]
    row += [share(figures.get(name)) for name in SHARES]
    row += [_pattern(figures, name) for name in PATTERNS]
    row += [f"{figures[name]:.1f}" if name in figures else "" for name in COSTS]
    return [*row, "same" if figures["identical"] else "DIFFER"] if "identical" in figures else row


def _trivial(figures: Mapping[str, Any]) -> list[str]:
    trivial = [share(figures.get(f"plain_{name}", figures.get(f"alone_{name}"))) for name in SHARES]
    return ["  trivial", "", "", "", *trivial]


def _pattern(figures: Mapping[str, Any], name: str) -> str:
    if name not in figures:
        return ""
    value = figures[name]
    if name == "median_to_pattern":
        return "never" if value is None else str(value)
    return str(value) if name == "patterns" else share(value)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [
        f"{cell:<{width}}" if at < 3 else f"{cell:>{width}}"
        for at, (cell, width) in enumerate(zip(row, widths, strict=False))
    ]
    return "  ".join(cells).rstrip()
