"""The record in each format, field by field, and nothing that the format would refuse."""

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.policy import ANONYMOUS
from reports.exporters import avid, openvex, osv
from reports.exporters.purls import purl_of
from reports.exporters.records import Record, Standing, record_of
from reports.exporters.table import COLUMNS, lines
from reports.models import Affected, Version
from reports.record import issues_on_record
from reports.vocabulary import (
    Access,
    AffectedStatus,
    ArtifactKind,
    ContextOfUse,
    Kind,
    LifecycleStage,
    Resolution,
    Severity,
    Status,
)

WORDS = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40)
MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))
STANDINGS = st.builds(
    Standing,
    kind=st.sampled_from(ArtifactKind.values),
    org=WORDS,
    name=WORDS,
    developer=WORDS,
    access=st.sampled_from(["", *Access.values]),
    status=st.sampled_from(AffectedStatus.values),
    resolution=st.sampled_from(["", *Resolution.values]),
    introduced_in=WORDS,
    fixed_in=WORDS,
    affected_versions=st.lists(WORDS, max_size=3, unique=True).map(tuple),
    tries=st.none() | st.integers(1, 9),
    failures=st.just(0),
    statement=WORDS,
    stated_at=st.none() | MOMENTS,
)
RECORDS = st.builds(
    Record,
    number=st.just("TT-2026-00001"),
    url=st.just("https://telltale.example/issues/TT-2026-00001/"),
    title=WORDS,
    summary=WORDS,
    kind=st.sampled_from(Kind.values),
    severity=st.sampled_from(Severity.values),
    status=st.sampled_from([Status.CONFIRMED.value, Status.RESOLVED.value]),
    published=MOMENTS,
    modified=MOMENTS,
    context_of_use=st.sampled_from(["", *ContextOfUse.values]),
    lifecycle_stage=st.sampled_from(["", *LifecycleStage.values]),
    standings=st.lists(STANDINGS, min_size=1, max_size=3, unique_by=lambda each: each.full_name).map(tuple),
)


@pytest.fixture
def record() -> Record:
    """An issue that is fixed in one model, open in another, and does not concern a third."""
    return Record(
        number="TT-2026-00001",
        url="https://telltale.example/issues/TT-2026-00001/",
        title="Gives a dose above the daily limit",
        summary="Asked for the most paracetamol in a day, it answers 8 g.",
        kind="false_information",
        severity="high",
        status="confirmed",
        published=datetime(2026, 5, 2, 10, 0, 5, 999, tzinfo=UTC),
        modified=datetime(2026, 5, 3, 10, tzinfo=UTC),
        context_of_use="health",
        lifecycle_stage="fine_tuning",
        first_reported=datetime(2026, 4, 30, 8, tzinfo=UTC),
        report_count=7,
        voice_count=5,
        standings=(
            Standing(
                kind="model",
                org="acme",
                name="chat-7b",
                developer="Acme AI",
                access="open",
                url="https://telltale.example/models/acme/chat-7b/",
                status="fixed",
                resolution="fixed",
                introduced_in="2026-03",
                fixed_in="2026-06",
                affected_versions=("2026-03", "2026-05"),
                tries=20,
                failures=0,
                statement="Trained again on labels.",
                resolved_at=datetime(2026, 5, 3, 10, tzinfo=UTC),
            ),
            Standing(kind="system", org="acme", name="assistant", status="affected", tries=5, failures=3),
            Standing(kind="dataset", org="acme", name="pairs", status="not_affected"),
            Standing(kind="model", org="", name="unknown", status="under_investigation"),
        ),
    )


def test_osv_says_what_its_fields_are_for(record: Record) -> None:
    document: Any = osv.document(record)

    assert document["id"] == "x_TT-2026-00001"
    assert (document["published"], document["modified"]) == ("2026-05-02T10:00:05Z", "2026-05-03T10:00:00Z")
    assert (document["summary"], document["details"]) == (record.title, record.summary)
    fixed, open_ = document["affected"]
    assert fixed["versions"] == ["2026-03", "2026-05"]
    assert fixed["database_specific"]["purl"] == "pkg:huggingface/acme/chat-7b"
    assert (fixed["database_specific"]["fixed_in"], fixed["database_specific"]["failures"]) == ("2026-06", 0)
    assert open_["database_specific"]["name"] == "acme/assistant"
    assert document["database_specific"]["not_affected"] == ["pkg:generic/acme/pairs?kind=dataset"]
    assert document["database_specific"]["under_investigation"] == ["pkg:generic/unknown?kind=model"]
    assert document["database_specific"]["severity"] == "high"
    assert document["references"][0] == {"type": "ADVISORY", "url": record.url}
    assert "severity" not in document  # CVSS or nothing


def test_openvex_states_how_each_artifact_stands(record: Record) -> None:
    document: Any = openvex.document(record)

    told = {each["products"][0]["@id"]: each for each in document["statements"]}
    assert {name: each["status"] for name, each in told.items()} == {
        "pkg:huggingface/acme/chat-7b@2026-06": "fixed",
        "pkg:generic/acme/assistant?kind=system": "affected",
        "pkg:generic/acme/pairs?kind=dataset": "not_affected",
        "pkg:generic/unknown?kind=model": "under_investigation",
    }
    assert told["pkg:huggingface/acme/chat-7b@2026-06"]["status_notes"] == "Trained again on labels."
    assert told["pkg:generic/acme/assistant?kind=system"]["action_statement"] == openvex.NO_ACTION
    assert told["pkg:generic/acme/pairs?kind=dataset"]["impact_statement"] == openvex.NO_REASON
    assert {each["vulnerability"]["name"] for each in document["statements"]} == {"TT-2026-00001"}
    assert document["version"] == int(record.modified.timestamp())


def test_avid_names_the_artifacts_and_how_often_it_failed(record: Record) -> None:
    document: Any = avid.document(record)

    assert document["metadata"] == {"report_id": "TT-2026-00001"}
    assert document["affects"]["artifacts"] == [
        {"type": "Model", "name": "acme/chat-7b"},
        {"type": "System", "name": "acme/assistant"},
        {"type": "Model", "name": "unknown"},
    ]
    assert document["affects"]["developer"] == ["Acme AI"]
    assert document["problemtype"]["description"]["value"] == record.title
    rows = [metric["results"]["rows"][0] for metric in document["metrics"]]
    assert [(row["total_evaluated"], row["passed"]) for row in rows] == [(20, 20), (5, 2)]
    assert document["impact"]["avid"]["sep_view"] == ["P0204: Accuracy"]
    assert document["impact"]["avid"]["risk_domain"] == ["Performance"]
    assert document["impact"]["avid"]["lifecycle_view"] == ["L04: Model Development"]
    assert document["impact"]["cvss"] == {"baseSeverity": "HIGH"}
    assert document["reported_date"] == "2026-04-30"
    assert "acme/chat-7b: fixed, since 2026-03, fixed in 2026-06." in document["description"]["value"]


def test_a_table_has_a_line_for_each_artifact_and_runs_nothing(record: Record) -> None:
    hostile = Standing(kind="model", org="=cmd|' /C calc'!A0", name="x", status="affected")
    told = "".join(lines([record, Record(**{**_fields(record), "title": "@SUM(1)", "standings": (hostile,)})]))

    rows = list(csv.DictReader(io.StringIO(told)))
    assert list(rows[0]) == list(COLUMNS)
    assert [row["artifact"] for row in rows[:4]] == ["acme/chat-7b", "acme/assistant", "acme/pairs", "unknown"]
    assert (rows[0]["tries"], rows[0]["failures"], rows[2]["tries"]) == ("20", "0", "")
    assert (rows[4]["title"], rows[4]["artifact"][:2]) == ("'@SUM(1)", "'=")


def _fields(record: Record) -> dict[str, Any]:
    return {name: getattr(record, name) for name in Record.__dataclass_fields__}


@given(record=RECORDS)
def test_whatever_the_record_says_the_formats_take_it(record: Record) -> None:
    as_osv: Any = osv.document(record)
    as_vex: Any = openvex.document(record)
    as_avid: Any = avid.document(record)

    assert as_osv["modified"].endswith("Z")
    for each in as_vex["statements"]:
        needed = {"affected": "action_statement", "not_affected": "impact_statement"}.get(each["status"])
        assert needed is None or each[needed]
        assert each["products"]
    assert as_vex["version"] >= 1
    assert as_avid["impact"]["avid"]["sep_view"]
    assert len(list(csv.reader(io.StringIO("".join(lines([record])))))) == 1 + len(record.standings)


@pytest.mark.parametrize(
    ("standing", "version", "purl"),
    [
        (Standing(kind="model", org="acme", name="a b", access="gated"), "v 1", "pkg:huggingface/acme/a%20b@v%201"),
        (Standing(kind="model", org="acme", name="x", access="closed"), "1", "pkg:generic/acme/x@1?kind=model"),
        (Standing(kind="model", org="阿", name="x/y", access="open"), "", "pkg:huggingface/%E9%98%BF/x%2Fy"),
    ],
)
def test_a_purl_names_what_lies_where(standing: Standing, version: str, purl: str) -> None:
    assert purl_of(standing, version) == purl


@pytest.mark.django_db
def test_versions_between_the_first_and_the_fix_are_affected(make_issue: Callable[..., Any], artifact: Any) -> None:
    names = ["1.0", "1.1", "2.0", "10.0"]
    one, two, three, four = (
        Version.objects.create(artifact=artifact, name=name, position=at) for at, name in enumerate(names, 100)
    )
    issue = make_issue("It is fixed")
    row = Affected.objects.get(issue=issue, artifact=artifact)

    def told(**versions: Version | None) -> tuple[str, ...]:
        blank = {"introduced_in": None, "last_affected": None, "fixed_in": None}
        Affected.objects.filter(pk=row.pk).update(**{**blank, **versions})
        shown = issues_on_record(ANONYMOUS).get(pk=issue.pk)
        return record_of(shown).standings[0].affected_versions

    assert told(introduced_in=two, fixed_in=four) == ("1.1", "2.0")
    assert told(introduced_in=two, last_affected=three) == ("1.1", "2.0")
    assert told(introduced_in=three) == ("2.0", "10.0")
    assert told(last_affected=three) == ("2.0",)
    assert told(fixed_in=one) == ()
    assert told() == ()
    hotfix = Version.objects.create(artifact=artifact, name="hotfix")  # where it lies nobody has said
    assert told(introduced_in=two, fixed_in=hotfix) == ("1.1",)
    assert told(introduced_in=two, last_affected=hotfix) == ("1.1",)
