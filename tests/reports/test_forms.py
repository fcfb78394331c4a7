"""The web form turns what was typed into the API's answers, and errors into sentences beside their fields."""

from typing import Any

import pytest

from reports.answers import Answers
from reports.forms import ReportForm

FILLED = {
    "artifact": "acme/chat-7b",
    "artifact_kind": "model",
    "summary": "It invents a court ruling",
    "what_happened": "I asked for rulings on rent and it cited one that was never made.",
    "kind": "false_information",
    "severity": "not_sure",
    "visibility": "public_after_review",
    "consent": "on",
    "once": "a-token-of-the-page",
}


def errors(**changes: Any) -> dict[str, list[str]]:
    form = ReportForm(FILLED | changes)
    form.is_valid()
    return {name: [str(sentence) for sentence in told] for name, told in form.errors.items()}


def answers(**changes: Any) -> dict[str, Any]:
    form = ReportForm(FILLED | changes)
    assert form.is_valid(), form.errors
    return form.answers()


def test_every_question_of_the_form_is_a_field_of_the_schema() -> None:
    parts = {"prompt", "output", "tries", "failures", "once"}

    assert set(ReportForm().fields) - parts <= set(Answers().fields)


def test_what_was_left_empty_is_not_sent() -> None:
    told = answers(version="", expected="", contact_email="", context_of_use="", prompt=" \r\n ", output="")

    assert set(told) == {*FILLED, "source_key"} - {"once"}


def test_a_conversation_is_kept_word_for_word() -> None:
    told = answers(prompt="  indented\r\n\tcode\r\n", output="\r\nas\rit was ")

    assert told["transcript"] == [
        {"role": "user", "content": "  indented\n\tcode\n"},
        {"role": "assistant", "content": "\nas\rit was "},
    ]


def test_lines_are_counted_as_their_writer_counts_them() -> None:
    assert answers(what_happened="a\r\n" * 10_000)["what_happened"].count("\n") == 9_999  # the last is trimmed
    assert set(errors(what_happened="a\r\n" * 10_001)) == {"what_happened"}


@pytest.mark.parametrize(
    ("tries", "failures", "sent"),
    [("5", "3", {"tries": "5", "failures": "3"}), ("", "", None), ("5", "0", {"tries": "5", "failures": "0"})],
)
def test_a_count_is_sent_whole_or_not(tries: str, failures: str, sent: dict[str, str] | None) -> None:
    assert answers(tries=tries, failures=failures).get("reproduction") == sent


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"artifact": ""}, {"artifact"}),
        ({"artifact": "///"}, {"artifact"}),
        ({"artifact": "http://[::1"}, {"artifact"}),
        ({"artifact_kind": "agent"}, {"artifact_kind"}),
        ({"summary": "short"}, {"summary"}),
        ({"summary": "x" * 121}, {"summary"}),
        ({"what_happened": "\x00" * 40}, {"what_happened"}),
        ({"what_happened": ""}, {"what_happened"}),
        ({"kind": ""}, {"kind"}),
        ({"kind": "rude"}, {"kind"}),
        ({"harm_occurred": "much"}, {"harm_occurred"}),
        ({"tries": "five", "failures": "3"}, {"tries"}),
        ({"tries": "3"}, {"failures"}),
        ({"failures": "3"}, {"tries"}),
        ({"tries": "3", "failures": "4"}, {"failures"}),
        ({"tries": "9" * 5_000, "failures": "1"}, {"tries"}),
        ({"prompt": "x" * 20_001}, {"prompt"}),
        ({"output": "x" * 20_001}, {"output"}),
        ({"prompt": "fine", "output": "x" * 20_001}, {"output"}),
        ({"prompt": "x" * 20_001, "output": "fine"}, {"prompt"}),
        ({"output": "\x00"}, {"output"}),
        ({"contact_email": "ann"}, {"contact_email"}),
        ({"consent": ""}, {"consent"}),
        ({"once": "x" * 301}, {"once"}),
        ({"once": "\x00"}, {"once"}),
    ],
)
def test_an_error_stands_beside_its_field(changes: dict[str, str], fields: set[str]) -> None:
    told = errors(**changes)

    assert set(told) == fields
    assert all(sentence for sentences in told.values() for sentence in sentences)


def test_each_page_has_a_token_of_its_own() -> None:
    assert ReportForm()["once"].value() != ReportForm()["once"].value()
