"""A whole Telltale on a throw-away state folder, started as people start it, by ``manage.py up``."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg

from bench.load import HOST
from bench.processes import Process, family_of
from config import postgres

BASE = Path(__file__).resolve().parent.parent
PATIENCE_S = 120.0  # for a loaded machine
# What is measured is never a limit of how much one may file, except by bench.flood
LIMITS = ("NETWORK", "NETWORK_HOUR", "ARTIFACT", "SITE", "HELD", "NEWCOMER", "NEWCOMER_HOUR", "TRUSTED_HOUR")
NO_LIMITS = {f"LIMIT_{name}": "1000000000" for name in LIMITS}

OPEN_TRANSACTIONS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND xact_start IS NOT NULL AND pid <> pg_backend_pid()
  AND backend_type = 'client backend'
"""


class Stack:
    """One site: its folder, its port, and the processes of `up`."""

    def __init__(self, state_dir: Path, **environment: str) -> None:
        self.state_dir = state_dir
        self.port = free_port()
        self.extra = environment
        self.up: subprocess.Popen[str] | None = None
        self.lines: list[str] = []

    @property
    def environment(self) -> dict[str, str]:
        own = {"STATE_DIR": str(self.state_dir), "PORT": str(self.port), "DEMO": "0", **NO_LIMITS}
        return {**os.environ, "DATABASE_URL": "", "BROKER_URL": "", "SITE_URL": "", **own, **self.extra}

    def start(self) -> float:
        """Start it and wait until it is ready; returns the seconds that took."""
        began = time.monotonic()
        self.lines = []
        self.up = subprocess.Popen(
            [sys.executable, "manage.py", "up"],
            cwd=BASE,
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        threading.Thread(target=self._listen, args=(self.up,), daemon=True).start()
        ready = f"Telltale is ready at http://{HOST}:{self.port}/"
        wait_until(lambda: ready in self.lines or self.up is None or self.up.poll() is not None, "ready")
        if ready not in self.lines:
            raise RuntimeError("`manage.py up` did not start:\n" + "\n".join(self.lines))
        return time.monotonic() - began

    def _listen(self, up: "subprocess.Popen[str]") -> None:
        assert up.stdout is not None
        for line in up.stdout:
            self.lines.append(line.rstrip())

    def stop(self) -> None:
        if self.up is None:
            return
        self.up.send_signal(signal.SIGTERM)
        try:
            self.up.wait(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.up.kill()
            self.up.wait()
        self.up = None

    def family(self) -> list[Process]:
        """`up` and everything it started."""
        return family_of(self.up.pid) if self.up else []

    def process(self, name: str) -> Process | None:
        """The leading process of web, worker, beat or postgres; None while there is none."""
        word = {"web": " granian ", "worker": " worker ", "beat": " beat ", "postgres": "cluster_name="}[name]
        return next((process for process in self.family() if word in f"{process.command} "), None)

    def pid(self, name: str) -> int:
        found = self.process(name)
        if found is None:
            raise RuntimeError(f"There is no {name} process.")
        return found.pid

    @contextmanager
    def paused(self, *names: str) -> Iterator[None]:
        """Those stand still for as long as the context lasts, and none of them in the middle of a transaction.

        As long as one is open PostgreSQL clears no row away that was changed since, and what changes a row often, as
        counting who files how much does, costs more each time.
        """
        pids = [self.pid(name) for name in names]
        try:
            wait_until(lambda: self._stands_still(pids), "a moment between two transactions", step_s=0.2)
            yield
        finally:
            send(signal.SIGCONT, pids)

    def _stands_still(self, pids: Sequence[int]) -> bool:
        """Stop them; where that was in the middle of a transaction, let them go on."""
        send(signal.SIGSTOP, pids)
        time.sleep(0.1)  # for what they had asked for to be answered
        is_quiet = not self.count(OPEN_TRANSACTIONS)
        if not is_quiet:
            send(signal.SIGCONT, pids)
        return is_quiet

    def ask(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows from the site's database, read past the product."""
        with psycopg.connect(postgres.conninfo(self.state_dir), connect_timeout=5) as connection:
            return connection.execute(sql.encode(), values).fetchall()

    def do(self, sql: str) -> None:
        """A statement to the site's database that answers with no rows."""
        with psycopg.connect(postgres.conninfo(self.state_dir), connect_timeout=5) as connection:
            connection.execute(sql.encode())

    def count(self, sql: str, *values: Any) -> int:
        return int(self.ask(sql, *values)[0][0])

    def ungrouped(self) -> int:
        return self.count("SELECT count(*) FROM reports_report WHERE grouped_at IS NULL")


@contextmanager
def stack(**environment: str) -> Iterator[Stack]:
    """A site that runs; afterwards it is stopped and its folder gone."""
    folder = Path(tempfile.mkdtemp(prefix="telltale-bench-"))
    site = Stack(folder / "state", **environment)
    try:
        site.start()
        yield site
    finally:
        site.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def beside(site: Stack, settings: str) -> Iterator[tuple[int, int]]:
    """A second web server on the site's database, started as its own is but with other settings: (port, pid)."""
    web = site.process("web")
    assert web is not None
    port = free_port()
    words = web.command.split()
    words[words.index("--port") + 1] = str(port)
    server = subprocess.Popen(
        words, cwd=BASE, env={**site.environment, "MALLOC_ARENA_MAX": "2", "DJANGO_SETTINGS_MODULE": settings}
    )
    try:
        wait_until(lambda: listens(port) or server.poll() is not None, f"{settings} on port {port}")
        if server.poll() is not None:
            raise RuntimeError(f"The web server with {settings} did not start.")
        yield port, server.pid
    finally:
        server.terminate()
        server.wait(timeout=PATIENCE_S)


def send(number: signal.Signals, pids: Sequence[int]) -> None:
    """That signal, to those of them that are there still."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def listens(port: int) -> bool:
    with socket.socket() as trial:
        return trial.connect_ex((HOST, port)) == 0


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind((HOST, 0))
        return int(trial.getsockname()[1])


def wait_until(holds: Callable[[], bool], what: str, *, patience_s: float = PATIENCE_S, step_s: float = 0.05) -> float:
    """Wait until it holds; returns the moment. Raises TimeoutError."""
    deadline = time.monotonic() + patience_s
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"Waited {patience_s:g} s in vain for: {what}.")
        time.sleep(step_s)
    return time.monotonic()
