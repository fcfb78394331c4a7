"""What the whole embedded stack holds of memory while nothing happens."""

import time
from collections import Counter
from collections.abc import Iterator

from bench.processes import pss_bytes
from bench.stack import Stack
from bench.table import Line

BUDGET_MB = 600.0
REST_S = 8.0  # from ready to looking
PARTS = {"postgres": "PostgreSQL", " granian ": "web", " worker ": "worker", " beat ": "beat", " up": "up"}


def measure(site: Stack) -> Iterator[Line]:
    time.sleep(REST_S)
    parts: Counter[str] = Counter()
    for process in site.family():
        word = next((word for word in PARTS if word in f" {process.command} "), "others")
        parts[PARTS.get(word, word)] += pss_bytes(process.pid)
    yield Line("memory at rest, whole stack", sum(parts.values()) / 1e6, "MB", BUDGET_MB, digits=0)
    for part, size in parts.most_common():
        yield Line(f"  {part}", size / 1e6, "MB", digits=0)
