"""The one command: a real `manage.py up`, its children, and what is left of it afterwards."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.core.management.base import CommandError

from config import postgres
from config.management.commands import up
from config.processes import proc_file, process_ids

BASE = Path(__file__).resolve().parents[2]
PATIENCE_S = 60  # a bound for a loaded machine, not a measurement


class Site:
    """A site of this test's own: `manage.py` with its state folder and port."""

    def __init__(self, state_dir: Path) -> None:
        self.state_dir = state_dir
        self.port = free_port()
        self.lines: list[str] = []
        self.up: subprocess.Popen[str] | None = None

    @property
    def environment(self) -> dict[str, str]:
        own = {"STATE_DIR": str(self.state_dir), "PORT": str(self.port), "DEMO": "0"}
        return {**os.environ, **own, "DATABASE_URL": "", "BROKER_URL": "", "SITE_URL": ""}

    def command(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=BASE,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )

    def start(self) -> "subprocess.Popen[str]":
        self.lines = []
        up = self.up = subprocess.Popen(
            [sys.executable, "manage.py", "up"],
            cwd=BASE,
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        threading.Thread(target=self.listen, args=(up,), daemon=True).start()
        return up

    def listen(self, up: "subprocess.Popen[str]") -> None:
        assert up.stdout is not None
        for line in up.stdout:
            self.lines.append(line.rstrip())

    @property
    def ready_line(self) -> str:
        return f"Telltale is ready at http://127.0.0.1:{self.port}/"

    def wait_until_ready(self) -> None:
        until(lambda: self.ready_line in self.lines, self.said)

    def answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/health/ready/")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def processes(self) -> dict[int, str]:
        """Whatever lives and was started with this state folder, with its command line; but for PostgreSQL."""
        mark = f"STATE_DIR={self.state_dir}".encode()
        return {
            pid: proc_file(pid, "cmdline").replace(b"\0", b" ").decode()
            for pid in process_ids()
            if mark in proc_file(pid, "environ").split(b"\0")
        }

    def children(self, word: str) -> list[int]:
        """The processes whose command line has ``word`` and whose parent is `up`."""
        assert self.up is not None
        return [pid for pid, line in self.processes().items() if word in line and parent_of(pid) == self.up.pid]

    def child(self, word: str) -> int:
        (pid,) = self.children(word)
        return pid

    def server(self) -> int:
        pid = postgres.server_pid(self.state_dir)
        assert pid is not None
        return pid

    def has_child(self, word: str) -> bool:
        return len(self.children(word)) == 1

    def said(self) -> str:
        return "\n".join(self.lines)

    def kill(self) -> None:
        if self.up is not None and self.up.poll() is None:
            self.up.kill()
            self.up.wait()
        for pid in self.processes():
            os.kill(pid, signal.SIGKILL)


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


def parent_of(pid: int) -> int:
    """0 if it is gone."""
    return int((proc_file(pid, "stat").rpartition(b")")[2].split() or [b"", b"0"])[1])


def until(holds: Callable[[], bool], explanation: Callable[[], str] = str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, explanation()
        time.sleep(0.05)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path / "state")
    yield site
    site.kill()
    postgres.stop(postgres.Place(site.state_dir))


def test_from_first_start_over_every_kind_of_death_to_a_clean_stop(site: Site) -> None:
    """One story, because a start is dear: start, share, lose children, be killed, start again, stop."""
    up = site.start()
    site.wait_until_ready()
    assert site.answers()

    another_command = site.command("migrate", "--check")
    assert another_command.returncode == 0, another_command.stderr

    second_copy = site.command("up")
    assert second_copy.returncode == 1
    assert "Another Telltale is running on" in second_copy.stderr
    assert "Traceback" not in second_copy.stderr

    server = site.server()
    for pid in (server, site.child(" worker "), site.child(" beat "), site.child(" granian ")):
        os.kill(pid, signal.SIGKILL)
    until(lambda: sum("starting it again" in line for line in site.lines) == 4, site.said)
    until(site.answers, site.said)
    for word in (" worker ", " beat ", " granian "):
        until(partial(site.has_child, word), site.said)
    new_server = site.server()
    assert new_server != server
    assert site.lines.count(site.ready_line) == 1

    up.kill()
    up.wait()
    until(lambda: site.processes() == {}, lambda: str(site.processes()))
    assert postgres.server_pid(site.state_dir) == new_server

    up = site.start()
    site.wait_until_ready()
    assert postgres.server_pid(site.state_dir) == new_server

    up.send_signal(signal.SIGTERM)
    assert up.wait(timeout=PATIENCE_S) == 0
    assert site.lines.count(site.ready_line) == 1
    assert site.processes() == {}
    assert postgres.server_pid(site.state_dir) is None


def test_taken_port_is_said_and_changes_nothing(site: Site) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", site.port))
        other.listen()

        result = site.command("up")

    assert result.returncode == 1
    assert f"Port {site.port} is taken by another program." in result.stderr
    assert "Traceback" not in result.stderr
    assert {path.name for path in site.state_dir.rglob("*")} <= {"up.lock", "telltale.key"}


@pytest.mark.parametrize(("listens", "asked"), [("0.0.0.0", "127.0.0.1"), ("::", "::1"), ("127.0.0.2", "127.0.0.2")])
def test_the_site_is_asked_where_it_listens(settings: Any, listens: str, asked: str) -> None:
    settings.LISTEN_ON = listens

    assert up.asked_at() == asked


def test_a_port_that_is_taken_at_that_address_is_refused() -> None:
    with socket.create_server(("127.0.0.2", 0)) as taken, pytest.raises(CommandError, match="is taken by another"):
        up.refuse_taken_port("127.0.0.2", taken.getsockname()[1])
    with pytest.raises(CommandError, match=r"Port 8000 of 192\.0\.2\.1 cannot be used"):  # of no machine, RFC 5737
        up.refuse_taken_port("192.0.2.1", 8000)
