"""An upgrade while reports are filed and pages are read: ``python -m bench.upgrade``. Exits 1 if one request failed.

From the commit before the newest migration (or the one named) to this tree: the old web goes on while the new code
migrates, the new one takes over behind one address, and the old one ends. A request that a server refused or failed
counts against it; a connection that the old server closed as it ended is made again, as any proxy does.
"""

import http.client
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from bench.load import HOST, Job, answers_of, send
from bench.stack import BASE, NO_LIMITS, free_port, listens, wait_until
from bench.table import machine
from bench.writing import reports
from config import postgres

SECONDS = int(os.environ.get("UPGRADE_SECONDS") or 60)
RATE = 10.0
PAGES = ("/", "/issues/", "/models/", "/api/v1/issues/", "/health/ready/", "/report/")
NEWEST = ["git", "log", "-1", "--format=%H", "--", "*/migrations/0*.py"]


def git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=BASE, capture_output=True, text=True, check=True).stdout.strip()


def commit_before() -> str:
    newest = subprocess.run(NEWEST, cwd=BASE, capture_output=True, text=True, check=True).stdout.strip()
    return git("rev-parse", f"{newest}~1")


def laid_out(commit: str, folder: Path) -> Path:
    """The files of that commit, with our environment beside them."""
    folder.mkdir()
    archive = subprocess.run(["git", "archive", commit], cwd=BASE, capture_output=True, check=True).stdout
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive, check=True)
    return folder


@dataclass
class Front:
    """Where the address leads; clients ask it for every connection."""

    port: int = 0
    statuses: Counter[str] = field(default_factory=Counter)


@dataclass
class Release:
    """One code on the site's database: a web server and a worker of its own."""

    tree: Path
    state: Path
    processes: list["subprocess.Popen[bytes]"] = field(default_factory=list)
    port: int = 0

    @property
    def environment(self) -> dict[str, str]:
        own = {"STATE_DIR": str(self.state), "PORT": "8000", "SITE_URL": "", "DEMO": "0", "BROKER_URL": ""}
        return {**os.environ, **NO_LIMITS, **own, "DATABASE_URL": "", "DJANGO_SETTINGS_MODULE": "config.settings"}

    def manage(self, *words: str) -> None:
        subprocess.run([sys.executable, "manage.py", *words], cwd=self.tree, env=self.environment, check=True)

    def start(self) -> int:
        self.port = free_port()
        web = ["granian", "config.wsgi:application", "--interface", "wsgi", "--host", HOST, "--port", str(self.port)]
        worker = ["celery", "-q", "-A", "config", "worker", "-P", "threads", "-c", "2", "-l", "ERROR"]
        for words in ([*web, "--log-level", "error", "--blocking-threads", "4"], worker):
            command = [sys.executable, "-m", *words]
            self.processes.append(subprocess.Popen(command, cwd=self.tree, env=self.environment))
        wait_until(lambda: listens(self.port), f"{self.tree} on port {self.port}")
        return self.port

    def stop(self) -> None:
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=30)
            process.kill()
            process.wait()
        self.processes.clear()


def read_pages(front: Front, over: threading.Event) -> None:
    at = 0
    while not over.wait(0.2):
        at += 1
        connection = http.client.HTTPConnection(HOST, front.port, timeout=30)
        try:
            connection.request("GET", PAGES[at % len(PAGES)], headers={"Host": "127.0.0.1:8000"})
            front.statuses[f"read {connection.getresponse().status}"] += 1
        except (OSError, http.client.HTTPException):
            front.statuses["read, closed by a server that ended"] += 1
        finally:
            connection.close()


def file_some(front: Front, over: threading.Event, seed: int) -> None:
    """Two seconds' worth at a time, so that each goes where the address leads by then."""
    while not over.is_set():
        seed += 1
        bodies = [json.dumps(report, ensure_ascii=False) for report in reports(int(RATE * 2), seed=seed)]
        keys = [str(uuid4()) for _ in bodies]
        head = {"Content-Type": "application/json"}
        job = Job(front.port, bodies, connections=4, rate=RATE, patient_s=60.0, keys=keys, headers=head)
        for answer in answers_of(send(job)):
            front.statuses[f"file {answer.status}"] += 1
            for status in answer.refused:
                front.statuses[f"file, tried again after {status or 'no answer'}"] += 1


def upgraded(commit: str) -> Front:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="telltale-upgrade-")))
        old = Release(laid_out(commit, folder / "old"), folder / "state")
        new = Release(BASE, folder / "state")
        stack.enter_context(postgres.running(folder / "state"))
        old.manage("migrate", "--verbosity", "0", "--no-input")
        old.manage("collectstatic", "--verbosity", "0", "--no-input")
        front, over = Front(), threading.Event()
        stack.callback(new.stop)
        stack.callback(old.stop)
        front.port = old.start()
        clients = [threading.Thread(target=read_pages, args=(front, over))]
        clients.append(threading.Thread(target=file_some, args=(front, over, 1)))
        for client in clients:
            client.start()
        try:
            time.sleep(SECONDS / 4)
            began = time.monotonic()
            new.manage("migrate", "--verbosity", "0", "--no-input")
            print(f"migrated in {time.monotonic() - began:.1f} s under the old code", flush=True)
            time.sleep(SECONDS / 4)  # old code on new tables
            new.manage("collectstatic", "--verbosity", "0", "--no-input")
            front.port = new.start()
            time.sleep(4)  # what was sent to the old address is answered there
            old.stop()
            time.sleep(SECONDS / 4)
        finally:
            over.set()
            for client in clients:
                client.join()
        return front


def main() -> None:
    commit = git("rev-parse", sys.argv[1]) if len(sys.argv) > 1 else commit_before()
    print(machine())
    print(f"from {git('log', '-1', '--format=%h %s', commit)}")
    front = upgraded(commit)
    for what, count in sorted(front.statuses.items()):
        print(f"  {what}: {count}")
    if failed := {what: count for what, count in front.statuses.items() if " 5" in what or what.endswith(" 0")}:
        sys.exit(f"Failed: {failed}")


if __name__ == "__main__":
    main()
