"""Processes of this machine, and children that are kept alive."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

BARE_START = Path(__file__).with_name("bare_start.py")
PROC = Path("/proc")


def bare_command(program: Sequence[str], *options: str) -> list[str]:
    """The command line that starts ``program`` by way of bare_start.py with these options."""
    return [sys.executable, "-I", "-S", str(BARE_START), *options, "--", *program]


def is_alive(pid: int) -> bool:
    """Whether that process still runs. A zombie, dead but not yet collected by its parent, does not."""
    try:
        if not (PROC / "self").exists():
            os.kill(pid, 0)
            return True
        state = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return state not in "ZX"


def proc_file(pid: int, name: str) -> bytes:
    """What /proc tells of a process; empty if it is gone, a zombie, or not ours to look at."""
    try:
        return (PROC / str(pid) / name).read_bytes()
    except OSError:
        return b""


def process_ids() -> Iterator[int]:
    """All processes. None on a machine without /proc."""
    for folder in PROC.glob("[0-9]*"):
        yield int(folder.name)


def collect(pid: int) -> None:
    """Take the exit status of ``pid`` if it is our child and has ended, so that it does not stay a zombie."""
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def wait_for_end(pid: int, *, timeout_s: float) -> bool:
    """Whether the process ended in time."""
    deadline = time.monotonic() + timeout_s
    while True:
        collect(pid)
        if not is_alive(pid):
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)


def signal_group(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


@dataclass
class Child:
    """A program that is kept running in a process group of its own, and dies with us however we end."""

    name: str
    program: Sequence[str]
    environment: Mapping[str, str]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0  # clock of time.monotonic, as all moments here
    start_again_at: float = 0.0
    pause_s: float = field(default=0.0)

    FIRST_PAUSE_S = 0.25
    LONGEST_PAUSE_S = 10.0
    STEADY_AFTER_S = 10.0

    def start(self) -> None:
        command = bare_command(self.program, "--session", "--die-with", str(os.getpid()))
        self.process = subprocess.Popen(command, env=dict(self.environment), stdin=subprocess.DEVNULL)
        self.started_at = time.monotonic()

    def tend(self, say: Callable[[str], None]) -> None:
        """Start it if it is due; if it ended, say so and set the time of the next start."""
        now = time.monotonic()
        if self.process is None:
            if now >= self.start_again_at:
                self.start()
            return
        status = self.process.poll()
        if status is None:
            return
        signal_group(self.process.pid, signal.SIGKILL)  # what it had started itself must not hold its port
        steady = now - self.started_at > self.STEADY_AFTER_S
        self.pause_s = self.FIRST_PAUSE_S if steady or not self.pause_s else min(self.pause_s * 2, self.LONGEST_PAUSE_S)
        self.process, self.start_again_at = None, now + self.pause_s
        cause = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
        say(f"The {self.name} process {cause}; starting it again in {self.pause_s:g} s.")


def stop_all(children: Iterable[Child], *, patience_s: float) -> None:
    """Ask all to end, end those that have not after ``patience_s``, and collect every one."""
    running = [child.process for child in children if child.process is not None]
    for process in running:
        process.terminate()  # the leader alone: it tells its own in its own order
    deadline = time.monotonic() + patience_s
    for process in running:
        with suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, deadline - time.monotonic()))
    for process in running:
        signal_group(process.pid, signal.SIGKILL)
        process.wait()


def end_marked(mark: str) -> None:
    """End every process that has ``mark`` (NAME=value) in the environment it was started with, but for ourselves."""
    for pid in process_ids():
        if pid != os.getpid() and mark.encode() in proc_file(pid, "environ").split(b"\0"):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                wait_for_end(pid, timeout_s=5)
