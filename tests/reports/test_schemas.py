"""Our schemas say what our documents look like: what we write validates, and what we never wrote does not."""

import json
from copy import deepcopy
from typing import Any

import pytest
from django.test import Client
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource

from accounts.policy import ANONYMOUS
from reports import dump
from reports.cards import in_json, known_of
from reports.exporters.tables import COLUMNS
from reports.models import Affected, Artifact, Issue, Lineage, Reproduction, Version
from reports.pages.schemas import schemas
from reports.record import excerpts_of, issues_on_record
from reports.twins import IssueTwin, RecordTwin
from reports.vocabulary import AffectedStatus, ContextOfUse, Kind, LifecycleStage, Resolution, Severity

pytestmark = pytest.mark.django_db
KNOWN = {name: json.loads(text) for name, text in schemas().items()}
REGISTRY: Any = Registry().with_resources(
    [(schema["$id"], Resource.from_contents(schema)) for schema in KNOWN.values() if "$id" in schema]
)
OURS = ["issue", "tombstone", "artifact", "known-limitations", *(f"dump-{table}" for table in COLUMNS)]


def faults(name: str, document: Any) -> list[str]:
    validator = Draft202012Validator(KNOWN[name], registry=REGISTRY, format_checker=FormatChecker())
    return [f"{fault.json_path}: {fault.message}" for fault in validator.iter_errors(document)]


@pytest.fixture(scope="module")
def stood(ground: Any) -> list[Issue]:
    """One issue with all that can be told, and one with the least."""
    full = ground.make_issue("Invents rulings", severity="high", context_of_use="justice", lifecycle_stage="data")
    one, two = Version.objects.filter(artifact=ground.artifact).order_by("position")
    Affected.objects.filter(issue=full).update(
        introduced_in=one,
        last_affected=one,
        fixed_in=two,
        tries=9,
        failures=2,
        statement="Yes.",
        stated_at=full.opened_at,
    )
    Affected.objects.filter(issue=full).update(stated_at=full.opened_at)
    Issue.objects.filter(pk=full.pk).update(public_summary="Three of nine.", first_reported_at=full.opened_at)
    Reproduction.objects.create(
        issue=full, artifact=ground.artifact, version=one, tries=9, failures=2, settings={"temperature": 0}
    )
    child = Artifact.objects.create(kind="dataset", org="acme", name="pairs", confirmed_at=full.opened_at)
    Lineage.objects.create(child=child, parent=ground.artifact, relation="trained_on")
    return [full, ground.make_issue("Leaks addresses", status="resolved")]


@pytest.fixture
def issues(stood: list[Issue]) -> list[Issue]:
    return deepcopy(stood)


def test_each_is_a_schema_of_2020_12_with_a_name_that_stays(client: Client) -> None:
    for name in OURS:
        schema = KNOWN[name]
        Draft202012Validator.check_schema(schema)
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        assert schema["$id"] == f"urn:telltale:schema:{name}:1"
        answer = client.get(f"/schemas/{name}.json")
        assert answer["Content-Type"] == "application/schema+json"
        assert answer.json() == schema
    assert client.get("/schemas/nothing.json").status_code == 404


def test_a_twin_has_the_fields_that_its_schema_has(issues: list[Issue]) -> None:
    known, line = set(KNOWN["issue"]["properties"]), set(IssueTwin().fields)

    assert set(RecordTwin().fields) == known
    assert line == set(KNOWN["issue"]["required"])


def test_twins_validate_and_a_field_nobody_knows_does_not(client: Client, issues: list[Issue]) -> None:
    for issue in issues_on_record(ANONYMOUS):
        twins = [
            client.get(f"/issues/{issue.number}.json").json(),
            client.get(f"/issues/{issue.number}/export/json/").json(),
            json.loads(json.dumps(IssueTwin(issue).data)),
            json.loads(json.dumps(RecordTwin(issue, context={"excerpts": excerpts_of(issue, ANONYMOUS)}).data)),
        ]
        for twin in twins:
            assert faults("issue", twin) == []
            assert faults("issue", {**twin, "reporter": "Ada"})
            assert faults("issue", {name: value for name, value in twin.items() if name != "number"})
            assert faults("issue", {**twin, "kind": "rude"})
            assert faults("issue", {**twin, "artifacts": [{**twin["artifacts"][0], "secret": 1}]})


def test_lists_of_words_are_those_of_the_house() -> None:
    told = KNOWN["issue"]["properties"]

    assert told["kind"]["enum"] == Kind.values
    assert told["severity"]["enum"] == Severity.values
    assert told["context_of_use"]["enum"] == ["", *ContextOfUse.values]
    assert told["lifecycle_stage"]["enum"] == ["", *LifecycleStage.values]
    assert KNOWN["issue"]["$defs"]["affected"]["properties"]["resolution"]["enum"] == ["", *Resolution.values]
    assert KNOWN["dump-affected"]["properties"]["status"]["enum"] == AffectedStatus.values


def test_an_artifact_s_export_validates(client: Client, issues: list[Issue]) -> None:
    for address in ("/models/acme/chat-7b/export/json/", "/datasets/acme/pairs/export/json/"):
        answer: Any = client.get(address)
        document = json.loads(answer.getvalue())
        assert faults("artifact", document) == []
        assert faults("artifact", {**document, "artifact": {**document["artifact"], "secret": 1}})


def test_what_lies_beside_a_card_validates(client: Client, issues: list[Issue]) -> None:
    for version in ("", "?version=2026-05", "?version=never"):
        document = client.get(f"/models/acme/chat-7b/known-limitations.json{version}").json()
        assert faults("known-limitations", document) == []
        assert faults("known-limitations", {**document, "secret": 1})
    artifact = issues[0].family
    told = in_json(artifact, known_of(artifact))
    assert [set(each) - set(KNOWN["known-limitations"]["properties"]) for each in [told]] == [set()]


def test_what_is_gone_validates(client: Client, issues: list[Issue], triager: Any) -> None:
    from triage.decisions import decide

    decide(issues[0], "unpublish", by=triager, reason="mistaken")

    gone = client.get(f"/issues/{issues[0].number}/export/json/").json()

    assert faults("tombstone", gone) == []
    assert faults("tombstone", {**gone, "title": "It was"})


def test_every_line_of_a_dump_validates(issues: list[Issue], triager: Any, settings: Any, tmp_path: Any) -> None:
    from triage.decisions import decide

    settings.DUMPS_DIR = tmp_path
    decide(issues[1], "unpublish", by=triager, reason="mistaken")
    dump.write_dump()

    for table, columns in COLUMNS.items():
        lines = (tmp_path / "LATEST" / f"{table}.jsonl").read_text().splitlines()
        assert lines, table
        for line in map(json.loads, lines):
            assert faults(f"dump-{table}", line) == []
            assert faults(f"dump-{table}", {**line, "secret": 1})
            assert faults(f"dump-{table}", {name: line[name] for name in columns[1:]})
