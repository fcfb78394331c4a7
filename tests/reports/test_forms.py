"""The web form turns what was typed into the API's answers, and errors into sentences beside their fields."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from reports.answers import Answers
from reports.conversations import KEPT_WHOLE, REFUSED, TOLD
from reports.forms import SET_APART, SHORT, GatedForm, ReportForm
from reports.models import Issue
from reports.text.conversation import Doubt
from tests import answered

FILLED = {name: said for name, said in answered.FILLED.items() if name != "gate"} | {"once": "a-token-of-the-page"}


def errors(**changes: Any) -> dict[str, list[str]]:
    form = ReportForm(FILLED | changes)
    form.is_valid()
    return {name: [str(sentence) for sentence in told] for name, told in form.errors.items()}


def answers(**changes: Any) -> dict[str, Any]:
    form = ReportForm(FILLED | changes)
    assert form.is_valid(), form.errors
    return form.answers()


def test_every_question_of_the_form_is_a_field_of_the_schema() -> None:
    assert set(ReportForm().fields) - SET_APART <= set(Answers().fields)
    assert set(GatedForm().fields) - set(ReportForm().fields) == {"gate"}


def test_what_was_left_empty_is_not_sent() -> None:
    empty = ("version", "expected", "contact_email", "context_of_use", "output", "conversation", "seed", "language")

    told = answers(prompt=" \r\n ", **dict.fromkeys(empty, ""))

    assert set(told) == {*FILLED, "source_key"} - {"once"}


def test_the_errors_stand_in_the_order_of_the_page() -> None:
    names = list(GatedForm().fields)

    assert names[0] == "gate"
    assert names.index("artifact") < names.index("summary") < names.index("kind") < names.index("visibility")
    assert names[-1] == "consent"


def test_a_conversation_is_kept_word_for_word() -> None:
    told = answers(prompt="  indented\r\n\tcode\r\n", output="\r\nas\rit was ")

    assert told["transcript"] == [
        {"role": "user", "content": "  indented\n\tcode\n"},
        {"role": "assistant", "content": "\nas\rit was "},
    ]


def test_a_paste_is_read_into_turns_between_the_system_prompt_and_what_was_written_out() -> None:
    told = answers(conversation="User: 2+2?\r\nAssistant: 5", system_prompt=" Be brief. ", prompt="And 3+3?")

    assert told["transcript"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "2+2?"},
        {"role": "assistant", "content": "5"},
        {"role": "user", "content": "And 3+3?"},
    ]


def test_a_paste_that_nobody_can_read_is_kept_word_for_word_and_told() -> None:
    form = ReportForm(FILLED | {"conversation": " It said\r\n  nothing  "})

    assert form.is_valid()
    assert form.turns == ({"role": "assistant", "content": " It said\n  nothing  "},)
    assert form.told.doubts == (TOLD[Doubt.UNRECOGNISED],)


def test_the_doubts_are_told_before_it_is_sent_too() -> None:
    assert ReportForm(initial={"conversation": "It said nothing"}).told.doubts == (TOLD[Doubt.UNRECOGNISED],)


def test_every_doubt_has_a_sentence() -> None:
    assert set(TOLD) | set(REFUSED) == set(Doubt) - {Doubt.EMPTY}
    assert not set(TOLD) & set(REFUSED)
    assert set(TOLD) >= KEPT_WHOLE


def test_what_cannot_be_shared_is_not_sent_whatever_stands_there() -> None:
    told = answers(conversation="User: a\nAssistant: b", prompt="a", output="b", shown_by="none")

    assert "transcript" not in told


def test_numbers_are_read_in_whatever_digits_and_sent_as_numbers() -> None:
    told = answers(temperature="0,7", top_p="٠٫٩", seed="٤٢", max_tokens="512", revision="a1b2")

    assert told["settings"] == {"temperature": 0.7, "top_p": 0.9, "seed": 42, "max_tokens": 512, "revision": "a1b2"}
    assert told["version"] == "a1b2"


def test_a_revision_stands_beside_the_version() -> None:
    told = answers(version="2", revision="a1b2")

    assert (told["version"], told["settings"]) == ("2", {"revision": "a1b2"})


def test_whoever_does_not_know_the_model_says_so() -> None:
    assert answers(artifact="", unknown_artifact="on")["artifact"] == "unknown"
    assert answers(artifact="Unknown", unknown_artifact="on")["artifact"] == "Unknown"


def test_an_address_and_a_name_are_sent_only_with_leave() -> None:
    written = {"contact_email": "ann@example.org", "credit_name": "Ann"}

    assert not set(written) & set(answers(**written))
    assert written.items() <= answers(**written, may_contact="on", wants_credit="on").items()


@pytest.mark.parametrize(
    ("kind", "chosen", "sent"),
    [
        ("false_information", "", None),
        ("privacy_leak", "", "private"),
        ("dangerous_instructions", "", "private"),
        ("jailbreak_or_injection", "", "private"),
        ("jailbreak_or_injection", "public_after_review", "public_after_review"),
        ("false_information", "private", "private"),
    ],
)
def test_what_may_harm_by_being_read_is_private_unless_its_reporter_says_otherwise(
    kind: str, chosen: str, sent: str | None
) -> None:
    told = answers(kind=kind, visibility=chosen)

    assert told.get("visibility") == sent
    assert "embargo_until" not in told


def test_an_embargo_gives_the_developer_ninety_days() -> None:
    told = answers(kind="jailbreak_or_injection", visibility="after_embargo")
    ends = parse_datetime(told["embargo_until"])

    assert told["visibility"] == "public_after_review"
    assert ends is not None
    assert timedelta(days=89) < ends - timezone.now() <= timedelta(days=90)


def test_the_language_is_guessed_until_it_is_chosen() -> None:
    assert ReportForm(FILLED).language_said == "en"
    assert ReportForm(FILLED | {"language": "ar"}).language_said == "ar"
    assert answers(language="ar")["language"] == "ar"


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
        ({"artifact": "acme/x", "unknown_artifact": "on"}, {"artifact"}),
        ({"conversation": "User: a\nAssistant: " + "x" * 20_001}, {"conversation"}),
        ({"conversation": "x" * 20_001}, {"conversation"}),
        ({"conversation": "User: a\nAssistant: b\n" * 101}, {"conversation"}),
        ({"conversation": "[" * 3_000}, {"conversation"}),
        ({"system_prompt": "x" * 20_001}, {"system_prompt"}),
        ({"temperature": "warm"}, {"temperature"}),
        ({"temperature": "nan", "seed": "9" * 5_000}, {"temperature", "seed"}),
        ({"top_p": "1e999"}, {"top_p"}),
        ({"seed": "0.5"}, {"seed"}),
        ({"max_tokens": "\x00"}, {"max_tokens"}),
        ({"revision": "\x00"}, {"revision"}),
        ({"revision": "f" * 121}, {"revision"}),
        ({"revision": "f" * 121, "version": "2"}, set()),
        ({"observed_on": "yesterday"}, {"observed_on"}),
        ({"observed_on": "2999-01-01"}, {"observed_on"}),
        ({"language": "xx"}, {"language"}),
        ({"visibility": "secret"}, {"visibility"}),
        ({"shown_by": "telepathy"}, {"shown_by"}),
        ({"contact_email": "ann", "may_contact": "on"}, {"contact_email"}),
        ({"contact_email": "", "may_contact": "on"}, {"contact_email"}),
        ({"credit_name": "", "wants_credit": "on"}, {"credit_name"}),
        ({"credit_name": "x" * 121, "wants_credit": "on"}, {"credit_name"}),
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


def test_the_gate_is_asked_on_the_page_and_is_no_answer() -> None:
    unasked, no = GatedForm(FILLED), GatedForm(FILLED | {"gate": "no"})

    assert list(unasked.errors) == ["gate"]
    assert no.is_valid()
    assert "gate" not in no.answers()


# The short variant: a known issue happened to them too


SHORTLY = {"artifact": "acme/chat-7b", "artifact_kind": "model", "consent": "on"}


@pytest.fixture
def known(make_issue: Any) -> Issue:
    issue: Issue = make_issue("It invents a court ruling")
    return issue


@pytest.mark.django_db
def test_a_confirmation_asks_little(known: Issue) -> None:
    form = ReportForm(SHORTLY | {"confirms": known.number, "tries": "5", "failures": "2", "context_of_use": "justice"})

    assert set(form.fields) <= SHORT
    assert form.is_valid(), form.errors
    assert form.answers() == SHORTLY | {
        "consent": True,
        "confirms": known.number,
        "reproduction": {"tries": "5", "failures": "2"},
        "context_of_use": "justice",
        "source_key": "",
    }


@pytest.mark.django_db
def test_what_was_written_before_is_asked_too_and_sent(known: Issue) -> None:
    form = ReportForm(SHORTLY | {"confirms": known.number, "conversation": "User: a\nAssistant: b", "kind": "other"})

    assert set(form.fields) - SHORT == {"conversation", "kind"}
    assert form.is_valid(), form.errors
    assert len(form.answers()["transcript"]) == 2


@pytest.mark.django_db
def test_a_confirmation_of_what_is_private_by_default_is_private_too(known: Issue) -> None:
    Issue.objects.update(kind="privacy_leak")
    form = ReportForm(SHORTLY | {"confirms": known.number})

    assert form.is_valid(), form.errors
    assert form.answers()["visibility"] == "private"


@pytest.mark.django_db
@pytest.mark.parametrize("number", ["TT-2026-99999", "banana", "\x00", "x" * 5_000])
def test_what_is_not_there_and_what_is_not_public_cannot_be_confirmed(known: Issue, number: str) -> None:
    Issue.objects.update(published_at=None)

    for tried in (number, known.number):
        form = ReportForm(SHORTLY | {"confirms": str(tried)})
        assert not form.is_valid()
        assert "There is no such issue." in form.errors["confirms"]


@pytest.mark.django_db
def test_an_issue_of_another_family_cannot_be_confirmed(known: Issue) -> None:
    form = ReportForm(SHORTLY | {"confirms": known.number, "artifact": "other/model"})

    assert list(form.errors) == ["artifact"]
    assert ReportForm(SHORTLY | {"confirms": known.number, "artifact": "unknown"}).is_valid()
