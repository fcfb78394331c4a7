"""Prints the table of budgets and exits 1 if one is missed. ``python -m bench filing`` measures one part only.

``--write`` keeps the table in ``bench/results``, with the machine and the day.
"""

import signal
import sys
import time
from collections.abc import Callable, Iterator

from bench import (
    clearing,
    filing,
    grouping,
    importing,
    matching,
    numbering,
    pages,
    queue,
    resting,
    surveillance,
    warning,
)
from bench.stack import stack
from bench.table import Line, keep, machine, show


def life() -> Iterator[Line]:
    """A site as `make run` makes it, at rest and then at work."""
    with stack(DEMO="1") as site:
        yield from resting.measure(site)
        yield from grouping.latency(site)
        site.stop()
        yield Line("started again, until a page is served", site.start(), "s", AGAIN_BUDGET_S, digits=1)


AGAIN_BUDGET_S = 10.0  # DESIGN §6; the first start depends on the network
PARTS: dict[str, Callable[[], Iterator[Line]]] = {
    "clearing": clearing.measure,
    "filing": filing.measure,
    "importing": importing.measure,
    "life": life,
    "matching": matching.measure,
    "numbering": numbering.measure,
    "pages": pages.measure,
    "queue": queue.measure,
    "scale": matching.scale,
    "surveillance": surveillance.speed,
    "warning": warning.measure,
}
LONG = {"clearing", "scale"}  # measured only if asked for
WRITE = "--write"


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # by way of what stops the sites
    wanted = [word for word in sys.argv[1:] if word != WRITE] or [part for part in PARTS if part not in LONG]
    if unknown := set(wanted) - set(PARTS):
        sys.exit(f"There is no part {', '.join(sorted(unknown))}. Parts: {', '.join(PARTS)}.")
    described = machine()
    print(described, flush=True)
    began = time.monotonic()
    lines = [line for part in wanted for line in PARTS[part]()]
    show(lines)
    print(f"Measured in {time.monotonic() - began:.0f} s.")
    if WRITE in sys.argv:
        print(f"Kept in {keep(lines, described)}.")
    if missed := [line.what for line in lines if not line.is_kept]:
        sys.exit("Missed: " + "; ".join(missed))


if __name__ == "__main__":
    main()
