"""Our own lines."""

from reports.importers.lines import Row
from reports.importers.telltale import reports
from reports.importers.units import Rejected, Unit

REPORT = {
    "artifact": "acme/chat-7b",
    "what_happened": "It made a ruling up.",
    "kind": "false_information",
    "consent": True,
}


def test_a_line_is_taken_as_it_stands_and_known_again_by_its_content() -> None:
    first, again, other = reports(
        [Row(1, REPORT), Row(2, dict(reversed(REPORT.items()))), Row(3, REPORT | {"version": "2"})]
    )

    assert isinstance(first, Unit)
    assert isinstance(again, Unit)
    assert isinstance(other, Unit)
    assert {key: first.answers[key] for key in REPORT} == REPORT
    assert first.answers["source"] == "telltale"
    assert first.answers["source_key"] == again.answers["source_key"] != other.answers["source_key"]


def test_a_line_that_has_a_source_keeps_it() -> None:
    [unit] = reports([Row(1, REPORT | {"source": "helpdesk", "source_key": "17"})])

    assert isinstance(unit, Unit)
    assert (unit.answers["source"], unit.answers["source_key"]) == ("helpdesk", "17")


def test_the_artifact_can_be_said_from_outside() -> None:
    [unit] = reports([Row(1, {})], artifact="acme/echo-7b")

    assert isinstance(unit, Unit)
    assert unit.answers["artifact"] == "acme/echo-7b"


def test_what_was_no_row_is_passed_on() -> None:
    assert list(reports([Rejected(4, "not JSON")])) == [Rejected(4, "not JSON")]
