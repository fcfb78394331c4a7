"""What watches over a site from outside: its figures in the text format of Prometheus.

Rows are read when they are asked for; what processes count comes from ``triage.meters``, so that one answer speaks of
all processes. What the names mean, and when to raise an alarm: docs/operating.md. None tells of a person or a report.
"""

import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from django.conf import settings
from django.db import connection

from triage import meters

MOST_COUNTED = 2_000  # rows of a queue; more are told as so many, because counting them would take its time
LIVE_S = 45  # a process that was seen by then lives; it says so every ten seconds
# For each queue the rows that nobody has served, and since when each waits. An index in the order of the last word
# finds the first of them.
QUEUES = {
    "reports": ("reports_report WHERE grouped_at IS NULL", "filed_at", "id"),
    "notices": ("reports_notice WHERE sent_at IS NULL AND due_at <= now()", "due_at", "due_at"),
    "attachments": ("reports_attachment WHERE state = 'waiting' AND removed_at IS NULL", "added_at", "id"),
    "imports": ("reports_import WHERE state IN ('waiting', 'running')", "changed_at", "id"),
    "deliveries": ("reports_delivery WHERE state = 'waiting' AND due_at <= now()", "due_at", "due_at"),
    "bulks": ("triage_bulk WHERE ended_at IS NULL", "coalesce(seen_at, made_at)", "id"),
    "events": ("ledger_event WHERE sequence IS NULL", "at", "id"),
}
HELD = ("reports_report WHERE held_at IS NOT NULL", "held_at", "id")
AGE = "extract(epoch FROM clock_timestamp() - {since})"
OF_QUEUE = """
SELECT '{name}', (SELECT count(*) FROM (SELECT FROM {rows} LIMIT {most}) counted),
       coalesce((SELECT greatest(0, {age}) FROM {rows} ORDER BY {order} LIMIT 1), 0)
"""
# How long the oldest event stands under no checkpoint. The ledger's own work, so it needs no age of quiet sites.
CHECKPOINTS = """
WITH newest AS (SELECT size, at FROM ledger_checkpoint ORDER BY size DESC LIMIT 1)
SELECT (SELECT extract(epoch FROM clock_timestamp() - at) FROM newest),
       coalesce(greatest(
         (SELECT extract(epoch FROM clock_timestamp() - at) FROM ledger_event
           WHERE sequence = coalesce((SELECT size FROM newest), 0)),
         (SELECT extract(epoch FROM clock_timestamp() - at) FROM ledger_event
           WHERE sequence IS NULL ORDER BY id LIMIT 1)), 0)
"""
METERS = "SELECT name, label, value FROM triage_meter"
PRESENT = """
SELECT part, count(*), sum(pool_size), sum(pool_busy), max(abs(skew_s)), count(DISTINCT key_mark)
  FROM triage_presence WHERE seen_at > clock_timestamp() - make_interval(secs => %s) GROUP BY part ORDER BY part
"""
Labels = dict[str, str]


@dataclass(frozen=True, slots=True)
class Figure:
    """One metric: its name without ``telltale_``, its type, what it says, and its samples (ending, labels, value)."""

    name: str
    kind: str
    meaning: str
    samples: Sequence[tuple[str, Labels, float]]

    def lines(self) -> Iterator[str]:
        name = f"telltale_{self.name}"
        yield f"# HELP {name} {self.meaning}"
        yield f"# TYPE {name} {self.kind}"
        for ending, labels, value in self.samples:
            told = ",".join(f'{label}="{escaped(said)}"' for label, said in labels.items())
            yield f"{name}{ending}{f'{{{told}}}' if told else ''} {value:.17g}"


def escaped(text: str) -> str:
    """
    >>> escaped('a"b')
    'a\\\\"b'
    """
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def told() -> str:
    """All figures. Raises DatabaseError."""
    return "\n".join(line for figure in figures() for line in figure.lines()) + "\n"


def figures() -> Iterator[Figure]:
    yield from of_queues()
    yield from of_ledger()
    yield from of_meters()
    yield from of_processes()
    yield gauge("disk_free_bytes", "Free space where files beside reports are kept.", free_bytes())


def gauge(name: str, meaning: str, value: float) -> Figure:
    return Figure(name, "gauge", meaning, [("", {}, value)])


def rows_of(statement: str, *values: float) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def counted(name: str, queue: tuple[str, str, str]) -> str:
    rows, since, order = queue
    return OF_QUEUE.format(name=name, rows=rows, most=MOST_COUNTED, age=AGE.format(since=since), order=order)


def of_queues() -> Iterator[Figure]:
    statement = " UNION ALL ".join(f"({counted(name, queue)})" for name, queue in {**QUEUES, "held": HELD}.items())
    found = {name: (float(count), float(age)) for name, count, age in rows_of(statement)}
    held, held_age = found.pop("held")
    waiting = [("", {"queue": name}, count) for name, (count, _age) in found.items()]
    oldest = [("", {"queue": name}, age) for name, (_count, age) in found.items()]
    yield Figure("queue_waiting", "gauge", f"Rows that nobody has served yet, {MOST_COUNTED} at most.", waiting)
    yield Figure("queue_oldest_seconds", "gauge", "How long the first row of a queue has waited.", oldest)
    yield gauge("held_reports", f"Reports held until somebody has looked, {MOST_COUNTED} at most.", held)
    yield gauge("held_oldest_seconds", "How long the first report held has waited for somebody.", held_age)


def of_ledger() -> Iterator[Figure]:
    (age, behind) = rows_of(CHECKPOINTS)[0]
    if age is not None:
        yield gauge("checkpoint_age_seconds", "Since the newest checkpoint; grows while nothing happens.", float(age))
    yield gauge("checkpoint_behind_seconds", "How long the oldest event waits for a checkpoint.", float(behind))


def of_meters() -> Iterator[Figure]:
    kept: dict[str, dict[str, float]] = {}
    for name, label, value in rows_of(METERS):
        kept.setdefault(name, {})[label] = float(value)
    if swept := kept.get("swept", {}).get(""):
        yield gauge("sweep_age_seconds", "Since the sweep last went through.", max(0.0, time.time() - swept))
    answered = kept.get("requests", {})
    samples = [("", {"status": status}, answered.get(status, 0.0)) for status in ("2xx", "3xx", "4xx", "5xx")]
    yield Figure("requests_total", "counter", "Requests that were answered, by the first digit of the status.", samples)
    drops = kept.get("bell_drops", {}).get("", 0.0)
    yield Figure("bell_drops_total", "counter", "Bells that were not rung; the sweep serves them.", [("", {}, drops)])
    for name, meaning, steps in (
        ("request_seconds", "From a request to its answer.", meters.REQUEST_STEPS),
        ("matching_seconds", "What it took to group a report.", meters.MATCHING_STEPS),
    ):
        yield Figure(name, "histogram", meaning, list(histogram(kept.get(name, {}), steps)))


def histogram(kept: dict[str, float], steps: Iterable[float]) -> Iterator[tuple[str, Labels, float]]:
    """Its steps as Prometheus has them, each with all below it."""
    ends = [*(f"{step:g}" for step in steps), meters.ENDLESS]
    totals = list(accumulate(kept.get(end, 0.0) for end in ends))
    yield from (("_bucket", {"le": end}, total) for end, total in zip(ends, totals, strict=True))
    yield "_sum", {}, kept.get(meters.SUM, 0.0)
    yield "_count", {}, totals[-1]


def of_processes() -> Iterator[Figure]:
    found = {part: values for part, *values in rows_of(PRESENT, LIVE_S)}
    parts = ("web", "worker")
    for place, (name, meaning) in enumerate(
        (
            ("processes", "Processes that were seen lately."),
            ("pool_connections", "Connections to the database that they hold."),
            ("pool_busy_connections", "Those of them in use."),
            ("clock_skew_seconds", "The largest difference between a process's clock and the database's."),
        )
    ):
        samples = [("", {"part": part}, float(found[part][place]) if part in found else 0.0) for part in parts]
        yield Figure(name, "gauge", meaning, samples)


def free_bytes() -> float:
    """Of the first folder above it that exists."""
    folder = next(each for each in (settings.FILES_DIR, *settings.FILES_DIR.parents) if each.exists())
    return float(shutil.disk_usage(folder).free)
