"""What a document of each format holds: which keys, of which type, which ones always, and from which field of ours.

Written down here from the formats' own descriptions (OSV 1.7.5, OpenVEX 0.2.0, AVID 0.3.3), so that nothing is missing
and nothing is added that a strict reader refuses.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given

from reports.exporters import avid, openvex, osv
from reports.exporters.records import Record, Standing
from reports.vocabulary import AffectedStatus, Kind, LifecycleStage, Severity
from tests.reports.exporters.test_documents import RECORDS

AT = datetime(2026, 5, 2, 10, tzinfo=UTC)
SAID_AT = "2026-05-02T10:00:00Z"


@dataclass(frozen=True)
class Field:
    """``path`` leads to the value, "[]" through every member of a list."""

    path: str
    of: type | tuple[type, ...]
    needed: bool = True


OSV = [
    Field("schema_version", str),
    Field("id", str),
    Field("modified", str),
    Field("published", str),
    Field("summary", str),
    Field("details", str, needed=False),
    Field("affected", list),
    Field("affected.[].versions", list, needed=False),
    Field("affected.[].versions.[]", str, needed=False),
    Field("affected.[].database_specific", dict),
    Field("references", list),
    Field("references.[].type", str),
    Field("references.[].url", str),
    Field("database_specific", dict),
]
OPENVEX = [
    Field("@context", str),
    Field("@id", str),
    Field("author", str),
    Field("timestamp", str),
    Field("last_updated", str),
    Field("version", int),
    Field("statements", list),
    Field("statements.[].vulnerability", dict),
    Field("statements.[].vulnerability.@id", str),
    Field("statements.[].vulnerability.name", str),
    Field("statements.[].vulnerability.description", str, needed=False),
    Field("statements.[].products", list),
    Field("statements.[].products.[].@id", str),
    Field("statements.[].status", str),
    Field("statements.[].timestamp", str),
    Field("statements.[].impact_statement", str, needed=False),
    Field("statements.[].action_statement", str, needed=False),
    Field("statements.[].status_notes", str, needed=False),
]
AVID = [
    Field("data_type", str),
    Field("data_version", str),
    Field("metadata", dict),
    Field("metadata.report_id", str),
    Field("affects", dict),
    Field("affects.developer", list),
    Field("affects.developer.[]", str, needed=False),
    Field("affects.deployer", list),
    Field("affects.deployer.[]", str, needed=False),
    Field("affects.artifacts", list),
    Field("affects.artifacts.[].type", str),
    Field("affects.artifacts.[].name", str),
    Field("problemtype", dict),
    Field("problemtype.classof", str),
    Field("problemtype.type", str),
    Field("problemtype.description", dict),
    Field("problemtype.description.lang", str),
    Field("problemtype.description.value", str),
    Field("metrics", list),
    Field("metrics.[].name", str),
    Field("metrics.[].detection_method", dict),
    Field("metrics.[].detection_method.type", str),
    Field("metrics.[].detection_method.name", str),
    Field("metrics.[].results", dict),
    Field("references", list),
    Field("references.[].type", str),
    Field("references.[].label", str),
    Field("references.[].url", str),
    Field("description", dict),
    Field("description.lang", str),
    Field("description.value", str),
    Field("impact", dict),
    Field("impact.avid", dict),
    Field("impact.avid.vuln_id", str),
    Field("impact.avid.risk_domain", list),
    Field("impact.avid.risk_domain.[]", str),
    Field("impact.avid.sep_view", list),
    Field("impact.avid.sep_view.[]", str),
    Field("impact.avid.lifecycle_view", list),
    Field("impact.avid.lifecycle_view.[]", str, needed=False),
    Field("impact.avid.taxonomy_version", str),
    Field("impact.cvss", dict, needed=False),
    Field("impact.cvss.baseSeverity", str, needed=False),
    Field("credit", list),
    Field("reported_date", str),
]
FREE = ("database_specific", "results")  # what lies below is ours to choose
FORMATS: Mapping[str, tuple[Callable[[Record], dict[str, object]], list[Field]]] = {
    "osv": (osv.document, OSV),
    "openvex": (openvex.document, OPENVEX),
    "avid": (avid.document, AVID),
}


def paths(value: Any, place: str = "") -> list[str]:
    """Every key that the document has."""
    found = []
    members = [("[]", each) for each in value] if isinstance(value, list) else []
    members = list(value.items()) if isinstance(value, dict) and not place.endswith(FREE) else members
    for name, member in members:
        path = f"{place}.{name}".lstrip(".")
        if name != "[]" or not isinstance(member, dict):
            found.append(path)
        found += paths(member, path)
    return found


def held(value: Any, path: list[str]) -> list[Any]:
    """Every value at the path; ``LookupError`` where a member has no such key."""
    if not path:
        return [value]
    name, *rest = path
    if name == "[]":
        return [found for member in value for found in held(member, rest)]
    return held(value[name], rest)


def faults(document: Any, fields: list[Field]) -> list[str]:
    known = {field.path for field in fields}
    wrong = [f"unknown: {path}" for path in paths(document) if path not in known]
    for field in fields:
        try:
            values = held(document, field.path.split("."))
        except KeyError:
            if field.needed:
                wrong.append(f"missing: {field.path}")
            continue
        wrong += [f"{field.path} is {value!r}" for value in values if not isinstance(value, field.of)]
    return wrong


@pytest.mark.parametrize("form", FORMATS)
@given(record=RECORDS)
def test_a_document_has_the_keys_that_its_format_has(form: str, record: Record) -> None:
    made, fields = FORMATS[form]

    assert faults(made(record), fields) == []


def test_a_key_too_many_too_few_or_of_the_wrong_kind_is_seen() -> None:
    document: Any = openvex.document(record())

    assert faults({**document, "tool": "x"}, OPENVEX) == ["unknown: tool"]
    assert faults({name: value for name, value in document.items() if name != "@id"}, OPENVEX) == ["missing: @id"]
    assert faults({**document, "version": "1"}, OPENVEX) == ["version is '1'"]


def record(**changes: Any) -> Record:
    standing = Standing(
        **{
            "kind": "model",
            "org": "acme",
            "name": "chat-7b",
            "developer": "Acme AI",
            "deployer": "Acme Cloud",
            "access": "open",
            "url": "https://telltale.example/models/acme/chat-7b/",
            "status": "affected",
            "stated_at": AT,
            "resolved_at": AT,
            **changes.pop("standing", {}),
        }
    )
    values: dict[str, Any] = {
        "number": "TT-2026-00001",
        "url": "https://telltale.example/issues/TT-2026-00001/",
        "title": "Gives a dose above the daily limit",
        "summary": "It answers 8 g.",
        "kind": "false_information",
        "severity": "high",
        "status": "confirmed",
        "published": AT,
        "modified": AT,
        "standings": (standing,),
    }
    return Record(**{**values, **changes})


# Which field of ours shows where: of the record, then of how an artifact stands
FROM: list[tuple[dict[str, Any], str, str, Any]] = [
    ({"number": "TT-2026-00002"}, "osv", "id", ["x_TT-2026-00002"]),
    ({"title": "T"}, "osv", "summary", ["T"]),
    ({"summary": "S"}, "osv", "details", ["S"]),
    ({"published": AT}, "osv", "published", [SAID_AT]),
    ({"modified": AT}, "osv", "modified", [SAID_AT]),
    ({"url": "https://x.example/"}, "osv", "references.[].url", ["https://x.example/", record().standings[0].url]),
    ({"kind": "other"}, "osv", "database_specific.kind", ["other"]),
    ({"severity": "low"}, "osv", "database_specific.severity", ["low"]),
    ({"context_of_use": "health"}, "osv", "database_specific.context_of_use", ["health"]),
    ({"lifecycle_stage": "data"}, "osv", "database_specific.lifecycle_stage", ["data"]),
    ({"status": "resolved"}, "osv", "database_specific.status", ["resolved"]),
    ({"resolution": "fixed"}, "osv", "database_specific.resolution", ["fixed"]),
    ({"is_disputed": True}, "osv", "database_specific.disputed", [True]),
    ({"first_reported": AT}, "osv", "database_specific.first_reported", [SAID_AT]),
    ({"resolved": AT}, "osv", "database_specific.resolved", [SAID_AT]),
    ({"report_count": 7}, "osv", "database_specific.reports", [7]),
    ({"voice_count": 5}, "osv", "database_specific.voices", [5]),
    ({"standing": {"affected_versions": ("1", "2")}}, "osv", "affected.[].versions", [["1", "2"]]),
    ({"standing": {}}, "osv", "affected.[].database_specific.purl", ["pkg:huggingface/acme/chat-7b"]),
    ({"standing": {"kind": "system"}}, "osv", "affected.[].database_specific.kind", ["system"]),
    ({"standing": {"developer": "D"}}, "osv", "affected.[].database_specific.developer", ["D"]),
    ({"standing": {"resolution": "mitigated"}}, "osv", "affected.[].database_specific.resolution", ["mitigated"]),
    ({"standing": {"introduced_in": "1"}}, "osv", "affected.[].database_specific.introduced_in", ["1"]),
    ({"standing": {"last_affected": "2"}}, "osv", "affected.[].database_specific.last_affected", ["2"]),
    ({"standing": {"fixed_in": "3"}}, "osv", "affected.[].database_specific.fixed_in", ["3"]),
    ({"standing": {"tries": 9, "failures": 2}}, "osv", "affected.[].database_specific.failures", [2]),
    ({"standing": {"statement": "Yes."}}, "osv", "affected.[].database_specific.statement", ["Yes."]),
    ({"number": "TT-2026-00002"}, "openvex", "statements.[].vulnerability.name", ["TT-2026-00002"]),
    ({"url": "https://x.example/"}, "openvex", "@id", ["https://x.example/export/openvex/"]),
    ({"title": "T"}, "openvex", "statements.[].vulnerability.description", ["T"]),
    ({"published": AT}, "openvex", "timestamp", [SAID_AT]),
    ({"modified": AT}, "openvex", "version", [int(AT.timestamp())]),
    ({"standing": {"stated_at": AT}}, "openvex", "statements.[].timestamp", [SAID_AT]),
    *(({"standing": {"status": each}}, "openvex", "statements.[].status", [each]) for each in AffectedStatus.values),
    ({"standing": {"statement": "Yes."}}, "openvex", "statements.[].action_statement", ["Yes."]),
    (
        {"standing": {"affected_versions": ("1",)}},
        "openvex",
        "statements.[].products.[].@id",
        ["pkg:huggingface/acme/chat-7b@1"],
    ),
    ({"number": "TT-2026-00002"}, "avid", "metadata.report_id", ["TT-2026-00002"]),
    ({"title": "T"}, "avid", "problemtype.description.value", ["T"]),
    ({"summary": "S"}, "avid", "description.value", ["S\n\nacme/chat-7b: affected."]),
    ({"first_reported": AT}, "avid", "reported_date", ["2026-05-02"]),
    ({"standing": {"kind": "dataset"}}, "avid", "affects.artifacts.[].type", ["Dataset"]),
    ({"standing": {"name": "b"}}, "avid", "affects.artifacts.[].name", ["acme/b"]),
    ({"standing": {"developer": "D"}}, "avid", "affects.developer", [["D"]]),
    ({"standing": {"deployer": "D"}}, "avid", "affects.deployer", [["D"]]),
    ({"standing": {"tries": 9, "failures": 2}}, "avid", "metrics.[].name", ["reproduced on acme/chat-7b"]),
    ({"severity": "critical"}, "avid", "impact.cvss.baseSeverity", ["CRITICAL"]),
    *(({"kind": each}, "avid", "impact.avid.sep_view", [[avid.SEP[each]]]) for each in Kind),
    *(
        ({"lifecycle_stage": each}, "avid", "impact.avid.lifecycle_view", [[avid.STAGES[each]]])
        for each in LifecycleStage
    ),
]


@pytest.mark.parametrize(("changes", "form", "path", "told"), FROM)
def test_each_field_of_ours_shows_where_its_format_has_a_place(
    changes: dict[str, Any], form: str, path: str, told: list[Any]
) -> None:
    made, _fields = FORMATS[form]

    assert held(made(record(**changes)), path.split(".")) == told


def test_what_nobody_says_is_left_out() -> None:
    bare = record(severity=Severity.NOT_SURE, summary="", standing={"statement": ""})

    assert "details" not in osv.document(bare)
    assert "cvss" not in avid.document(bare)["impact"]  # type: ignore[operator] # a dict of any
    assert "severity" not in osv.document(bare)  # CVSS or nothing
