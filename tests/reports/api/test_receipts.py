"""The receipt by API: read with its thread, and written to as on its page."""

from copy import deepcopy
from typing import Any

import pytest
from django.test import Client

from ledger.models import Event
from reports.models import Issue, Message, Report
from reports.receipts import code_digest, new_code
from triage.decisions import decide

pytestmark = pytest.mark.django_db
TEXT = "It happened again this morning."


@pytest.fixture(scope="module")
def held(ground: Any) -> dict[str, Any]:
    """A report in an issue, with its code."""
    report, code = ground.file(), new_code()
    Report.objects.filter(pk=report.pk).update(receipt_digest=code_digest(code))
    report.refresh_from_db()
    return {"report": report, "code": code, "user": ground.someone("triager")}


@pytest.fixture
def report(db: None, held: dict[str, Any]) -> Any:
    return deepcopy(held["report"])


@pytest.fixture
def triager(db: None, held: dict[str, Any]) -> Any:
    return deepcopy(held["user"])


@pytest.fixture
def post(client: Client, held: dict[str, Any]) -> Any:
    def posted(act: str, body: Any = None, **headers: str) -> Any:
        sent = {"Authorization": f"Receipt {held['code']}", **headers}
        address = f"/api/v1/reports/{held['report'].reference}/{act}/"
        return client.post(address, body if body is not None else {}, content_type="application/json", headers=sent)

    return posted


def read(client: Client, held: dict[str, Any]) -> Any:
    headers = {"Authorization": f"Receipt {held['code']}"}
    return client.get(f"/api/v1/reports/{held['report'].reference}/", headers=headers).json()


def test_the_receipt_tells_its_thread_and_what_can_be_done(
    client: Client, post: Any, held: dict[str, Any], report: Any, triager: Any
) -> None:
    assert read(client, held)["may"] == ["write", "add", "withdraw"]
    decide(Issue.objects.get(), "ask", by=triager, report=report, text="Which day was it?")

    asked = read(client, held)
    answered = post("answer", {"text": TEXT})

    assert asked["may"] == ["answer", "add", "withdraw"]
    assert answered.status_code == 200
    assert [(line["from"], line["kind"], line["text"]) for line in answered.json()["thread"]] == [
        ("triagers", "message", "Which day was it?"),
        ("reporter", "message", TEXT),
    ]
    assert triager.email not in str(answered.json())


def test_a_reporter_writes_adds_and_withdraws(client: Client, post: Any, held: dict[str, Any]) -> None:
    assert post("write", {"text": TEXT}).status_code == 200
    assert post("add", {"text": TEXT * 100}).status_code == 200
    withdrawn = post("withdraw")
    refused = post("write", {"text": "One more thing to say."})
    again = post("reinstate")

    assert (withdrawn.json()["is_withdrawn"], withdrawn.json()["may"]) == (True, ["reinstate"])
    assert refused.status_code == 409
    assert refused.json()["title"] == "This report was withdrawn. Take that back first."
    assert again.json()["is_withdrawn"] is False
    assert [line["kind"] for line in again.json()["thread"]] == ["message", "evidence"]
    assert set(Event.objects.filter(verb__in=["say", "add", "withdraw"]).values_list("actor", flat=True)) == {
        "anonymous"
    }


def test_a_dismissal_is_disputed_once(client: Client, post: Any, held: dict[str, Any], triager: Any) -> None:
    assert post("dispute", {"text": TEXT}).status_code == 409
    decide(Issue.objects.get(), "dismiss", by=triager, reason="spam")
    assert read(client, held)["disputable"] == ["dismissal"]

    told = [post("dispute", {"text": TEXT, "about": "dismissal"}).status_code for _ in range(2)]

    assert told == [200, 200]  # the same words, pressed twice
    assert Issue.objects.get().is_disputed
    assert post("dispute", {"text": "Something else altogether."}).status_code == 409


def test_words_are_limited_as_on_the_page(post: Any) -> None:
    for number in range(10):
        assert post("write", {"text": f"{TEXT} {number}"}).status_code == 200

    often = post("write", {"text": "And yet another one."})

    assert often.status_code == 429
    assert "10 times within a day" in often.json()["title"]


@pytest.mark.parametrize(
    ("act", "body", "pointer"),
    [
        ("write", {}, "/text"),
        ("write", [], ""),
        ("write", {"text": "short"}, "/text"),
        ("write", {"text": "x" * 2_001}, "/text"),
        ("write", {"text": ["a list of words"]}, "/text"),
        ("write", {"text": "with a \x00 inside it"}, "/text"),
        ("write", '{"text": "half of it: \\ud800"}', "/text"),
        ("write", {"text": TEXT, "to": "you"}, "/to"),
        ("add", {"text": "x" * 20_001}, "/text"),
        ("dispute", {"text": TEXT, "about": "everything"}, "/about"),
        ("withdraw", {"because": "I say so"}, "/because"),
    ],
)
def test_what_cannot_be_taken_is_named(post: Any, act: str, body: Any, pointer: str) -> None:
    refused = post(act, body)

    assert refused.status_code == 400
    assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]
    assert not Message.objects.exists()


def test_a_body_of_more_than_a_megabyte_is_not_read(post: Any) -> None:
    assert post("write", f'{{"text": "{"x" * 1_000_000}"}}').status_code == 413


def test_a_keyed_message_is_written_once(post: Any) -> None:
    answers = [post("write", {"text": TEXT}, **{"Idempotency-Key": "k"}) for _ in range(2)]

    assert answers[0].content == answers[1].content
    assert post("add", {"text": TEXT}, **{"Idempotency-Key": "k"}).status_code == 422  # another address


def test_a_wrong_code_and_no_report_are_alike(client: Client, post: Any, held: dict[str, Any], triager: Any) -> None:
    client.force_login(triager)  # whoever else is signed in
    told = []
    for reference in (held["report"].reference, "r-0000-0000-0000-0000"):
        for act in ("", "write/", "withdraw/"):
            method = client.post if act else client.get
            answer = method(f"/api/v1/reports/{reference}/{act}", headers={"Authorization": f"Receipt {new_code()}"})
            told.append((answer.status_code, answer.content))

    assert {status for status, _content in told} == {404}
    assert len({content for _status, content in told}) == 1
    assert Report.objects.get().withdrawn_at is None
