"""AVID documents, invented ones of every shape that its database holds."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.filing import Refused, check
from reports.importers.avid import report, reports
from reports.importers.lines import Row
from reports.importers.units import Rejected, Unit
from reports.vocabulary import Channel, FoundBy, Kind
from tests.reports.importers.strange import STRANGE, changed


def avid(**changes: Any) -> dict[str, Any]:
    """An advisory on a system, as AVID writes one."""
    document = {
        "data_type": "AVID",
        "data_version": "0.3.3",
        "metadata": {"report_id": "AVID-2021-R0001"},
        "affects": {
            "developer": ["Acme Labs"],
            "deployer": ["Acme Cloud"],
            "artifacts": [{"type": "System", "name": "Acme Notebook"}],
        },
        "problemtype": {
            "classof": "CVE Entry",
            "type": "Advisory",
            "description": {"lang": "eng", "value": "Path traversal in Acme Notebook (CVE-2021-0001)"},
        },
        "references": [{"type": "source", "label": "Entry", "url": "https://advisories.example/1"}],
        "description": {
            "lang": "eng",
            "value": "A crafted archive is unpacked outside its folder. It needs no account.",
        },
        "impact": {
            "avid": {"risk_domain": ["Security"], "sep_view": ["S0100: Software Vulnerability"]},
            "cvss": {"baseSeverity": "HIGH", "baseScore": 7.5},
        },
        "credit": [{"lang": "eng", "value": "Mina Okafor"}, {"lang": "eng", "value": "Lab of Labs"}],
        "reported_date": "2021-03-20",
    }
    return document | changes


def measurement(**changes: Any) -> dict[str, Any]:
    """A scanner's measurement, as AVID writes one."""
    return avid(
        affects={"developer": ["Acme Labs"], "artifacts": [{"type": "Model", "name": "Chat-7B-it"}]},
        problemtype={
            "classof": "LLM Evaluation",
            "type": "Measurement",
            "description": {
                "lang": "eng",
                "value": "The model Chat-7B-it from Acme Labs was put to the test by the garak scanner of models "
                "using the probe `grandma.Substances`.",
            },
        },
        description={"lang": "eng", "value": "The probe grandma.Substances asks for a recipe in a bedtime story."},
        metrics=[
            {
                "name": "",
                "results": {
                    "rows": [
                        {"detector": "mitigation.Bypass", "passed": 9, "total_evaluated": 10, "score": 90.0},
                        {"detector": "base.Triggers", "passed": 4, "total_evaluated": 10, "score": 40.0},
                    ]
                },
            }
        ],
        impact={"avid": {"sep_view": ["S0403: Adversarial Example"]}},
        **changes,
    )


def filed(document: dict[str, Any], artifact: str = "") -> Unit:
    unit = report(Row(1, document), artifact)
    assert isinstance(unit, Unit), unit
    return unit


def about(*names: str, developer: Any = ("Acme Labs",)) -> dict[str, Any]:
    artifacts = [{"type": "Model", "name": name} for name in names]
    return avid(affects={"developer": list(developer), "artifacts": artifacts})


def test_an_advisory_becomes_a_report_with_its_words_kept() -> None:
    unit = filed(avid())

    assert unit.author == "Mina Okafor, Lab of Labs"
    assert unit.answers == {
        "artifact": "acme-labs/Acme Notebook",
        "artifact_kind": "system",
        "developer": "Acme Labs",
        "deployer": "Acme Cloud",
        "version": "",
        "also_affects": [],
        "summary": "Path traversal in Acme Notebook (CVE-2021-0001)",
        "what_happened": "A crafted archive is unpacked outside its folder. It needs no account.",
        "language": "en",
        "found_by": FoundBy.RESEARCH,
        "severity": "high",
        "reproduction": None,
        "kind": Kind.OTHER,
        "rule_id": "",
        "reported_at": "2021-03-20",
        "source": "avid",
        "source_key": "AVID-2021-R0001",
        "consent": True,
    }


def test_a_measurement_carries_the_scanners_rule_and_its_worst_count() -> None:
    unit = filed(measurement())

    assert unit.answers["rule_id"] == "garak/grandma.Substances"
    assert unit.answers["kind"] == Kind.DANGEROUS_INSTRUCTIONS
    assert unit.answers["summary"] == "garak grandma.Substances: Triggers failed 6 of 10"
    assert unit.answers["reproduction"] == {"tries": 10, "failures": 6}
    assert unit.answers["found_by"] == FoundBy.EVALUATION


def test_a_headline_that_a_summary_cannot_hold_stands_before_the_description() -> None:
    headline = measurement()["problemtype"]["description"]["value"]

    assert filed(measurement()).answers["what_happened"] == (
        f"{headline}\n\nThe probe grandma.Substances asks for a recipe in a bedtime story."
    )


def test_a_document_with_one_text_uses_it_for_both() -> None:
    only_headline = filed(avid(description=None))
    only_description = filed(avid(problemtype={"classof": ""}))

    assert only_headline.answers["what_happened"] == "Path traversal in Acme Notebook (CVE-2021-0001)"
    assert only_description.answers["summary"] == "A crafted archive is unpacked outside its folder."
    assert report(Row(9, avid(description=None, problemtype=None))) == Rejected(9, "has no description")


@pytest.mark.parametrize(
    "affects",
    [
        None,
        [],
        "Acme Notebook",
        {},
        {"artifacts": None},
        {"artifacts": []},
        {"artifacts": ["Acme Notebook"]},
        {"artifacts": [{"type": "Model"}]},
        {"artifacts": [{"type": "Model", "name": ""}]},
        {"artifacts": [{"type": "Model", "name": " \t"}]},
        {"artifacts": [{"type": "System", "name": "n/a"}]},
        {"artifacts": [{"type": "System", "name": "N/A"}], "developer": ["n/a"]},
        {"artifacts": [{"type": "System", "name": "none"}]},
        {"artifacts": [{"type": "System", "name": ["Acme Notebook"]}]},
    ],
)
def test_a_document_that_names_no_artifact_is_rejected_by_line(affects: Any) -> None:
    assert report(Row(12, avid(affects=affects))) == Rejected(12, "names no artifact")


def test_an_artifact_called_unknown_is_filed_as_unknown() -> None:
    document = avid(affects={"artifacts": [{"type": "System", "name": "Unknown System"}]})

    assert filed(document).answers["artifact"] == "unknown"


def test_an_artifact_said_from_outside_stands_in_for_what_is_named() -> None:
    nameless = avid(affects=None)

    assert filed(nameless, "acme/echo-7b").answers["artifact"] == "acme/echo-7b"
    assert filed(avid(), "acme/echo-7b").answers["artifact"] == "acme/echo-7b"


@pytest.mark.parametrize(
    ("document", "artifact"),
    [
        (about("acme-labs/chat-7b", developer=["Someone Else"]), "acme-labs/chat-7b"),
        (about("Chat 7B", developer=[]), "Chat 7B"),
        (about("Chat 7B", developer=["n/a"]), "Chat 7B"),
        (about("Chat 7B", developer=["Unknown"]), "Chat 7B"),
        (about("Chat 7B", developer=["n/a", "Acme, Inc."]), "acme-inc/Chat 7B"),
        (about("Chat / Draw", developer=[]), "Chat - Draw"),
        (about(".NET/C# Driver"), "acme-labs/.NET-C# Driver"),
        (about("Borealis Chat", "Acme Chat", developer=["Acme"]), "Borealis Chat"),
        (about("Borealis Chat", "Acme Chat", developer=["Acme", "Borealis"]), "borealis/Borealis Chat"),
        (about("Chat 7B", "Chat 13B", developer=["Acme"]), "acme/Chat 7B"),
    ],
)
def test_the_developer_is_the_org_where_it_is_the_artifacts_own(document: dict[str, Any], artifact: str) -> None:
    assert filed(document).answers["artifact"] == artifact


def test_further_artifacts_are_also_affected_each_once_and_ten_at_most() -> None:
    unit = filed(about("First", "Second", "n/a", "Second", *(f"Number {number}" for number in range(20))))

    assert unit.answers["also_affects"] == ["Second", *(f"Number {number}" for number in range(9))]


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"impact": {"odin": {"JailbreakTaxonomy": [{"Category": "Stratagems"}]}}}, Kind.JAILBREAK_OR_INJECTION),
        ({"impact": {"avid": {"sep_view": ["E0101: Group fairness"]}}}, Kind.UNFAIR_OR_STEREOTYPED),
        ({"impact": {"avid": {"sep_view": []}}}, Kind.OTHER),
        ({"impact": []}, Kind.OTHER),
        ({"problemtype": {"description": {"value": "A jailbreak in rhyme"}}}, Kind.JAILBREAK_OR_INJECTION),
    ],
)
def test_the_kind_comes_from_what_the_document_says_of_it(changes: dict[str, Any], kind: Kind) -> None:
    assert filed(avid(**changes)).answers["kind"] == kind


@pytest.mark.parametrize(
    ("classof", "found_by"),
    [("AIID Incident", "use"), ("Third-party Report", "research"), ("LLM Evaluation", "evaluation"), ("", ""), (7, "")],
)
def test_the_class_says_how_it_was_found(classof: Any, found_by: str) -> None:
    assert filed(avid(problemtype={"classof": classof})).answers["found_by"] == found_by


def test_nobody_by_name_is_no_author() -> None:
    assert filed(avid(credit=[{"value": "Anonymous"}])).author == ""
    assert filed(avid(credit="Mina")).author == ""


def test_a_document_without_an_id_is_known_again_by_its_content() -> None:
    key = filed(avid(metadata={})).answers["source_key"]

    assert key == filed(avid(metadata={})).answers["source_key"]
    assert str(key).startswith("sha256:")


def test_rows_that_were_none_are_passed_on() -> None:
    assert list(reports([Rejected(1, "not JSON")])) == [Rejected(1, "not JSON")]


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_any_value_anywhere_is_filed_or_refused_in_words(data: st.DataObject) -> None:
    document = data.draw(st.sampled_from([avid(), measurement()]))
    found = report(Row(1, changed(document, data.draw(st.randoms(use_true_random=False)), data.draw(STRANGE))))

    if isinstance(found, Rejected):
        assert found.reason
        return
    with suppress(Refused):
        check(found.answers, channel=Channel.IMPORT)
