"""The forms in which the record can be taken away, and how one issue or many become bytes in each.

Many are written as whoever reads that format expects them, and never held in memory at once: OSV as an archive of one
document a record, as its databases offer them; OpenVEX as one document with all statements; AVID as a line a report, as
its tools write them; our own as a line an issue, or one document where it is about an artifact.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from reports.exporters import avid, openvex, osv, own, table
from reports.exporters.archive import archived
from reports.exporters.records import Record, record_of, records_of
from reports.exporters.told import Told
from reports.models import Artifact, Issue
from reports.models.issue import IssueQuerySet
from reports.twins import SCHEMA_VERSION
from reports.vocabulary import ExportForm

AT_ONCE = 200  # issues
JSON = "application/json"
LINES = "application/jsonl"
TABLE = "text/csv; charset=utf-8"
ARCHIVE = "application/zip"


@dataclass(frozen=True, slots=True)
class Sent:
    """How it is sent: the content type, and how the file's name ends."""

    content_type: str
    ending: str


ONE = {
    ExportForm.JSON: Sent(JSON, ".json"),
    ExportForm.OSV: Sent(JSON, ".json"),
    ExportForm.OPENVEX: Sent(JSON, ".openvex.json"),
    ExportForm.AVID: Sent(JSON, ".avid.json"),
    ExportForm.CSV: Sent(TABLE, ".csv"),
}
MANY = {
    ExportForm.JSON: Sent(LINES, ".jsonl"),
    ExportForm.OSV: Sent(ARCHIVE, ".osv.zip"),
    ExportForm.OPENVEX: Sent(JSON, ".openvex.json"),
    ExportForm.AVID: Sent(LINES, ".avid.jsonl"),
    ExportForm.CSV: Sent(TABLE, ".csv"),
}


def one(form: ExportForm, issue: Issue) -> bytes:
    """An issue from ``record.issues_on_record(ANONYMOUS)``."""
    if form is ExportForm.JSON:
        return _json(own.document(issue))
    record = record_of(issue)
    if form is ExportForm.CSV:
        return "".join(table.lines([record])).encode()
    documents: dict[ExportForm, Callable[[Record], dict[str, object]]] = {
        ExportForm.OSV: osv.document,
        ExportForm.OPENVEX: openvex.document,
        ExportForm.AVID: avid.document,
    }
    return _json(documents[form](record))


def many(form: ExportForm, issues: IssueQuerySet, told: Told, *, address: str) -> Iterator[bytes]:
    """Issues from ``record.issues_on_record(ANONYMOUS)``, narrowed at will, in their order, and what is told of them.

    ``address`` is where they are exported.
    """
    if form is ExportForm.JSON:
        return (_json(own.line(issue)) + b"\n" for some in in_batches(issues) for issue in some)
    records = records_in(issues)
    if form is ExportForm.CSV:
        return (line.encode() for line in table.lines(records))
    if form is ExportForm.AVID:
        return (_json(avid.document(record)) + b"\n" for record in records)
    return _archived(records) if form is ExportForm.OSV else _stated(records, told, address)


def about(artifact: Artifact, issues: IssueQuerySet) -> Iterator[bytes]:
    """One document of ours: what the artifact is, and its issues."""
    yield b'{"schema_version": %d, "artifact": ' % SCHEMA_VERSION + _json(own.head(artifact)) + b', "issues": '
    yield from _listed(own.line(issue) for some in in_batches(issues) for issue in some)
    yield b"}"


def in_batches(issues: IssueQuerySet) -> Iterator[list[Issue]]:
    rows = issues.iterator(chunk_size=AT_ONCE)
    while some := list(islice(rows, AT_ONCE)):
        yield some


def records_in(issues: IssueQuerySet) -> Iterator[Record]:
    for some in in_batches(issues):
        yield from records_of(some)


def _json(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False, default=str).encode()


def _listed(documents: Iterable[Any]) -> Iterator[bytes]:
    yield b"["
    for place, document in enumerate(documents):
        yield (b",\n" if place else b"\n") + _json(document)
    yield b"]"


def _stated(records: Iterable[Record], told: Told, address: str) -> Iterator[bytes]:
    """An OpenVEX document; its frame first, so that the statements can follow one by one."""
    if told.published is None:
        raise ValueError("OpenVEX has no document without statements.")
    frame = openvex.frame(address, published=told.published, modified=told.modified or told.published)
    yield _json(frame)[:-1] + b', "statements": '
    yield from _listed(statement for record in records for statement in openvex.statements(record))
    yield b"}"


def _archived(records: Iterable[Record]) -> Iterator[bytes]:
    """A file for each, named by its id, as OSV's scanners read a database. Only the names are held to the end."""
    documents = (osv.document(record) for record in records)
    return archived((f"{document['id']}.json", [_json(document)]) for document in documents)
