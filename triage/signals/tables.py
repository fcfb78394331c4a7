"""D2, from the tables of cells: a kind told of one artifact more often than of the others, and the same of versions,
of languages within a family, and of contexts of use. Of all reports with a voice, imports with them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

import numpy as np
from django.db import connection

from reports.models import Signal
from reports.models.artifact import UNKNOWN
from triage.signals.finding import Finding
from triage.signals.series import DAY, LIVE, NOW, THEN, midnight
from triage.surveillance.disproportionality import (
    Disproportion,
    Told,
    codes_of,
    dispersion,
    disproportions,
    expectation,
)

METHOD = "disproportion-1"
DAYS = 365  # that a table looks back
NAMED = 10  # issues that a signal names as its drivers

# Each voice of an issue by what it told of, the earliest first. A number stands for it: there may be a million.
LINES = """
SELECT p.issue_id, r.artifact_id, coalesce(a.family_id, a.id), CASE WHEN v.is_alias THEN NULL ELSE v.id END,
       r.kind, r.context_of_use, r.language, r.channel || ':' || r.source, min({day}), hashtextextended(r.voice_key, 0)
FROM reports_report r
JOIN reports_placement p ON p.report_id = r.id AND {at_that_time}
JOIN reports_issue i ON i.id = p.issue_id AND i.status = ANY(%(live)s)
JOIN reports_artifact a ON a.id = r.artifact_id AND NOT (a.org = '' AND a.name = %(unknown)s)
LEFT JOIN reports_version v ON v.id = r.version_id
WHERE r.held_at IS NULL AND r.reported_at >= %(begin)s AND r.reported_at < %(end)s
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 10 ORDER BY 1, 9, 2, 4, 5, 6, 7, 8, 10
"""


class Line(NamedTuple):
    """What a voice of an issue told of, and the day on which it first did."""

    issue: int
    artifact: int
    family: int
    version: int | None
    kind: str
    context: str
    language: str
    origin: str
    day: date
    voice: int


@dataclass(frozen=True, slots=True)
class Table:
    """One table: what its rows are, None for a line that stands in none, and what a signal says of a row."""

    row: Callable[[Line], Any]
    about: Callable[[Any], Mapping[str, Any]]


TABLES: dict[str, Table] = {
    "artifact": Table(lambda line: line.artifact, lambda row: {"artifact": row}),
    "version": Table(
        lambda line: line.version and (line.artifact, line.version),
        lambda row: {"artifact": row[0], "version": row[1]},
    ),
    "language": Table(
        lambda line: line.language and (line.family, line.language),
        lambda row: {"artifact": row[0], "language": row[1]},
    ),
    "context": Table(lambda line: line.context or None, lambda row: {"context": row}),
}


def lines(last: date, *, then: bool = False) -> list[Line]:
    """All that a year has told up to ``last``; ``then``: as it was known on that evening."""
    statement = LINES.format(day=DAY, at_that_time=THEN if then else NOW)
    values = {"begin": midnight(last - timedelta(days=DAYS - 1)), "end": midnight(last + timedelta(days=1))}
    with connection.cursor() as cursor:
        cursor.execute(statement, {**values, "live": list(LIVE), "unknown": UNKNOWN})
        return [Line(*row) for row in cursor.fetchall()]


def findings(told: list[Line]) -> tuple[list[Finding], dict[str, float]]:
    """What stands out in any table, and how restless each table is."""
    found, restless = [], {}
    for name, table in TABLES.items():
        standing = heard_once(told, table)
        if not standing:
            continue
        rows, row_names = codes_of([table.row(line) for line in standing])
        columns, kinds = codes_of([line.kind for line in standing])
        strata, _ = codes_of([(line.day.year, line.day.month, line.origin) for line in standing])
        numbers = np.array([(line.issue, line.day.toordinal(), 1) for line in standing], dtype=np.int64).T
        table_told = Told(rows, columns, strata, numbers[0], numbers[1], numbers[2])
        shape = len(row_names), len(kinds)
        observed = np.bincount(rows * shape[1] + columns, numbers[2], minlength=shape[0] * shape[1]).reshape(shape)
        restless[name] = dispersion(observed.astype(np.int64), expectation(table_told, *shape))
        for cell in disproportions(table_told, *shape):
            found.append(_finding(name, table.about(row_names[cell.row]), str(kinds[cell.column]), cell))
    return found, restless


def heard_once(told: list[Line], table: Table) -> list[Line]:
    """The lines that stand in a table, ``told`` the earliest first.

    A voice counts once for a cell of an issue, on the day it was first heard there, whatever else it told of.
    """
    first: dict[tuple[Any, ...], Line] = {}
    for line in told:
        if row := table.row(line):
            first.setdefault((line.issue, line.kind, line.voice, row), line)
    return list(first.values())


def _finding(table: str, about: Mapping[str, Any], kind: str, cell: Disproportion) -> Finding:
    named = {name: value for name, value in about.items() if name != "artifact"}
    subject = ":".join(str(part) for part in (table, *about.values(), kind))
    return Finding(
        detector=Signal.Detector.DISPROPORTION,
        subject=subject,
        method=METHOD,
        tier=cell.tier,
        observed=cell.observed,
        expected=cell.expected,
        since=cell.since,
        artifact=about.get("artifact"),
        cell={"table": table, "kind": kind, **named},
        statistics={
            "ratio": cell.ratio,
            "ic": cell.ic,
            "interval": list(cell.interval),
            "p": cell.p,
            "q": cell.q,
            "drivers": [list(driver) for driver in cell.drivers[:NAMED]],
            "driver_count": len(cell.drivers),
            "low_without_first": cell.low_without_first,
        },
    )
