"""A trial: a site, a client that files at it, and faults that are dealt out meanwhile."""

import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from bench.chaos.effects import Outcome, outcome_of
from bench.load import Answer, Job, answers_of, send
from bench.processes import Process
from bench.stack import Stack
from bench.writing import reports

RATE = 20.0  # filings a second
SEED = 11
BETWEEN_S = (3.0, 9.0)
PATIENCE_S = 180.0  # of a client, from when a report was due
CONNECTIONS = 16
VICTIMS = {"web": " granian ", "worker": " worker ", "beat": " beat ", "postgres": "postgres"}


class Missing(Exception):
    """What a trial needs is not on this machine."""


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong: does it, undoes it, and says whether there was anything to do it to."""

    name: str
    deal: Callable[[Stack, random.Random], bool]

    def __call__(self, site: Stack, chance: random.Random) -> bool:
        return self.deal(site, chance)


@dataclass
class Trial:
    name: str
    folder: Path
    stack: ExitStack  # what is put on it lasts as long as the trial
    seconds: int
    site: Stack = field(init=False)
    first: list[Callable[["Trial"], None]] = field(default_factory=list)
    notes: list[Callable[[], str]] = field(default_factory=list)  # said beside the table

    def __post_init__(self) -> None:
        self.site = Stack(self.folder / "state")

    def when_started(self, do: Callable[["Trial"], None]) -> None:
        self.first.append(do)

    def run(self, faults: list[Fault]) -> Outcome:
        self.stack.callback(self.site.stop)
        self.site.start()
        for do in self.first:
            do(self)
        count = int(self.seconds * RATE)
        client = send(self.job(count))
        chance = random.Random(SEED)
        dealt: Counter[str] = Counter()
        ends = time.monotonic() + self.seconds
        while client.poll() is None and time.monotonic() < ends:
            time.sleep(chance.uniform(*BETWEEN_S))
            fault = chance.choice(faults)
            dealt[fault.name] += fault(self.site, chance)
        last = time.monotonic()
        answers: list[Answer] = answers_of(client)
        return outcome_of(self.name, self.site, count, answers, dealt, last, self.notes)

    def job(self, count: int) -> Job:
        """Each body says its own number, so that a report that stands twice is found whatever its reference."""
        bodies = [
            json.dumps({**report, "expected": f"number {at}"}, ensure_ascii=False)
            for at, report in enumerate(reports(count, seed=SEED))
        ]
        keys = [str(uuid4()) for _ in bodies]
        return Job(self.site.port, bodies, connections=CONNECTIONS, rate=RATE, patient_s=PATIENCE_S, keys=keys)


def killing(*names: str) -> list[Fault]:
    return [Fault(f"{name} killed", _killed(name)) for name in names or VICTIMS]


def _killed(name: str) -> Callable[[Stack, random.Random], bool]:
    """Ends any process of that part by SIGKILL: a leader, or one that it has started."""

    def deal(site: Stack, chance: random.Random) -> bool:
        own = parts(site, name)
        with suppress(ProcessLookupError):
            if own:
                os.kill(chance.choice(own).pid, signal.SIGKILL)
                return True
        return False

    return deal


def parts(site: Stack, name: str) -> list[Process]:
    return [process for process in site.family()[1:] if VICTIMS[name] in f" {process.command} "]
