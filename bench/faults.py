"""Faults dealt out to a running site: ``python -m bench.faults``. Exits 1 if anything was lost, doubled or held up.

Two trials. *Killed*: reports are filed while web, worker, beat and PostgreSQL are ended by SIGKILL at random; then the
site is started again, and what was acknowledged is compared with what is there. *Broker away*: filing must not wait for
a broker that refuses connections, nor for one that accepts them and never answers.
"""

import json
import os
import random
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from bench.load import HOST, Answer, Job, answers_of, run, send
from bench.processes import Process
from bench.stack import Stack, free_port, stack, wait_until
from bench.table import machine, percentile
from bench.writing import reports

REPORTS = 500
RATE = 20.0  # a second
SEED = 11
BETWEEN_KILLS_S = (0.5, 2.5)
CLIENT_PATIENCE_S = 90.0
VICTIMS = {"web": " granian ", "worker": " worker ", "beat": " beat ", "postgres": "postgres"}

FILINGS = 200  # at each broker
A_ROUND = 40
SLOWER_AT_MOST = 2.0  # times the p95 with a healthy broker
STORED = """
SELECT r.reference, e.expected, r.grouped_at IS NOT NULL,
  (SELECT count(*) FROM reports_placement p WHERE p.report_id = r.id AND p.superseded_at IS NULL),
  (SELECT count(*) FROM ledger_event l WHERE l.verb = 'file' AND l.subjects @> ARRAY['report:' || r.id]::varchar[])
FROM reports_report r JOIN reports_evidence e ON e.report_id = r.id
"""


# Killed


def killed() -> bool:
    """Whether every acknowledged report is there once, and grouped."""
    folder = Path(tempfile.mkdtemp(prefix="telltale-faults-"))
    site = Stack(folder / "state")
    try:
        site.start()
        answers, kills = file_under_fire(site)
        site.stop()
        print(f"Stopped and started again: ready after {site.start():.1f} s,", end=" ")
        ready = time.monotonic()
        with suppress(TimeoutError):  # told by the numbers below
            wait_until(lambda: site.ungrouped() == 0, "all grouped")
        print(f"and {time.monotonic() - ready:.1f} s later no report waited.")
        return compare(site, answers, kills)
    finally:
        site.stop()
        shutil.rmtree(folder, ignore_errors=True)


def bodies() -> list[str]:
    """Each says its own number, so that a report that stands twice is found whatever its reference."""
    numbered = enumerate(reports(REPORTS, seed=SEED))
    return [json.dumps({**report, "expected": f"number {at}"}, ensure_ascii=False) for at, report in numbered]


def file_under_fire(site: Stack) -> tuple[list[Answer], Counter[str]]:
    keys = [str(uuid4()) for _ in range(REPORTS)]
    client = send(
        Job(site.port, bodies(), connections=16, rate=RATE, patient_s=CLIENT_PATIENCE_S, follow_s=0.0, keys=keys)
    )
    chance = random.Random(SEED)
    kills: Counter[str] = Counter()
    deadline = time.monotonic() + REPORTS / RATE
    while client.poll() is None and time.monotonic() < deadline:
        time.sleep(chance.uniform(*BETWEEN_KILLS_S))
        name = chance.choice(list(VICTIMS))
        if victim := one_of(site, name, chance):
            with suppress(ProcessLookupError):
                os.kill(victim.pid, signal.SIGKILL)
                kills[name] += 1
    return answers_of(client), kills


def one_of(site: Stack, name: str, chance: random.Random) -> Process | None:
    """Any process of that part: a leader or one that it has started."""
    own = [process for process in site.family()[1:] if VICTIMS[name] in f" {process.command} "]
    return chance.choice(own) if own else None


def compare(site: Stack, answers: list[Answer], kills: Counter[str]) -> bool:
    acknowledged = {answer.reference for answer in answers if answer.reference}
    stored = site.ask(STORED)
    references = {row[0] for row in stored}
    grouped = sum(is_grouped and placements == 1 for _, _, is_grouped, placements, _ in stored)
    lost = len(acknowledged - references)
    doubled = len(stored) - len({number for _, number, *_ in stored})
    unsure = REPORTS - len(acknowledged)
    told = sum(row[4] for row in stored)
    dealt = ", ".join(f"{name} {count}" for name, count in sorted(kills.items()))
    print(f"Killed with SIGKILL while {REPORTS} reports were filed at {RATE:g} a second: {dealt}.")
    retried = sum(answer.tries > 1 for answer in answers)
    longest = max(answer.took_s for answer in answers)
    print(f"Clients tried again for {retried} reports; the longest wait for an answer was {longest:.1f} s.")
    print(f"acknowledged {len(acknowledged)}, stored {len(stored)}, grouped once {grouped}, in the ledger {told}")
    print(f"lost {lost}, doubled {doubled}, never acknowledged {unsure}")
    if unsure:
        print("  for example: " + "; ".join(f"{a.status} {a.text}" for a in answers if not a.reference)[:300])
    return len(acknowledged) == len(stored) == grouped == told == REPORTS and not lost and not doubled


# Broker away


def broker_away() -> bool:
    """Whether filing takes about as long without a broker as with one. Turn by turn, because machines are restless."""
    with ExitStack() as open_sites:
        silent = open_sites.enter_context(silent_port())
        addresses = {
            "healthy": "",
            "refuses connections": f"redis://{HOST}:{free_port()}/0",
            "never answers": f"redis://{HOST}:{silent}/0",
        }
        sites = {name: open_sites.enter_context(stack(BROKER_URL=address)) for name, address in addresses.items()}
        took: dict[str, list[float]] = {name: [] for name in sites}
        for at in range(FILINGS // A_ROUND):
            for name, site in sites.items():
                took[name] += round_of(site, at)
                # What its worker has yet to do must not slow the next one down
                wait_until(lambda: sites["healthy"].ungrouped() == 0, "all grouped")
    allowed = SLOWER_AT_MOST * percentile(took["healthy"], 95)
    kept = True
    for name, times in took.items():
        p95 = percentile(times, 95)
        kept &= p95 < allowed
        print(
            f"broker {name}: {len(times)} filings, p50 {percentile(times, 50) * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms"
            f" ({p95 / percentile(took['healthy'], 95):.2f} × healthy; allowed {SLOWER_AT_MOST:g})"
        )
    return kept


def round_of(site: Stack, at: int) -> list[float]:
    texts = [json.dumps(report, ensure_ascii=False) for report in reports(A_ROUND, seed=SEED + at)]
    answers = run(Job(site.port, texts, connections=4, rate=RATE))
    if refused := next((answer for answer in answers if answer.status != 201), None):
        raise RuntimeError(f"A report was answered {refused.status}: {refused.text}")
    return [answer.took_s for answer in answers]


@contextmanager
def silent_port() -> Iterator[int]:
    """A port that accepts connections and never says a word."""
    with socket.create_server((HOST, 0)) as listener:
        held: list[socket.socket] = []

        def accept() -> None:
            with suppress(OSError):  # closed at the end
                while True:
                    held.append(listener.accept()[0])

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield listener.getsockname()[1]
        finally:
            for connection in held:
                connection.close()


TRIALS = {"killed": killed, "broker": broker_away}


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # by way of what stops the sites
    wanted = sys.argv[1:] or list(TRIALS)
    if unknown := set(wanted) - set(TRIALS):
        sys.exit(f"There is no trial {', '.join(sorted(unknown))}. Trials: {', '.join(TRIALS)}.")
    print(machine(), flush=True)
    failed = [name for name in wanted if not TRIALS[name]()]
    sys.exit(f"Failed: {', '.join(failed)}." if failed else 0)


if __name__ == "__main__":
    main()
