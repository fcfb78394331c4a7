"""Brokers of the trial's own, which are stopped, killed and made to hang."""

import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from bench.chaos.dealing import Fault, Missing, parts
from bench.load import HOST
from bench.processes import family_of
from bench.stack import Stack, free_port, listens, wait_until

AWAY_S = (3.0, 9.0)  # more than what a publisher waits, less than what a worker forgets
RABBIT_PATIENCE_S = 180.0


class Broker:
    """A broker that is a process of ours."""

    def __init__(self, name: str, url: str, port: int, start: Callable[[], "subprocess.Popen[bytes]"]) -> None:
        self.name, self.url, self.port, self._start = name, url, port, start
        self.process = self.started()
        self.is_killed = Fault(f"{name} killed", self._killed)
        self.hangs = Fault(f"{name} hanging", self._hung)

    def started(self) -> "subprocess.Popen[bytes]":
        process = self._start()
        wait_until(lambda: listens(self.port) or process.poll() is not None, self.name, patience_s=RABBIT_PATIENCE_S)
        if process.poll() is not None:
            raise Missing(f"{self.name} did not start (status {process.returncode}).")
        return process

    def _killed(self, site: Stack, chance: random.Random) -> bool:
        """With everything it held, and away for some seconds."""
        self.process.kill()
        self.process.wait()
        time.sleep(chance.uniform(*AWAY_S))
        self.process = self.started()
        return True

    def _hung(self, site: Stack, chance: random.Random) -> bool:
        return hung([process.pid for process in family_of(self.process.pid)], chance.uniform(*AWAY_S))

    def stop(self) -> None:
        for process in family_of(self.process.pid):
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGCONT)
        for process in reversed(family_of(self.process.pid)):
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
        self.process.wait()


def hung(pids: Sequence[int], seconds: float) -> bool:
    """Accepts connections, answers nothing, and goes on afterwards as if nothing had been."""
    for number in (signal.SIGSTOP, signal.SIGCONT):
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        if number == signal.SIGSTOP:
            time.sleep(seconds)
    return bool(pids)


database_hangs = Fault(
    "PostgreSQL hanging",
    lambda site, chance: hung([process.pid for process in parts(site, "postgres")], chance.uniform(*AWAY_S)),
)


@contextmanager
def program(name: str, environment: Mapping[str, str] | None = None) -> Iterator[tuple[str, Path]]:
    """Its path and a folder of its own. Raises Missing."""
    found = shutil.which(name)
    if found is None:
        raise Missing(f"there is no {name} here.")
    folder = tempfile.mkdtemp(prefix="telltale-broker-")
    try:
        yield found, Path(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def redis(*options: str) -> Iterator[Broker]:
    with program("redis-server") as (path, folder):
        port = free_port()
        command = [path, "--port", str(port), "--bind", HOST, "--dir", str(folder), "--save", "", "--appendonly", "no"]
        command += options

        def start() -> "subprocess.Popen[bytes]":
            return subprocess.Popen(command, stdout=subprocess.DEVNULL)

        broker = Broker("Redis", f"redis://{HOST}:{port}/0", port, start)
        try:
            yield broker
        finally:
            broker.stop()


@contextmanager
def rabbitmq(**environment: str) -> Iterator[Broker]:
    """On loopback unless told otherwise, with names and folders of its own: one that runs already is left alone."""
    with program("rabbitmq-server") as (path, folder):
        port, distribution, mapper = free_port(), free_port(), free_port()
        own = {
            "HOME": str(folder),
            "RABBITMQ_NODENAME": f"telltale{port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": HOST,
            "RABBITMQ_NODE_PORT": str(port),
            "RABBITMQ_DIST_PORT": str(distribution),
            "RABBITMQ_MNESIA_BASE": str(folder / "data"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_PID_FILE": str(folder / "pid"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "ERL_EPMD_PORT": str(mapper),
            "ERL_EPMD_ADDRESS": HOST,
            **environment,
        }
        # Debian's wrapper would become its own user, whose folders those are not
        server = "/usr/lib/rabbitmq/bin/rabbitmq-server"
        command = [server if Path(server).exists() else path]

        def start() -> "subprocess.Popen[bytes]":
            return subprocess.Popen(
                command,
                env={**os.environ, **own, **environment},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd=folder,
            )

        broker = Broker("RabbitMQ", f"amqp://guest:guest@{HOST}:{port}//", port, start)
        try:
            yield broker
        finally:
            broker.stop()
            end_mapper(mapper)


def end_mapper(port: int) -> None:
    """Erlang's port mapper is a daemon; ours knows no other node, and ends when it is told to."""
    with suppress(OSError), socket.create_connection((HOST, port), timeout=2) as mapper:
        mapper.sendall(b"\x00\x01k")
        mapper.recv(2)
