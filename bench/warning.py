"""Early warning on a site's rows: a night over 10,000 issues and 100,000 reports, and what one report touches.

``python -m bench warning``; ``bench.surveillance`` measures how often it is right.
"""

from collections.abc import Iterator
from typing import Any

from bench.apart import told_by
from bench.table import Line, percentile

ISSUES, REPORTS, SEED = 10_000, 100_000, 0.5
TOUCHED = 200  # the newest reports, looked at one by one
NIGHT_S, TOUCHED_MS = 60.0, 50.0


def measure() -> Iterator[Line]:
    yield from lines_of(told_by("bench.watching"))


def lines_of(told: dict[str, Any]) -> Iterator[Line]:
    what = f"early warning, {ISSUES:,} issues and {REPORTS:,} reports"
    night, again = told["night"], told["again"]
    yield Line(f"{what}, a night that finds", night["wall_s"], "s", NIGHT_S)
    yield Line("  CPU, process and PostgreSQL", night["cpu_s"], "s")
    yield Line("  signals opened", told["opened"], "", digits=0)
    yield Line("  the same night again", again["wall_s"], "s", NIGHT_S)
    yield Line("  what a report touches, p95", percentile(told["touched_ms"], 95), "ms", TOUCHED_MS, digits=1)
    yield Line("  p50", percentile(told["touched_ms"], 50), "ms", digits=1)
    yield Line("  CPU, process and PostgreSQL, mean", told["touched_cpu_ms"], "ms", digits=1)
