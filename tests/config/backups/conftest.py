"""Servers of somebody's own: on TCP, with a password, of the version that is asked for."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from config.postgres import environment
from config.privileges import Way, find_way

PASSWORD = "of a server / of one's own"
DEBIAN = Path("/usr/lib/postgresql")
Server = Callable[..., str]


@pytest.fixture
def server() -> Iterator[Server]:
    """``server() -> DATABASE_URL`` of an empty database; ``server(15)``: Debian's, skipped if it is not here."""
    with ExitStack() as stack:
        yield lambda major=None: stack.enter_context(_Server(major))


class _Server:
    def __init__(self, major: int | None) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="telltale-server-", dir="/tmp")
        state = Path(self.folder.name)
        state.chmod(0o711)
        (state / "postgres").mkdir()
        self.way = find_way(state, state / "postgres")
        if major is not None:
            binaries = DEBIAN / str(major) / "bin"
            if not binaries.is_dir():
                pytest.skip(f"there is no PostgreSQL {major} here")
            self.way = Way(binaries, self.way.options, self.way.uid)
        self.data = state / "data"
        self.data.mkdir(mode=0o700)
        with socket.socket() as trial:
            trial.bind(("127.0.0.1", 0))
            self.port = trial.getsockname()[1]

    def __enter__(self) -> str:
        said = Path(self.folder.name) / "password"
        said.write_text(PASSWORD)
        said.chmod(0o644)
        self.way.hand_over(self.data)
        made = ["-D", str(self.data), "-U", "owner", "--auth=scram-sha-256", f"--pwfile={said}", "--encoding=UTF8"]
        self.call("initdb", *made, "--locale=C", "--no-sync")
        options = ["-c", "listen_addresses=127.0.0.1", "-c", f"port={self.port}", "-c", "fsync=off"]
        options += ["-c", "unix_socket_directories="]
        self.process = subprocess.Popen(
            self.way.command("postgres", "-D", str(self.data), *options), env=environment(), stderr=subprocess.DEVNULL
        )
        self.tell("postgres", "CREATE ROLE telltale LOGIN PASSWORD 'plain'", "CREATE DATABASE telltale OWNER telltale")
        return f"postgresql://telltale:plain@127.0.0.1:{self.port}/telltale"

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(timeout=30)
        self.folder.cleanup()

    def call(self, program: str, *arguments: str) -> None:
        trial = subprocess.run(
            self.way.command(program, *arguments), env=environment(), capture_output=True, text=True, check=False
        )
        assert trial.returncode == 0, trial.stderr

    def tell(self, database: str, *sentences: str) -> None:
        deadline = time.monotonic() + 60
        while True:
            try:
                with psycopg.connect(
                    host="127.0.0.1", port=self.port, user="owner", password=PASSWORD, dbname=database, autocommit=True
                ) as connection:
                    for sentence in sentences:
                        connection.execute(sentence.encode())
                return
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)


def manage(*words: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """``manage.py`` as a process of its own, on a site that the variables name."""
    base = Path(__file__).resolve().parents[3]
    own = {"DEMO": "0", "BROKER_URL": "", "SITE_URL": "", "FILES_DIR": "", "KEY_FILE": "", **environment}
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=base,
        env={**os.environ, "DATABASE_URL": "", **own},
        capture_output=True,
        text=True,
        check=False,
    )
