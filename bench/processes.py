"""What a tree of processes costs: CPU time and memory, from /proc."""

import os
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from config.processes import proc_file, process_ids

TICKS = os.sysconf("SC_CLK_TCK")  # of CPU time, a second


@dataclass(frozen=True, slots=True)
class Process:
    """A live process; ``cpu_s`` counts its own time and that of the children it has collected."""

    pid: int
    parent: int
    command: str
    cpu_s: float


def read(pid: int) -> Process | None:
    """None if it is gone or a zombie."""
    fields = proc_file(pid, "stat").rpartition(b")")[2].split()
    if not fields or fields[0] in b"ZX":
        return None
    command = proc_file(pid, "cmdline").replace(b"\0", b" ").decode(errors="replace").strip()
    return Process(pid, int(fields[1]), command, sum(map(int, fields[11:15])) / TICKS)


def family_of(root: int) -> list[Process]:
    """The process and all that descend from it, parents before children."""
    children: dict[int, list[Process]] = defaultdict(list)
    for pid in process_ids():
        if process := read(pid):
            children[process.parent].append(process)

    def below(pid: int) -> Iterator[Process]:
        for child in children[pid]:
            yield child
            yield from below(child.pid)

    own = read(root)
    return [*([own] if own else []), *below(root)]


def cpu_seconds(roots: Collection[int]) -> float:
    """CPU time used so far by these processes and all below them."""
    return sum(process.cpu_s for root in roots for process in family_of(root))


def pss_bytes(pid: int) -> int:
    """Proportional set size: its own memory, and of what it shares with others its share. 0 if it is gone.

    Raises PermissionError where the process is not ours to look at.
    """
    try:
        with open(f"/proc/{pid}/smaps_rollup") as rollup:
            return next((int(line.split()[1]) * 1024 for line in rollup if line.startswith("Pss:")), 0)
    except (FileNotFoundError, ProcessLookupError):
        return 0
