"""Processes of this machine, and children that are kept alive."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
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


def command_lines() -> Iterator[tuple[int, bytes]]:
    """Every live process with its command line, or the title it gave itself, parts ended by zero bytes.

    From /proc/PID/cmdline, because that is open to everybody, where cwd and exe ask for rights over the process.
    A zombie has none. Empty on a machine without /proc.
    """
    for folder in PROC.glob("[0-9]*"):
        with suppress(OSError):
            if line := (folder / "cmdline").read_bytes():
                yield int(folder.name), line


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
