"""Our own JSON Lines: what the API takes, one report a line."""

from collections.abc import Iterable, Iterator

from reports.answers import DEPTH_MAX, is_deeper_than
from reports.importers.decoding import NESTED
from reports.importers.lines import Row
from reports.importers.shapes import fingerprint
from reports.importers.units import Found, Rejected, Unit
from reports.vocabulary import SourceType

SOURCE = "telltale"


def reports(rows: Iterable[Row | Rejected], *, artifact: str = "") -> Iterator[Found]:
    """Each line as it stands. One without a ``source_key`` is known again by its content."""
    for row in rows:
        if isinstance(row, Rejected):
            yield row
            continue
        if is_deeper_than(DEPTH_MAX, row.value):
            yield Rejected(row.line, NESTED)
            continue
        answers = dict(row.value)
        answers.setdefault("source", SOURCE)
        if not answers.get("source_key"):
            answers["source_key"] = fingerprint(row.value)
        if artifact:
            answers["artifact"] = artifact
        written_by_a_person = None if answers.get("rule_id") else SourceType.FORM
        yield Unit(row.line, answers, source_type=written_by_a_person)
