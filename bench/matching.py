"""Grouping where many reports are stored: how long one takes, what it costs, and several workers at once."""

import json
import subprocess
import sys
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench import grouping
from bench.load import HOST
from bench.stack import BASE, Stack, stack
from bench.table import Line, percentile

SEED = 5
MEASURED = 300  # reports grouped one after the other
WORKERS = (1, 2, 4, 8)  # processes at once
FAMILIES = 8
EACH = 24  # reports a worker is given
# Which of the further reports are told for what: none twice on one site
TOGETHER_FROM, DRAINED_FROM, MEANT_FROM = 400, 1_000, 1_500
SMALL, LARGE, HUGE = 10_000, 100_000, 1_000_000
BUDGETS_MS = {SMALL: 20.0, LARGE: 30.0, HUGE: 60.0}  # p95, by the clock; DESIGN §6
GROWTH_BUDGET = 3.0  # of CPU at ten times the reports; linear would be ten
DIMENSION = 384


class Grouper:
    """Processes of ours on a site whose own worker and beat stand still."""

    def __init__(self, site: Stack, **environment: str) -> None:
        one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        self.environment = {**site.environment, **one_thread, **environment}

    def start(self, verb: str, **values: Any) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "bench.grouper", verb, json.dumps(values)]
        return subprocess.Popen(command, cwd=BASE, env=self.environment, stdout=subprocess.PIPE, text=True)

    def ask(self, verb: str, **values: Any) -> Any:
        return answer_of(self.start(verb, **values))


def answer_of(process: "subprocess.Popen[str]") -> Any:
    """Raises RuntimeError if the process failed."""
    said, _ = process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"A grouping process ended with status {process.returncode}.")
    return json.loads(said.splitlines()[-1])


def measure() -> Iterator[Line]:
    """Ten thousand and a hundred thousand: the small one with several workers and with vectors, too."""
    with stack() as site:
        with site.paused("worker", "beat"):
            small, small_cost = filled(site, SMALL)
            yield from small
            yield from together(Grouper(site))
            yield from by_meaning(site)
        yield from drained(site, SMALL)
    with stack() as site:
        with site.paused("worker", "beat"):
            large, large_cost = filled(site, LARGE)
            yield from large
            yield grown(SMALL, small_cost, LARGE, large_cost)
        yield from drained(site, LARGE)


def drained(site: Stack, stored: int) -> Iterator[Line]:
    """Filed by the API and grouped by the site's own worker, until none waits."""
    told = Grouper(site).ask("answers", start=DRAINED_FROM, count=grouping.SUSTAINED)
    texts = [json.dumps(one, ensure_ascii=False) for one in told]
    yield from grouping.throughput(site, texts, stored=stored)


def scale() -> Iterator[Line]:
    """A million, by words alone: to make the vectors of a million and their index takes longer than all else here."""
    costs = {}
    for count in (LARGE, HUGE):
        with stack() as site:
            with site.paused("worker", "beat"):
                lines, costs[count] = filled(site, count)
                yield from lines
            yield from drained(site, count)
    yield grown(LARGE, costs[LARGE], HUGE, costs[HUGE])


def filled(site: Stack, count: int) -> tuple[list[Line], float]:
    """What a site of so many measures, and the CPU that a report costs it in milliseconds."""
    grouper = Grouper(site)
    loaded = grouper.ask("load", count=count, seed=SEED)
    times = grouper.ask("group", start=0, count=MEASURED)
    lines = [
        *lines_of(f"matching, {count:,} stored", times, BUDGETS_MS[count]),
        Line("  index", loaded["index_bytes"] / count, "bytes/report", digits=0),
        Line("  COPY and sealing", loaded["copied_s"] + loaded["sealed_s"], "s", digits=0),
    ]
    return lines, percentile(times["cpu_ms"], 50) + times["postgres_ms"]


def lines_of(what: str, times: dict[str, Any], budget_ms: float | None) -> Iterator[Line]:
    yield Line(f"{what}, p95", percentile(times["wall_ms"], 95), "ms", budget_ms, digits=1)
    yield Line("  p50", percentile(times["wall_ms"], 50), "ms", digits=1)
    yield Line("  CPU of the process, p50", percentile(times["cpu_ms"], 50), "ms", digits=1)
    yield Line("  CPU of the process, p95", percentile(times["cpu_ms"], 95), "ms", digits=1)
    yield Line("  CPU of PostgreSQL, mean", times["postgres_ms"], "ms", digits=1)


def grown(small: int, before_ms: float, large: int, after_ms: float) -> Line:
    return Line(f"CPU of a report, {small:,} → {large:,} stored", after_ms / before_ms, "times", GROWTH_BUDGET)


def together(grouper: Grouper) -> Iterator[Line]:
    """Several processes at once, up to eight. Each text was told twice, and its tellings are grouped by two of them."""
    start = TOGETHER_FROM
    for count, families in [(WORKERS[-1], 1), *((count, FAMILIES) for count in WORKERS)]:
        portions = grouper.ask("portions", workers=count, each=EACH, families=families, start=start)
        start += count * EACH // 2
        workers = [grouper.start("match", report_ids=portion) for portion in portions]
        spans = [answer_of(worker) for worker in workers]
        took_s = max(span["ended"] for span in spans) - min(span["began"] for span in spans)
        everybody = [report_id for portion in portions for report_id in portion]
        where = "one family" if families == 1 else f"{families} families"
        yield Line(f"{count} processes on {where}", len(everybody) / took_s, "reports/s", digits=0)
        yield Line("  not grouped once, or apart from its twin", grouper.ask("wrong", report_ids=everybody), "", 0)


def by_meaning(site: Stack) -> Iterator[Line]:
    """With an embedder that answers at once: what the vectors cost, not what a model does."""
    with stand_in() as address:
        grouper = Grouper(site, EMBEDDER=f"http:{address}")
        yield Line(f"vectors of {SMALL:,} reports made", grouper.ask("embed"), "s", digits=0)
        times = grouper.ask("group", start=MEANT_FROM, count=MEASURED)
    yield from lines_of(f"matching with vectors, {SMALL:,} stored", times, None)


@contextmanager
def stand_in() -> Iterator[str]:
    """The address of an embeddings endpoint: the vector of a text is the sum of those of its words, drawn by chance."""
    server = ThreadingHTTPServer((HOST, 0), StandIn)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://{HOST}:{server.server_port}/embed"
    finally:
        server.shutdown()
        server.server_close()


class StandIn(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        body = json.dumps([vector(text) for text in asked["inputs"]]).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


def vector(text: str) -> list[float]:
    total = sum((direction(word) for word in text.split()), np.zeros(DIMENSION))
    return [round(number, 4) for number in total.tolist()]


@lru_cache(maxsize=20_000)
def direction(word: str) -> NDArray[np.float64]:
    return np.random.default_rng(zlib.crc32(word.encode())).standard_normal(DIMENSION)
