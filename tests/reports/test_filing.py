"""The one door in, below its skins."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.actors import actor_for
from accounts.policy import ANONYMOUS
from ledger.models import Event, Payload
from reports.filing import AlreadyFiled, Refused, cut_at_word, file_report, flat
from reports.models import Contact, Evidence, Report
from reports.receipts import opens
from reports.signals import report_filed
from reports.vocabulary import Channel, SourceType
from reports.vouching import vouched

pytestmark = pytest.mark.django_db
RELAXED = [Channel.IMPORT, Channel.DEMO, Channel.REPLAY]
STRICT = [Channel.FORM, Channel.API]


def test_a_report_its_words_and_its_event_are_saved_together(answers: dict[str, Any]) -> None:
    receipt = file_report(answers, channel=Channel.API)

    report = receipt.report
    event = Event.objects.get()
    assert opens(receipt.code, report)
    assert report.evidence.what_happened == answers["what_happened"]
    assert (event.verb, event.actor) == ("file", "anonymous")
    assert event.subjects == [f"report:{report.pk}", f"artifact:{report.artifact_id}"]
    words = vouched(report.evidence)
    assert Payload.objects.get().content == {"channel": "api", "reference": report.reference, "words": words}


def test_nothing_that_was_written_stands_in_the_ledger(answers: dict[str, Any]) -> None:
    answers |= {"contact_email": "ann@example.org", "summary": "A word xq-canary in it", "version": "xq-canary"}

    file_report(answers, channel=Channel.API, network="192.0.2.1")

    told = [*Event.objects.values_list("actor", "verb", "subjects"), *Payload.objects.values_list("content")]
    assert not any(word in str(told) for word in ("xq-canary", "ann@", "192.0.2"))


def test_the_code_is_stored_as_a_keyed_hash_only(answers: dict[str, Any]) -> None:
    receipt = file_report(answers, channel=Channel.API)

    stored = str(Report.objects.values().get()) + str(Evidence.objects.values().get())
    assert receipt.code not in stored
    assert receipt.code.replace("-", "") not in stored
    assert len(bytes(receipt.report.receipt_digest)) == 32


def test_an_address_of_a_person_is_sealed(answers: dict[str, Any]) -> None:
    file_report(answers | {"contact_email": "ann@example.org"}, channel=Channel.API)

    assert b"ann@example" not in bytes(Contact.objects.get().sealed_email)


def test_no_contact_without_an_address(answers: dict[str, Any]) -> None:
    file_report(answers | {"contact_email": ""}, channel=Channel.API)

    assert not Contact.objects.exists()


def test_it_is_said_aloud_once_it_is_committed(
    answers: dict[str, Any], django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    heard: list[int] = []

    def hear(sender: object, report_id: int, **_: object) -> None:
        heard.append(report_id)

    report_filed.connect(hear)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            report = file_report(answers, channel=Channel.API).report
            before_the_commit = list(heard)
    finally:
        report_filed.disconnect(hear)

    assert before_the_commit == []
    assert heard == [report.pk]


def test_a_refused_report_stores_nothing_and_says_why(answers: dict[str, Any], nothing_stored: Any) -> None:
    with nothing_stored(), pytest.raises(Refused) as refusal:
        file_report(answers | {"kind": "rude", "transcript": [{"role": "x", "content": "y"}]}, channel=Channel.API)

    assert set(refusal.value.errors) == {"kind", "transcript.0.role"}
    assert all(isinstance(sentence, str) for told in refusal.value.errors.values() for sentence in told)


def test_a_source_s_key_is_filed_once(answers: dict[str, Any]) -> None:
    keyed = answers | {"source": "garak", "source_key": "run/1"}
    first = file_report(keyed, channel=Channel.IMPORT).report

    with pytest.raises(AlreadyFiled) as known:
        file_report(keyed, channel=Channel.IMPORT)

    assert known.value.report == first
    assert Report.objects.count() == 1


# The minima and the 120 bind form and API only


@pytest.mark.parametrize("channel", STRICT)
@pytest.mark.parametrize(
    "changes",
    [{"summary": "Short"}, {"summary": "x" * 121}, {"what_happened": "Short"}, {"what_happened": "x" * 20_001}],
)
def test_people_are_held_to_the_limits(answers: dict[str, Any], channel: Channel, changes: dict[str, str]) -> None:
    with pytest.raises(Refused) as refusal:
        file_report(answers | changes, channel=channel)

    assert set(refusal.value.errors) == set(changes)


@pytest.mark.parametrize("channel", RELAXED)
def test_text_not_written_for_our_limits_is_kept_whole(answers: dict[str, Any], channel: Channel) -> None:
    long = "word " * 10_000
    changes = {
        "summary": "a long title " * 40,
        "what_happened": long,
        "transcript": [{"role": "user", "content": long}],
    }

    report = file_report(answers | changes, channel=channel).report

    assert report.evidence.what_happened == f"{('a long title ' * 40).strip()}\n\n{long.strip()}"
    assert report.evidence.transcript == changes["transcript"]
    assert len(report.evidence.summary) <= 120
    assert report.evidence.summary == "a long title " * 9 + "a…"


def test_without_a_summary_an_import_s_begins_its_text(answers: dict[str, Any]) -> None:
    del answers["summary"]

    report = file_report(answers | {"what_happened": "One\nline,\r\n and  another"}, channel=Channel.IMPORT).report

    assert report.evidence.summary == "One line, and another"


@pytest.mark.parametrize("channel", [*RELAXED, *STRICT])
def test_unknown_fields_and_words_are_refused_by_every_channel(answers: dict[str, Any], channel: Channel) -> None:
    with pytest.raises(Refused) as refusal:
        file_report(answers | {"colour": 1, "kind": "rude"}, channel=channel)

    assert set(refusal.value.errors) == {"colour", "kind"}


# Where it comes from


@pytest.mark.parametrize(
    ("channel", "changes", "source_type"),
    [
        (Channel.FORM, {}, SourceType.FORM),
        (Channel.API, {}, SourceType.FORM),
        (Channel.API, {"rule_id": "suite/x"}, SourceType.SCANNER),
        (Channel.IMPORT, {}, SourceType.IMPORT),
        (Channel.IMPORT, {"rule_id": "suite/x"}, SourceType.SCANNER),
        (Channel.DEMO, {}, SourceType.FORM),
    ],
)
def test_the_thresholds_follow_from_how_it_came(
    answers: dict[str, Any], channel: Channel, changes: dict[str, Any], source_type: SourceType
) -> None:
    assert file_report(answers | changes, channel=channel).report.source_type == source_type


@pytest.mark.parametrize(
    ("channel", "role", "named", "stored"),
    [
        (Channel.API, None, "", "api"),
        (Channel.API, None, "avid", "api:anonymous:avid"),
        (Channel.FORM, None, "form", "form:anonymous:form"),
        (Channel.API, "triager", "avid", "avid"),
        (Channel.API, "auditor", "avid", "api:{pk}:avid"),
        (Channel.IMPORT, None, "avid", "avid"),
        (Channel.IMPORT, None, "", "import"),
    ],
)
def test_only_who_is_trusted_names_a_source(
    answers: dict[str, Any], someone: Any, channel: Channel, role: str | None, named: str, stored: str
) -> None:
    user = someone(role) if role else None

    report = file_report(
        answers | ({"source": named} if named else {}),
        channel=channel,
        actor=actor_for(user) if user else ANONYMOUS,
    ).report

    assert report.source == stored.format(pk=user.pk if user else "")


def test_the_longest_source_of_the_highest_account_fits(answers: dict[str, Any]) -> None:
    from accounts.policy import Actor
    from reports.filing import source_name

    longest = source_name({"source": "x" * 60}, channel=Channel.API, actor=Actor(user_id=10**12))

    assert len(longest) <= 80


def test_the_language_is_guessed_where_nobody_says(file: Callable[..., Any]) -> None:
    told = file(
        what_happened="我问它关于房租的判决，它引用了一份从来没有过的判决，还有日期和法官的名字。",
        summary="它编造了一份法院的判决书",
    )

    assert told.language.startswith("zh")
    assert file(language="ar").language == "ar"


# Small parts


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("short", "short"),
        ("two\n\tlines  h", "two lines h"),
        ("aaaa bbbb cccc", "aaaa bbbb…"),
        ("aaaa bbbb, cccc", "aaaa bbbb…"),
        ("a" * 20, "a" * 10 + "…"),
        ("没有空格的一段很长的中文句子", "没有空格的一段很长的…"),
        ("", ""),
    ],
)
def test_a_line_is_cut_after_a_word(text: str, cut: str) -> None:
    assert cut_at_word(text, 11) == cut


def test_nested_errors_become_dotted_names() -> None:
    detail = {"a": ["x"], "b": {0: {"c": ["y", "z"]}}, "d": [{}, {"e": ["w"]}], "f": {"non_field_errors": ["v"]}}

    assert flat(detail) == {"a": ["x"], "b.0.c": ["y", "z"], "d.1.e": ["w"], "f": ["v"]}
