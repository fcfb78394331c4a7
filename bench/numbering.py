"""The ledger beside filing, on one site in one run: how much faster events are numbered than filing makes them, how far
behind the sequencer falls in a flood, and how soon what was filed is signed.
"""

import json
import time
from collections.abc import Iterator
from threading import Event, Thread

from bench.filing import EXAMPLE
from bench.load import Job, run
from bench.sequencing import FILED
from bench.stack import Stack, stack, wait_until
from bench.table import Line

REPORTS = 240  # filed one after another, as fast as they are answered
FLOOD = 480
WAITING = 20_000  # events
EVENTS_OF_A_REPORT = 2  # that it was filed, and that it was grouped
FASTER, BEHIND_S, SIGNED_S = 3.0, 5.0, 60.0
SAMPLED_S = 0.1
UNNUMBERED = "SELECT count(*) FROM ledger_event WHERE sequence IS NULL"
AGE = "SELECT coalesce(extract(epoch FROM clock_timestamp() - min(at)), 0) FROM ledger_event WHERE sequence IS NULL"
UNSIGNED = """
SELECT count(*) FROM ledger_event
 WHERE sequence IS NULL OR sequence >= (SELECT coalesce(max(size), 0) FROM ledger_checkpoint)
"""


def measure() -> Iterator[Line]:
    with stack() as site:
        with site.paused("worker", "beat"):
            filed = rate_of_filing(site)
            site.do(FILED % WAITING)
        numbered = rate_of_numbering(site)
        worst = worst_in_a_flood(site)
        ended = time.perf_counter()
        wait_until(lambda: site.count(UNSIGNED) == 0, "all of it is signed", patience_s=2 * SIGNED_S)
        signed = time.perf_counter() - ended
    ratio = numbered / (filed * EVENTS_OF_A_REPORT)
    yield Line("numbering events, times what filing makes of them", ratio, "", FASTER, at_least=True, digits=0)
    yield Line("  filing", filed, "requests/s", digits=0)
    yield Line("  numbering", numbered, "events/s", digits=0)
    yield Line("sequencer, furthest behind in a flood", worst, "s", BEHIND_S)
    yield Line("signed, after the last of the flood", signed, "s", SIGNED_S, digits=0)


def rate_of_filing(site: Stack) -> float:
    began = time.perf_counter()
    file(site, REPORTS)
    return REPORTS / (time.perf_counter() - began)


def rate_of_numbering(site: Stack) -> float:
    """From the first event that gets its number to the last, as the worker's own thread does it."""
    waiting = site.count(UNNUMBERED)
    wait_until(lambda: site.count(UNNUMBERED) < waiting, "the sequencer is at work", step_s=0.01)
    began, left = time.perf_counter(), site.count(UNNUMBERED)
    wait_until(lambda: site.count(UNNUMBERED) == 0, "all is numbered", step_s=0.02)
    return left / (time.perf_counter() - began)


def worst_in_a_flood(site: Stack) -> float:
    """The age of the oldest event without a number, at its worst while reports are filed and grouped."""
    ages, ended = [0.0], Event()

    def watch() -> None:
        while not ended.wait(SAMPLED_S):
            ages.append(float(site.ask(AGE)[0][0]))

    watching = Thread(target=watch)
    watching.start()
    try:
        file(site, FLOOD)
    finally:
        ended.set()
        watching.join()
    return max(ages)


def file(site: Stack, count: int) -> None:
    """Raises RuntimeError if one was refused."""
    answers = run(Job(port=site.port, path="/api/v1/reports/", bodies=[json.dumps(EXAMPLE)] * count))
    if refused := next((answer for answer in answers if answer.status != 201), None):
        raise RuntimeError(f"Filing answered {refused.status}: {refused.text}")
