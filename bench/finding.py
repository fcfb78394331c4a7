"""Searching 10,000 public issues and looking through 10,000 artifacts: how long, and how much CPU.

``python -m bench.finding`` makes a database of its own, fills it, and throws it away. ``--queries`` prints them, the
slowest first. A line is missed if a page that people wait for takes longer than its budget.
"""

import sys
from collections.abc import Iterator
from typing import Any

from bench.apart import tell, told_by
from bench.table import Line, percentile

ISSUES = ARTIFACTS = 10_000
ASKED = 20  # times each is asked for, after it was asked for twice
BUDGET_MS = 150.0  # p95
PAGES = {
    "home": "/",
    "the list": "/issues/",
    "a rare word": "/issues/?q={rare}",
    "a common word": "/issues/?q={common}",
    "a common word among few": "/issues/?q={common}&severity=critical&kind=other",
    "eight words": "/issues/?q={eight}",
    "Chinese": "/issues/?q=%E7%A7%9F%E9%87%91%E5%88%A4%E5%86%B3",
    "a name": "/issues/?q=org-7/model-7",
    "nothing there": "/issues/?q=xylophone",
    "directory": "/models/",
    "directory, latest decision": "/models/?order=latest",
    "directory, a developer's": "/models/?developer=org-7",
    "directory, with something open": "/models/?issues=open",
    "directory, by word": "/models/?q=model-77",
}


def measure() -> Iterator[Line]:
    yield from lines_of(told_by("bench.looking"))


def lines_of(measured: dict[str, Any]) -> Iterator[Line]:
    yield Line(f"finding: {ISSUES:,} issues indexed", measured["indexed_s"], "s", digits=0)
    for name, page in measured["pages"].items():
        yield Line(f"finding: {name}, p95", percentile(page["ms"], 95), "ms", BUDGET_MS, digits=1)
        yield Line(
            f"  p50, {len(page['queries'])} queries, {page['found']:,} found",
            percentile(page["ms"], 50),
            "ms",
            digits=1,
        )
        yield Line("  CPU, process and PostgreSQL, mean", page["cpu_ms"], "ms", digits=1)
        if "--queries" in sys.argv:
            print(f"\n-- {name}")
            for took_ms, sql in page["queries"]:
                print(f"{took_ms:8.1f} ms  {sql[:400]}")


if __name__ == "__main__":
    tell(measure())
