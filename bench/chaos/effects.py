"""What was acknowledged, compared with what is there and what came of it."""

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import psycopg

from bench.load import Answer
from bench.stack import BASE, Stack, wait_until

PATIENCE_S = 300.0
LATE_S = 60.0  # after the last fault, or after the last report came if that was later
STORED = """
SELECT r.reference, e.expected, r.grouped_at IS NOT NULL,
  (SELECT count(*) FROM reports_placement p WHERE p.report_id = r.id AND p.superseded_at IS NULL),
  (SELECT count(*) FROM ledger_event l WHERE l.verb = 'file' AND l.subjects @> ARRAY['report:' || r.id]::varchar[]),
  (SELECT count(*) FROM ledger_event l WHERE l.verb = 'group' AND l.subjects @> ARRAY['report:' || r.id]::varchar[])
FROM reports_report r JOIN reports_evidence e ON e.report_id = r.id WHERE r.channel = 'api'
"""
WAITING = """
SELECT (SELECT count(*) FROM reports_report WHERE grouped_at IS NULL)
     + (SELECT count(*) FROM ledger_event WHERE sequence IS NULL)
"""
COUNTED = """
SELECT (SELECT coalesce(sum(report_count), 0) FROM reports_dailycount)
     - (SELECT count(*) FROM reports_placement WHERE superseded_at IS NULL)
"""


@dataclass(frozen=True)
class Outcome:
    name: str
    filed: int
    acknowledged: int
    stored: int
    grouped: int
    lost: int
    doubled: int
    effects_s: float
    failures: Sequence[str]
    is_kept: bool

    def cells(self) -> tuple[str, ...]:
        numbers = (self.filed, self.acknowledged, self.stored, self.grouped, self.lost, self.doubled)
        return (self.name, *map(str, numbers), f"{self.effects_s:.0f} s", "ok" if self.is_kept else "FAILED")


def outcome_of(
    name: str,
    site: Stack,
    filed: int,
    answers: Sequence[Answer],
    dealt: Counter[str],
    last: float,
    later: Sequence[Callable[[], str]],
) -> Outcome:
    with suppress(TimeoutError):  # told by the numbers below
        wait_until(lambda: waiting(site) == 0, "all effects", patience_s=PATIENCE_S, step_s=0.5)
    effects_s = time.monotonic() - max(last, *(answer.due + answer.took_s for answer in answers))
    notes = [told for note in later if (told := note())]
    stored = site.ask(STORED)
    acknowledged = {answer.reference for answer in answers if answer.reference}
    references = {row[0] for row in stored}
    grouped = sum(row[2] and row[3] == 1 and row[4] == 1 and row[5] == 1 for row in stored)
    lost = len(acknowledged - references)
    doubled = len(stored) - len({row[1] for row in stored})
    ledger = verified(site)
    failures = [
        *(
            []
            if len(acknowledged) == filed
            else [f"{filed - len(acknowledged)} never acknowledged: {refusals(answers)}"]
        ),
        *([] if grouped == len(stored) else [f"{len(stored) - grouped} without one group and one line in the ledger"]),
        *([] if (count := site.count(COUNTED)) == 0 else [f"daily counts are off by {count}"]),
        *([] if effects_s <= LATE_S else [f"effects {effects_s:.0f} s late"]),
        *([] if ledger.startswith("ledger verified") else [ledger]),
        *(note for note in notes if " NOT " in note),
    ]
    print("  " + ", ".join(f"{what} {count}" for what, count in sorted(dealt.items())))
    retried = [answer for answer in answers if answer.tries > 1]
    statuses = Counter(status for answer in answers for status in answer.refused)
    print(
        f"  tried again: {len(retried)} reports, the longest for {max(a.took_s for a in answers):.0f} s; refusals met: "
        + (", ".join(f"{status or 'no answer'} {count}" for status, count in sorted(statuses.items())) or "none")
    )
    for line in (*notes, ledger, *failures):
        print(f"  {line}", flush=True)
    kept = not failures and not lost and not doubled and len(stored) == filed
    return Outcome(name, filed, len(acknowledged), len(stored), grouped, lost, doubled, effects_s, failures, kept)


def waiting(site: Stack) -> int:
    try:
        return site.count(WAITING)
    except psycopg.OperationalError:
        return -1


def refusals(answers: Sequence[Answer]) -> str:
    return "; ".join(f"{answer.status} {answer.text}" for answer in answers if not answer.reference)[:300]


def verified(site: Stack) -> str:
    """In the words of the command."""
    done = subprocess.run(
        [sys.executable, "manage.py", "verify_ledger"],
        cwd=BASE,
        env=site.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return (done.stdout if done.returncode == 0 else done.stderr).strip().rpartition("\n")[2]


HEAD = ("trial", "filed", "acknowledged", "stored", "grouped", "lost", "doubled", "effects within", "")


def show(outcomes: Sequence[Outcome]) -> None:
    rows = [HEAD, *(outcome.cells() for outcome in outcomes)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    for row in rows:
        print(
            "  ".join(
                cell.rjust(width) if at else cell.ljust(width)
                for at, (cell, width) in enumerate(zip(row, widths, strict=True))
            )
        )
