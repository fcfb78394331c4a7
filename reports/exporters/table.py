"""A line for each artifact of an issue, for spreadsheets."""

import csv
from collections.abc import Iterable, Iterator

from reports.exporters.records import Record, moment

COLUMNS = (
    "number",
    "title",
    "kind",
    "severity",
    "context_of_use",
    "lifecycle_stage",
    "issue_status",
    "artifact_kind",
    "artifact",
    "developer",
    "status",
    "resolution",
    "introduced_in",
    "last_affected",
    "fixed_in",
    "tries",
    "failures",
    "reports",
    "voices",
    "disputed",
    "first_reported",
    "published",
    "resolved",
    "modified",
    "url",
)
# What a spreadsheet takes for the start of a formula (OWASP, CSV injection)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class _Line:
    """What csv.writer writes to, so that each line can be sent as soon as it is made."""

    def write(self, line: str) -> str:
        return line


def lines(records: Iterable[Record]) -> Iterator[str]:
    """The header, then a line for each artifact."""
    return written(COLUMNS, (row for record in records for row in _rows(record)))


def written(header: Iterable[str], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """A table line by line, for whatever tool. RFC 4180: CRLF, quotes doubled."""
    writer = csv.writer(_Line(), dialect="excel")
    yield writer.writerow(header)
    for row in rows:
        yield writer.writerow([harmless(value) for value in row])


def harmless(value: object) -> str:
    """A cell that no spreadsheet runs: text that begins like a formula gets an apostrophe before it.

    >>> harmless("=1+1"), harmless(-1), harmless(None), harmless(True)
    ("'=1+1", '-1', '', 'yes')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(_FORMULA) else text


def _rows(record: Record) -> Iterator[tuple[object, ...]]:
    for each in record.standings:
        yield (
            record.number,
            record.title,
            record.kind,
            record.severity,
            record.context_of_use,
            record.lifecycle_stage,
            record.status,
            each.kind,
            each.full_name,
            each.developer,
            each.status,
            each.resolution,
            each.introduced_in,
            each.last_affected,
            each.fixed_in,
            each.tries,
            each.failures,
            record.report_count,
            record.voice_count,
            record.is_disputed,
            moment(record.first_reported),
            moment(record.published),
            moment(each.resolved_at),
            moment(record.modified),
            record.url,
        )
