"""Running `manage.py replay` as people do, in a process and a scratch database of its own, and reading its answer."""

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.quality.placing import Event
from bench.quality.streams import Stream
from config import postgres

BASE = Path(__file__).resolve().parents[2]
STOP_S = 30.0
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")  # processes run beside each other
METHOD = re.compile(r"\bmethod ([\w.-]+)")
COST = re.compile(r"median ([\d.,]+) ms.*?p95 ([\d.,]+) ms.*?memory ([\d.,]+) MB", re.DOTALL)


class Failed(Exception):
    """A replay that ended badly; the text is what it said last."""


@dataclass(frozen=True, slots=True)
class Replay:
    """What one replay wrote and said. Milliseconds are those of grouping a report; ``method`` is "" if unsaid."""

    events: tuple[Event, ...]
    ranked: Mapping[str, Sequence[str]]
    median_ms: float
    p95_ms: float
    memory_mb: float
    method: str = ""


class Workshop:
    """A throw-away state folder with a database server, in which children work until it is closed."""

    def __init__(self, folder: Path, embedder: str = "") -> None:
        self.folder = folder
        self.embedder = embedder
        self.children: set[subprocess.Popen[str]] = set()
        self.lock = threading.Lock()
        self.is_closed = False

    @property
    def environment(self) -> dict[str, str]:
        cleared = dict.fromkeys(("BROKER_URL", "SITE_URL", "DATABASE_URL", "EMBEDDER"), "")
        return {**os.environ, **cleared, **ONE_THREAD, "STATE_DIR": str(self.folder / "state"), "LOG_LEVEL": "ERROR"}

    def run(self, *words: str) -> str:
        """What a Python child printed. Raises Failed."""
        with self.lock:
            if self.is_closed:
                raise Failed("stopped")
            child = subprocess.Popen(
                [sys.executable, *words],
                cwd=BASE,
                env=self.environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            self.children.add(child)
        printed, complained = child.communicate()
        self.children.discard(child)
        if child.returncode:
            raise Failed((complained.strip() or printed.strip() or f"ended with {child.returncode}").splitlines()[-1])
        return printed

    def replay(self, stream: Stream, *, run: int = 0) -> Replay:
        """One run of a stream through the site. Raises Failed."""
        folder = self.folder / f"run-{run}"
        folder.mkdir(exist_ok=True)
        path = stream.write(folder)
        events, ranked = folder / f"{stream.name}.events", folder / f"{stream.name}.ranked"
        words = ["manage.py", "replay", str(path), "--events", str(events), "--ranked", str(ranked)]
        words += ["--level", stream.level, "--source", stream.source]
        words += ["--embedder", self.embedder] if self.embedder else []
        printed = self.run(*words)
        cost = COST.search(printed)
        if cost is None:
            raise Failed(f"replay told no times: {printed.strip()[-200:]}")
        median, p95, memory = (float(number.replace(",", "")) for number in cost.groups())
        decided = (json.loads(line) for line in events.read_text().splitlines())
        named = (json.loads(line) for line in ranked.read_text().splitlines())
        return Replay(
            tuple((str(line["id"]), str(line["group"])) for line in decided),
            {str(line["id"]): [str(other) for other in line["ranked"]] for line in named},
            median,
            p95,
            memory,
            method[1] if (method := METHOD.search(printed)) else "",
        )

    def close(self) -> None:
        """End what still runs; each child drops its scratch database on the way out."""
        with self.lock:
            self.is_closed = True
            running = list(self.children)
        for child in running:
            child.terminate()
        for child in running:
            try:
                child.wait(timeout=STOP_S)
            except subprocess.TimeoutExpired:
                child.kill()


@contextmanager
def workshop(folder: Path, embedder: str = "") -> Iterator[Workshop]:
    """A database server of its own for as long as the context lasts, migrated before two children could meet in it."""
    made = Workshop(folder, embedder)
    with postgres.running(folder / "state", fsync=False):
        try:
            made.run("manage.py", "migrate", "--verbosity", "0")
            yield made
        finally:
            made.close()
