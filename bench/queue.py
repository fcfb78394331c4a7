"""The queue where 100,000 reports stand in 20,000 issues: the plan of every statement of it, and how long it takes.

``python -m bench.queue`` makes a database of its own, fills it, and throws it away. ``--plans`` prints the plans whole.
Exits 1 if a page that people see all day reads a large table from one end to the other, or a budget is missed.
"""

import json
import re
import sys
from collections.abc import Iterator
from typing import Any

from bench.apart import tell, told_by
from bench.table import Line, percentile

REPORTS, ISSUES = 100_000, 20_000
SEED = 7
ASKED = 12  # times each page is asked for, after it was asked for twice
BUDGET_MS = 150.0  # p95 of a step; DESIGN §6
LARGE = re.compile(r"Seq Scan on (reports_(?:issue|report|placement|evidence))\b")
# Pages that everybody sees all day: their plans must not read a large table whole. The others are timed.
HOT = {
    "queue": "/triage/?q=is:waiting",
    "queue, page 40": "/triage/?q=is:waiting&page=40",
    "mine": "/triage/?q=is:open+assigned:me",
    "to look at": "/triage/?q=is:look",
    "confirmed": "/triage/?q=is:confirmed",
    "an artifact's": "/triage/?q=is:waiting+artifact:bench/family-9",
    "one number": "/triage/?q=number:TT-2026-00009",
    "a word": "/triage/?q=is:waiting+{word}",
}
SEARCHES = {
    "all": "/triage/?q=",
    "severe and harmful": "/triage/?q=is:waiting+severity:>=high+harm:yes",
    "many voices": "/triage/?q=is:waiting+voices:>3+sort:voices",
    "a language": "/triage/?q=is:waiting+language:es",
    "a version, from the API": "/triage/?q=is:open+version:2026-05+source:api",
    "everything of an org": "/triage/?q=artifact:bench/*",
    "exact words": "/triage/?q=%22{phrase}%22",
    "a common word": "/triage/?q={common}",
    "what is not said": "/triage/?q=is:waiting+-{word}",
    "lately, oldest first": "/triage/?q=age:<30d+sort:age",
    "signals": "/triage/?q=signal:any",
    "snoozed": "/triage/?q=is:snoozed",
    "not understood": "/triage/?q=is:waitin",
}


def measure() -> Iterator[Line]:
    yield from lines_of(told_by("bench.queuing", json.dumps({"hot": HOT, "searches": SEARCHES})))


def lines_of(measured: dict[str, Any]) -> Iterator[Line]:
    """A line for each page, and one for the scans that should not be."""
    yield Line(
        f"queue: {REPORTS:,} reports in {measured['issues']:,} issues stored", measured["loaded_s"], "s", digits=0
    )
    scans = []
    for name, page in measured["pages"].items():
        yield Line(f"queue: {name}, p95", percentile(page["ms"], 95), "ms", BUDGET_MS, digits=1)
        yield Line(
            f"  p50, {page['queries']} queries, {page['found']:,} found", percentile(page["ms"], 50), "ms", digits=1
        )
        yield Line("  CPU, process and PostgreSQL, mean", page["cpu_ms"], "ms", digits=1)
        large = sorted({table for plan in page["plans"] for table in LARGE.findall(plan["plan"])})
        if name in HOT:
            scans += [f"{name}: {table}" for table in large]
        elif large:
            yield Line(f"  reads all of {', '.join(large)}", len(large), "", digits=0)
    for scan in scans:
        print(f"Reads a large table whole: {scan}")
    yield Line("queue: large tables read whole on pages seen all day", len(scans), "", 0, digits=0)
    if "--plans" in sys.argv:
        print_plans(measured["pages"])


def print_plans(pages: dict[str, Any]) -> None:
    seen = set()
    for name, page in pages.items():
        for statement in page["plans"]:
            if statement["plan"] not in seen:
                seen.add(statement["plan"])
                print(f"\n-- {name}, {statement['ms']:.1f} ms\n{statement['sql']}\n{statement['plan']}")


if __name__ == "__main__":
    tell(measure())
