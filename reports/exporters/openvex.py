"""OpenVEX 0.2.0 (github.com/openvex/spec): how each artifact stands, a statement each.

Its four statuses are ours. It wants to be told what to do about what is affected, and why something is not: where
nobody has said, that is what the statement says.
"""

from datetime import datetime

from reports.exporters.purls import purl_of
from reports.exporters.records import Record, Standing, given, moment
from reports.vocabulary import AffectedStatus, Resolution

CONTEXT = "https://openvex.dev/ns/v0.2.0"
AUTHOR = "Telltale"
NO_ACTION = "No fix or mitigation has been stated."
NO_REASON = "Looked into, and found not affected."


def document(record: Record) -> dict[str, object]:
    return {
        **frame(f"{record.url}export/openvex/", published=record.published, modified=record.modified),
        "statements": statements(record),
    }


def frame(address: str, *, published: datetime, modified: datetime) -> dict[str, object]:
    """A document without its statements, of which it needs one at least.

    ``version`` is the moment of the last public change in seconds: it only grows, and counts nothing hidden.
    """
    return {
        "@context": CONTEXT,
        "@id": address,
        "author": AUTHOR,
        "timestamp": moment(published),
        "last_updated": moment(modified),
        "version": max(1, int(modified.timestamp())),
    }


def statements(record: Record) -> list[dict[str, object]]:
    return [_statement(record, each) for each in record.standings]


def _statement(record: Record, standing: Standing) -> dict[str, object]:
    status = AffectedStatus(standing.status)
    versions = (standing.fixed_in,) if status is AffectedStatus.FIXED else standing.affected_versions
    stated = standing.stated_at or standing.resolved_at or record.published
    return {
        "vulnerability": given(name=record.number, description=record.title) | {"@id": record.url},
        "products": [{"@id": purl_of(standing, version)} for version in versions if version]
        or [{"@id": purl_of(standing)}],
        "status": status.value,
        "timestamp": moment(stated),
        **_because(standing, status),
    }


def _because(standing: Standing, status: AffectedStatus) -> dict[str, object]:
    said = standing.statement.strip()
    if status is AffectedStatus.NOT_AFFECTED:
        return {"impact_statement": said or NO_REASON}
    if status is AffectedStatus.AFFECTED:
        how = Resolution(standing.resolution).value.replace("_", " ") if standing.resolution else ""
        action = ": ".join(part for part in (how, said) if part)
        return {"action_statement": action or NO_ACTION}
    return given(status_notes=said)
