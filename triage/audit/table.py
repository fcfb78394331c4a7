"""The lines of an audit to take away: as a table for spreadsheets, or a line of JSON each."""

import csv
import json
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from accounts.policy import Actor
from ledger.models import Event
from reports.exporters.table import harmless
from triage.audit.changes import Told, moment
from triage.audit.lines import Line, lines_of

AT_ONCE = 500
COLUMNS = ("event", "at", "who", "roles", "verb", "what", "reason", "about", "changed", "more", "is_undone", "note")


class _Echo:
    def write(self, line: str) -> str:
        return line


def in_csv(events: Any, actor: Actor, *, signed: int) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield str(writer.writerow(COLUMNS))
    for line in _lines(events, actor, signed):
        said = document(line)
        changed = "; ".join(map(_in_words, line.changes))
        told = {**said, "changed": changed, "about": "; ".join(said["about"]), "roles": ", ".join(line.roles)}
        told["more"] = "; ".join(f"{name}: {value}" for name, value in line.more)
        yield str(writer.writerow([harmless(told[name]) for name in COLUMNS]))


def in_jsonl(events: Any, actor: Actor, *, signed: int) -> Iterator[str]:
    for line in _lines(events, actor, signed):
        yield json.dumps(document(line), ensure_ascii=False) + "\n"


def _lines(events: Any, actor: Actor, signed: int) -> Iterable[Line]:
    rows: Iterator[Event] = events.iterator(chunk_size=AT_ONCE)
    while some := list(islice(rows, AT_ONCE)):
        yield from lines_of(some, actor, signed=signed)


def document(line: Line) -> dict[str, Any]:
    return {
        "event": line.sequence,
        "at": moment(line.at),
        "who": line.who or line.by,
        "roles": list(line.roles),
        "verb": line.verb,
        "what": line.what,
        "reason": line.reason,
        "about": [about.words for about in line.about],
        "changed": [{"row": each.row, "field": each.field, **_sides(each)} for each in line.changes],
        "more": dict(line.more),
        "is_undone": line.is_undone,
        "note": line.note,
    }


def _sides(told: Told) -> dict[str, str]:
    return {} if told.is_closed else {"before": told.before, "after": told.after}


def _in_words(told: Told) -> str:
    return f"{told.row} {told.field}" + ("" if told.is_closed else f": {told.before} → {told.after}")
