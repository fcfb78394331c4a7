"""The public page of an artifact with 10,000 issues on record: how long, how large, and what it saves to know it.

``python -m bench.pages`` makes a database of its own, fills it, and throws it away. ``--queries`` prints them, the
slowest first.
"""

import sys
from collections.abc import Iterator
from typing import Any

from bench.apart import tell, told_by
from bench.table import Line, percentile

ORG, NAME = "bench", "harbor-7b"
ADDRESS = f"/models/{ORG}/{NAME}/"
ISSUES = 10_000
REPORTS_EACH = 2  # on average
ASKED = 40  # times each is asked for, after it was asked for twice
PAGE_MS, PAGE_KB, TIMES = 50.0, 50.0, 3.0  # p95, HTML, and how many times as often a known page is told; DESIGN §6
PAGES = {
    "artifact page": ADDRESS,
    "badge": f"{ADDRESS}badge.svg",
    "feed": f"{ADDRESS}feed.atom",
    "artifact page, narrowed": f"{ADDRESS}?severity=high&state=open",
    "artifact page, page 40": f"{ADDRESS}?page=40",
    "all issues": "/issues/",
    "all issues, with a word in them": "/issues/?q=leaflet",
    "the same as JSON": "/api/v1/issues/?q=leaflet",
}


def measure() -> Iterator[Line]:
    yield from lines_of(told_by("bench.reading"))


def lines_of(measured: dict[str, Any]) -> Iterator[Line]:
    """A line for each budget. Rates are compared by CPU time, of the process and of PostgreSQL: the clock of a busy
    machine tells mostly of waiting."""
    pages, known = measured["pages"], measured["known"]
    page = pages["artifact page"]
    yield Line(f"artifact page: {measured['issues']:,} issues on record stored", measured["loaded_s"], "s", digits=0)
    yield Line("artifact page, p95", percentile(page["ms"], 95), "ms", PAGE_MS, digits=1)
    yield Line(f"  p50, {len(page['queries'])} queries", percentile(page["ms"], 50), "ms", digits=1)
    yield Line("  CPU, process and PostgreSQL, mean", page["cpu_ms"], "ms", digits=1)
    yield Line("artifact page, HTML of the first page", page["bytes"] / 1_000, "kB", PAGE_KB, digits=1)
    yield Line("artifact page, 304: times its rate", page["cpu_ms"] / known["cpu_ms"], "", TIMES, at_least=True)
    yield Line(f"  CPU, {len(known['queries'])} queries", known["cpu_ms"], "ms", digits=1)
    badge = pages["badge"]
    yield Line("badge: times the page's rate", page["cpu_ms"] / badge["cpu_ms"], "", TIMES, at_least=True)
    for name, other in pages.items():
        if other is not page:
            yield Line(f"{name}, p95", percentile(other["ms"], 95), "ms", digits=1)
            yield Line("  CPU, process and PostgreSQL, mean", other["cpu_ms"], "ms", digits=1)
    yield Line("dump of that record", measured["dump"]["took_s"], "s")
    yield Line("  its files", measured["dump"]["bytes"] / 1_000_000, "MB", digits=1)
    if "--queries" in sys.argv:
        for name, other in {**pages, "known": known}.items():
            for ms, sql in other["queries"]:
                print(f"{name}: {ms:.1f} ms {sql}\n")


if __name__ == "__main__":
    tell(measure())
