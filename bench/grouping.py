"""From filing to grouped, through the real broker and a real worker: how long it takes, and how many a second."""

import json
import time
from collections.abc import Iterator

from bench.load import Answer, Job, run
from bench.processes import cpu_seconds
from bench.stack import Stack, wait_until
from bench.table import Line, percentile
from bench.writing import reports

SEED = 7
STEADY = 100  # reports filed at STEADY_RATE
STEADY_RATE = 5.0  # a second
SUSTAINED = 500  # reports filed as fast as they are taken
PATIENCE_S = 120.0
LATENCY_BUDGET_S = 2.0
RATE_BUDGET, BUDGET_AT = 60.0, 100_000  # a second, with so many reports stored; DESIGN §6


def bodies(count: int, *, seed: int) -> list[str]:
    return [json.dumps(report, ensure_ascii=False) for report in reports(count, seed=seed)]


def accepted(answers: list[Answer]) -> list[Answer]:
    """The answers, if all are. Raises RuntimeError."""
    if refused := next((answer for answer in answers if answer.status != 201), None):
        raise RuntimeError(f"A report was answered {refused.status}: {refused.text}")
    return answers


def latency(site: Stack) -> Iterator[Line]:
    job = Job(
        port=site.port,
        bodies=bodies(STEADY, seed=SEED),
        connections=8,
        rate=STEADY_RATE,
        follow_s=PATIENCE_S,
    )
    waits = [answer.grouped_s for answer in accepted(run(job))]
    known = [wait for wait in waits if wait is not None]
    if len(known) < len(waits):
        raise RuntimeError(f"{len(waits) - len(known)} reports were not grouped within {PATIENCE_S:g} s.")
    yield Line("filed → grouped, p95", percentile(known, 95), "s", LATENCY_BUDGET_S)
    yield Line("  p50, at five a second", percentile(known, 50), "s")


def throughput(site: Stack, texts: list[str], *, stored: int) -> Iterator[Line]:
    """Reports filed and grouped a second, from the first to be sent until none waits. Where ``BUDGET_AT`` are stored
    it has a budget."""
    before = site.count("SELECT count(*) FROM reports_report")
    parts = {"the web process": site.pid("web"), "the worker": site.pid("worker"), "PostgreSQL": site.pid("postgres")}
    used = {name: cpu_seconds([pid]) for name, pid in parts.items()}
    began = time.monotonic()
    answers = accepted(run(Job(port=site.port, bodies=texts, connections=8)))
    filed = max(answer.due + answer.took_s for answer in answers)
    drained = wait_until(lambda: site.ungrouped() == 0, "all reports grouped", patience_s=PATIENCE_S, step_s=0.5)
    came = site.count("SELECT count(*) FROM reports_report") - before
    if came != len(texts):
        raise RuntimeError(f"{len(texts)} reports were acknowledged and {came} stored.")
    budget = RATE_BUDGET if stored == BUDGET_AT else None
    what = f"filed, grouped and drained, {stored:,} stored"
    yield Line(what, len(texts) / (drained - began), "reports/s", budget, at_least=True, digits=0)
    yield Line("  filing alone, the worker at work", len(texts) / (filed - began), "reports/s", digits=0)
    for name, pid in parts.items():
        yield Line(f"  CPU of {name}", (cpu_seconds([pid]) - used[name]) * 1000 / len(texts), "ms/report")
