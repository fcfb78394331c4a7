"""Prints the table of budgets and exits 1 if one is missed. ``python -m bench filing`` measures one part only."""

import signal
import sys
import time
from collections.abc import Callable, Iterator

from bench import filing, grouping, matching, pages, resting, surveillance, warning
from bench.stack import stack
from bench.table import Line, machine, show


def life() -> Iterator[Line]:
    """A site as `make run` makes it, at rest and then at work."""
    with stack(DEMO="1") as site:
        yield from resting.measure(site)
        yield from grouping.latency(site)


PARTS: dict[str, Callable[[], Iterator[Line]]] = {
    "filing": filing.measure,
    "life": life,
    "matching": matching.measure,
    "pages": pages.measure,
    "scale": matching.scale,
    "surveillance": surveillance.speed,
    "warning": warning.measure,
}
LONG = {"scale"}  # measured only if asked for


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # by way of what stops the sites
    wanted = sys.argv[1:] or [part for part in PARTS if part not in LONG]
    if unknown := set(wanted) - set(PARTS):
        sys.exit(f"There is no part {', '.join(sorted(unknown))}. Parts: {', '.join(PARTS)}.")
    print(machine(), flush=True)
    began = time.monotonic()
    lines = [line for part in wanted for line in PARTS[part]()]
    show(lines)
    print(f"Measured in {time.monotonic() - began:.0f} s.")
    if missed := [line.what for line in lines if not line.is_kept]:
        sys.exit("Missed: " + "; ".join(missed))


if __name__ == "__main__":
    main()
