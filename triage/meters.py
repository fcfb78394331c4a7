"""What a site counts of its own work, for whoever watches over it.

A process counts in memory, which costs a request nothing. A thread (``triage.presence``) adds what was counted to the
rows of all every few seconds, so that a number is one number however many processes and machines there are, and
workers, which answer no request, are counted too. A process that is killed takes what it counted in the last seconds
with it. No number here says anything of a person or of a report.
"""

from collections.abc import Sequence
from threading import Lock

from django.db import DatabaseError, connection, transaction

from triage.bell import bell

# Upper ends in seconds; among them those that budgets name
MATCHING_STEPS = (0.005, 0.01, 0.02, 0.03, 0.06, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 15.0)
REQUEST_STEPS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.3, 0.5, 1.0, 2.5, 5.0, 10.0)
ENDLESS, SUM = "+Inf", "sum"  # labels of a histogram beside the ends of its steps
ADD = """
INSERT INTO triage_meter (name, label, value) VALUES (%s, %s, %s)
    ON CONFLICT (name, label) DO UPDATE SET value = triage_meter.value + excluded.value
"""
MARK = """
INSERT INTO triage_meter (name, label, value) VALUES (%s, '', extract(epoch FROM clock_timestamp()))
    ON CONFLICT (name, label) DO UPDATE SET value = greatest(triage_meter.value, excluded.value)
"""
_counted: dict[tuple[str, str], float] = {}
_counting = Lock()


def count(name: str, label: str = "", *, by: float = 1.0) -> None:
    """Count in memory; ``flush`` makes it lasting."""
    with _counting:
        _counted[name, label] = _counted.get((name, label), 0.0) + by


def observe(name: str, seconds: float, steps: Sequence[float]) -> None:
    """One more in the step of the histogram that ``seconds`` falls into, and their sum."""
    count(name, next((f"{step:g}" for step in steps if seconds <= step), ENDLESS))
    count(name, SUM, by=seconds)


def mark(name: str) -> None:
    """Write down, in the transaction of whoever asks, that it happened now."""
    with connection.cursor() as cursor:
        cursor.execute(MARK, [name])


def flush() -> None:
    """Add what this process has counted to the rows. What could not be written stays counted. Raises DatabaseError."""
    if dropped := bell.dropped - _drops_told[0]:
        count("bell_drops", by=dropped)
        _drops_told[0] += dropped
    with _counting:
        taken = dict(_counted)
        _counted.clear()
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            # In one order in all processes, which else might wait for each other's rows for ever
            cursor.executemany(ADD, [(*which, value) for which, value in sorted(taken.items())])
    except DatabaseError:
        for (name, label), value in taken.items():
            count(name, label, by=value)
        raise


_drops_told = [0]  # of the bell's drops, how many were counted
