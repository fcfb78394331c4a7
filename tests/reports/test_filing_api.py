"""POST /api/v1/reports/ and the receipt: every answer taken, every refusal a sentence for its field, never a 500."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.tokens import make_token
from reports.models import Artifact, Contact, Evidence, IdempotencyKey, Report
from reports.sealing import unseal

URL = "/api/v1/reports/"
WHOLE = {
    "artifact": "acme/chat-7b",
    "artifact_kind": "model",
    "version": "2026-05",
    "summary": "It invents a court ruling",
    "what_happened": "I asked for rulings on rent and it cited one that was never made.",
    "expected": "That it says so when it knows of none.",
    "kind": "false_information",
    "transcript": [{"role": "user", "content": "Which rulings?"}, {"role": "assistant", "content": "Smith v. Rent."}],
    "context_of_use": "justice",
    "harm_occurred": "no",
    "severity": "not_sure",
    "reproduction": {"tries": 5, "failures": 3},
    "language": "en",
    "observed_on": "2026-05-03",
    "settings": {"temperature": 0.7},
    "visibility": "public_after_review",
    "contact_email": "ann@example.org",
    "found_by": "research",
    "relation": "researcher",
    "also_affects": ["acme/chat-7b-mini", "Chat 7B"],
    "rule_id": "suite/rulings",
    "source": "my-suite",
    "source_key": "run-1/7",
    "reported_at": "2026-05-04T10:00:00Z",
    "consent": True,
}

pytestmark = pytest.mark.django_db


def post(client: Client, body: Any, **headers: str) -> Any:
    """``body`` as JSON, or as it is if it is text already."""
    data = body if isinstance(body, str | bytes) else json.dumps(body)
    return client.post(URL, data, content_type="application/json", headers=headers)


def fields(response: Any) -> set[str]:
    """The fields that a problem document speaks of, once it is certain that it is one."""
    assert response["Content-Type"] == "application/problem+json"
    body = response.json()
    assert set(body) == {"type", "title", "status", "errors"}
    assert body["status"] == response.status_code
    assert body["title"]
    for error in body["errors"]:
        assert set(error) == {"field", "pointer", "detail"}
        assert error["detail"]
    return {error["field"] for error in body["errors"]}


# What is taken


def test_the_least_a_report_says_is_enough(client: Client, answers: dict[str, Any]) -> None:
    response = post(client, answers)

    assert response.status_code == 201
    report = Report.objects.get()
    told = response.json()
    assert set(told) == {"reference", "receipt", "status", "url"}
    assert told["reference"] == report.reference
    assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){5}", told["receipt"])
    assert told["status"] == "received"
    assert told["url"] == f"http://127.0.0.1:8000/reports/{report.reference}/"


def test_every_answer_is_kept_as_it_was_given(client: Client) -> None:
    assert post(client, WHOLE).status_code == 201

    report = Report.objects.select_related("artifact", "version", "evidence").get()
    assert str(report.artifact) == "acme/chat-7b"
    assert str(report.version) == "2026-05"
    kept = ["kind", "context_of_use", "harm_occurred", "severity", "language", "settings", "visibility", "found_by"]
    kept += ["relation", "also_affects", "rule_id", "source_key"]
    assert {name: getattr(report, name) for name in kept} == {name: WHOLE[name] for name in kept}
    assert (report.tries, report.failures) == (5, 3)
    assert str(report.observed_on) == "2026-05-03"
    assert report.reported_at == datetime(2026, 5, 4, 10, tzinfo=UTC)
    assert report.source == "api:anonymous:my-suite"
    assert report.evidence.summary == WHOLE["summary"]
    assert report.evidence.what_happened == WHOLE["what_happened"]
    assert report.evidence.expected == WHOLE["expected"]
    assert report.evidence.transcript == WHOLE["transcript"]
    assert unseal(bytes(Contact.objects.get().sealed_email)) == "ann@example.org"


@pytest.mark.parametrize(
    "changes",
    [
        {"summary": "النموذج يخترع أحكامًا قضائية", "what_happened": "سألته عن أحكام الإيجار فذكر حكمًا لم يصدر قط."},
        {
            "summary": "\u202eright to left, reversed\u202c",
            "what_happened": "It \u2066isolates\u2069 and \u202eturns\u202c the text.",
        },
        {
            "summary": "它编造了一份法院判决书",
            "what_happened": "我问它关于房租的判决，它引用了一份从来没有过的判决，还有日期和法官的名字。",
        },
        {"summary": "Emoji 👩‍👩‍👧‍👦 and Zal̷̢͉go t̸̼̀ext", "what_happened": "👩‍👩‍👧‍👦" * 30},
        {"artifact": "شركة/نموذج"},
        {"artifact": "acme/İstanbul-ΑΣ", "version": "İ-Σ"},
        {"artifact": "https://hub.example/acme/chat-7b/tree/main"},
        {"artifact": "a" * 260},
        {"also_affects": ["///", "..", "http://[::1", "acme/chat-7b", "unknown"]},
        {"transcript": []},
        {"transcript": [{"role": "user", "content": ""}] * 200},
        {"reproduction": None, "observed_on": None, "reported_at": None},
        {"settings": {"nested": [[[[{"deep": [1e300, -0.0, True, None]}]]]]}},
        {"reported_at": "1950-01-01T00:00:00Z", "observed_on": "1950-01-01"},
        {"summary": "x" * 120, "what_happened": "y" * 20_000},
    ],
)
def test_odd_but_right_answers_are_taken_twice_and_grouped(
    client: Client, answers: dict[str, Any], changes: dict[str, Any]
) -> None:
    from triage.matching import match_report

    first, second = post(client, answers | changes), post(client, answers | changes)

    assert (first.status_code, second.status_code) == (201, 201)
    assert Report.objects.values("artifact").distinct().count() == 1
    for report in Report.objects.all():
        match_report(report.pk)
    assert not Report.objects.ungrouped().exists()


@pytest.mark.parametrize("named", ["unknown", " Unknown ", "UNKNOWN"])
def test_unknown_is_an_answer(client: Client, answers: dict[str, Any], named: str) -> None:
    assert post(client, answers | {"artifact": named}).status_code == 201

    assert Artifact.objects.get().is_unknown


# What is refused

WRONG: list[tuple[str, dict[str, Any]]] = [
    ("artifact", {"artifact": ""}),
    ("artifact", {"artifact": None}),
    ("artifact", {"artifact": 7}),
    ("artifact", {"artifact": ["acme/chat-7b"]}),
    ("artifact", {"artifact": "/"}),
    ("artifact", {"artifact": "///////"}),
    ("artifact", {"artifact": ".."}),
    ("artifact", {"artifact": "../.."}),
    ("artifact", {"artifact": "acme/"}),
    ("artifact", {"artifact": "/chat-7b"}),
    ("artifact", {"artifact": "\u200b\u202e/\u2066"}),
    ("artifact", {"artifact": "http://[::1"}),
    ("artifact", {"artifact": "https://"}),
    ("artifact", {"artifact": "a\x00b"}),
    ("artifact", {"artifact": "\ud800"}),
    ("artifact", {"artifact": "a" * 261}),
    ("artifact_kind", {"artifact_kind": "agent"}),
    ("artifact_kind", {"artifact_kind": ""}),
    ("version", {"version": "v" * 121}),
    ("version", {"version": 7}),
    ("summary", {"summary": ""}),
    ("summary", {"summary": "too short"}),
    ("summary", {"summary": " " * 40}),
    ("summary", {"summary": "x" * 121}),
    ("summary", {"summary": None}),
    ("what_happened", {"what_happened": "x" * 29}),
    ("what_happened", {"what_happened": "x" * 20_001}),
    ("what_happened", {"what_happened": "x\x00" * 30}),
    ("what_happened", {"what_happened": "x\udfff" * 30}),
    ("what_happened", {"what_happened": {"text": "x" * 40}}),
    ("expected", {"expected": 1}),
    ("kind", {"kind": "rude"}),
    ("kind", {"kind": ""}),
    ("kind", {"kind": None}),
    ("kind", {"kind": {"a": []}}),
    ("kind", {"kind": "\ud83d"}),
    ("context_of_use", {"context_of_use": "sport"}),
    ("harm_occurred", {"harm_occurred": True}),
    ("severity", {"severity": 5}),
    ("found_by", {"found_by": "luck"}),
    ("relation", {"relation": "robot"}),
    ("visibility", {"visibility": "secret"}),
    ("consent", {"consent": False}),
    ("consent", {"consent": None}),
    ("consent", {"consent": []}),
    ("consent", {"consent": "perhaps"}),
    ("transcript", {"transcript": "user: hello"}),
    ("transcript", {"transcript": {"role": "user", "content": "x"}}),
    ("transcript", {"transcript": [{"role": "user", "content": "x"}] * 201}),
    ("transcript.0", {"transcript": ["hello"]}),
    ("transcript.1.role", {"transcript": [{"role": "user", "content": ""}, {"role": "model", "content": ""}]}),
    ("transcript.0.role", {"transcript": [{"content": "x"}]}),
    ("transcript.0.content", {"transcript": [{"role": "user"}]}),
    ("transcript.0.content", {"transcript": [{"role": "user", "content": ["x"]}]}),
    ("transcript.0.content", {"transcript": [{"role": "user", "content": "x" * 20_001}]}),
    ("transcript.0.content", {"transcript": [{"role": "user", "content": "\x00"}]}),
    ("transcript.0.name", {"transcript": [{"role": "user", "content": "x", "name": "Ann"}]}),
    ("reproduction", {"reproduction": [5, 3]}),
    ("reproduction.failures", {"reproduction": {"tries": 3, "failures": 4}}),
    ("reproduction.failures", {"reproduction": {"tries": 3}}),
    ("reproduction.tries", {"reproduction": {"tries": 0, "failures": 0}}),
    ("reproduction.tries", {"reproduction": {"tries": 10**4_000, "failures": 0}}),
    ("reproduction.tries", {"reproduction": {"tries": 1e300, "failures": 0}}),
    ("reproduction.failures", {"reproduction": {"tries": 1, "failures": -1}}),
    ("reproduction.seed", {"reproduction": {"tries": 1, "failures": 1, "seed": 7}}),
    ("language", {"language": "English"}),
    ("language", {"language": "x" * 500}),
    ("observed_on", {"observed_on": "yesterday"}),
    ("observed_on", {"observed_on": 20260503}),
    ("observed_on", {"observed_on": "2026-02-30"}),
    ("observed_on", {"observed_on": "9999-12-31"}),
    ("reported_at", {"reported_at": "9999-12-31T23:59:59Z"}),
    ("reported_at", {"reported_at": "9999-12-31T23:59:59-14:00"}),
    ("reported_at", {"reported_at": "0001-01-01T00:00:00+14:00"}),
    ("reported_at", {"reported_at": "1949-12-31T23:59:59Z"}),
    ("observed_on", {"observed_on": "0026-05-04"}),
    ("reported_at", {"reported_at": []}),
    ("settings", {"settings": [1]}),
    ("settings", {"settings": {"prompt": "x" * 10_001}}),
    ("settings", {"settings": {"a\x00": 1}}),
    ("settings", {"settings": {"a": "\x00"}}),
    ("settings", {"settings": {"a": "\ud800"}}),
    ("settings", {"settings": {"\ud800": 1}}),
    ("contact_email", {"contact_email": "ann"}),
    ("contact_email", {"contact_email": {"at": "ann@example.org"}}),
    ("contact_email", {"contact_email": f"{'a' * 250}@example.org"}),
    ("also_affects", {"also_affects": "acme/chat-7b"}),
    ("also_affects", {"also_affects": ["acme/chat"] * 11}),
    ("also_affects.0", {"also_affects": [""]}),
    ("also_affects.1", {"also_affects": ["acme/chat", 7]}),
    ("confirms", {"confirms": "TT-2026-00001"}),
    ("confirms", {"confirms": 12}),
    ("confirms", {"confirms": "a\x00"}),
    ("rule_id", {"rule_id": "x" * 201}),
    ("source", {"source": "x" * 61}),
    ("source_key", {"source_key": "x" * 301}),
    ("colour", {"colour": "red"}),
    ("reporter", {"reporter": 1}),
    ("__proto__", {"__proto__": {}}),
    ("\ud800", {"\ud800": 1}),
]


@pytest.mark.parametrize(("field", "changes"), WRONG)
def test_a_wrong_answer_is_told_of_its_field_and_nothing_is_stored(
    client: Client, answers: dict[str, Any], nothing_stored: Any, field: str, changes: dict[str, Any]
) -> None:
    for headers in ({}, {"Idempotency-Key": "one"}):
        with nothing_stored():
            response = post(client, answers | changes, **headers)

        assert response.status_code == 400
        assert fields(response) == {field}


@pytest.mark.parametrize("name", ["artifact", "summary", "what_happened", "kind", "consent"])
def test_what_is_needed_is_asked_for(client: Client, answers: dict[str, Any], nothing_stored: Any, name: str) -> None:
    del answers[name]

    with nothing_stored():
        response = post(client, answers)

    assert response.status_code == 400
    assert fields(response) == {name}


def test_all_that_is_wrong_is_told_at_once(client: Client) -> None:
    response = post(client, {"transcript": [{}, 7], "colour": 1, "kind": "rude"})

    told = {"artifact", "summary", "what_happened", "kind", "consent", "colour"}
    assert fields(response) == told | {"transcript.0.role", "transcript.0.content", "transcript.1"}


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


@pytest.mark.parametrize(
    "body",
    [
        "",
        "   ",
        "nothing",
        "{",
        "[]",
        "[1, 2]",
        '"acme/chat-7b"',
        "7",
        "null",
        "true",
        '{"consent": NaN}',
        '{"consent": Infinity}',
        '{"consent": false, "consent": true}',
        '{"settings": {"\\ud800": 1, "\\ud800": 2}}',
        '{"reproduction": {"tries": 1' + "0" * 5_000 + "}}",
        b'{"summary": "\xff\xfe"}',
        b'\xef\xbb\xbf{"consent": true}',
        '{"consent": true}'.encode("utf-16"),
        b"\x00" * 40,
        nested(40),
        nested(900),
        nested(100_000),
        '{"settings": {"a": ' + nested(900) + "}}",
        '{"kind": ' + nested(850) + "}",
        '{"a":' * 500 + "1" + "}" * 500,
    ],
)
def test_a_body_that_is_no_report_is_refused(client: Client, nothing_stored: Any, body: str | bytes) -> None:
    with nothing_stored():
        response = post(client, body, **{"Idempotency-Key": "one"})

    assert response.status_code == 400
    fields(response)


@pytest.mark.parametrize("number", ["1e999", "-1e999", "1e99999999999"])
def test_a_number_beyond_all_bounds_is_refused(
    client: Client, answers: dict[str, Any], nothing_stored: Any, number: str
) -> None:
    body = json.dumps(answers | {"settings": {"temperature": 12345}}).replace("12345", number)

    with nothing_stored():
        response = post(client, body)

    assert response.status_code == 400
    assert fields(response) == {"settings"}


@pytest.mark.parametrize("size", [1_000_001, 3_000_000])
def test_more_than_a_megabyte_is_too_large(
    client: Client, answers: dict[str, Any], nothing_stored: Any, size: int
) -> None:
    body = json.dumps(answers | {"expected": ""})

    with nothing_stored():
        response = post(client, body + " " * (size - len(body)))

    assert response.status_code == 413
    assert fields(response) == set()


def test_a_megabyte_is_not_too_large(client: Client, answers: dict[str, Any]) -> None:
    body = json.dumps(answers)

    assert post(client, body + " " * (1_000_000 - len(body))).status_code == 201


@pytest.mark.parametrize(
    "content_type",
    ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", "text/html", "x", ""],
)
def test_another_content_type_is_refused(
    client: Client, answers: dict[str, Any], nothing_stored: Any, content_type: str
) -> None:
    with nothing_stored():
        response = client.post(URL, json.dumps(answers).encode(), content_type=content_type)

    assert response.status_code in {400, 415}
    fields(response)


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_other_methods_are_not_known(client: Client, nothing_stored: Any, method: str) -> None:
    with nothing_stored():
        response = getattr(client, method)(URL)

    assert response.status_code == 405
    fields(response)


def test_a_refusal_speaks_the_reader_s_language(client: Client, answers: dict[str, Any]) -> None:
    told = {
        language: post(client, answers | {"consent": False}, **{"Accept-Language": language}).content
        for language in ("en", "zh-hans")
    }

    assert json.loads(told["en"])["errors"][0]["detail"] == "A report can only be taken with your consent."


# Who files


def test_a_token_files_for_its_account(client: Client, answers: dict[str, Any], someone: Any) -> None:
    user = someone()
    token = make_token(user, scopes=["report:write"])

    assert post(client, answers | {"source": "s"}, Authorization=f"Bearer {token}").status_code == 201

    report = Report.objects.get()
    assert report.reporter == user
    assert report.source == f"api:{user.pk}:s"


def test_bulk_tokens_of_researchers_name_their_own_source(
    client: Client, answers: dict[str, Any], someone: Any
) -> None:
    token = make_token(someone("researcher"), scopes=["report:bulk"])

    assert post(client, answers | {"source": "suite"}, Authorization=f"Bearer {token}").status_code == 201

    assert Report.objects.get().source == "suite"


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Bearer tt_nothing",
        "bearer tt_" + "0" * 46,
        "Bearer tt_\xff",
        "",  # as servers hand on what is no ASCII
        "Bearer a b c",
        "Token tt_" + "0" * 46,
        "tt_" + "0" * 46,
    ],
)
def test_a_token_that_is_not_good_is_no_anonymous_call(
    client: Client, answers: dict[str, Any], nothing_stored: Any, header: str
) -> None:
    with nothing_stored():
        response = post(client, answers, Authorization=header)

    assert response.status_code == 401
    assert response["WWW-Authenticate"].startswith("Bearer")
    fields(response)


@pytest.mark.parametrize("ended", ["revoked_at", "expires_at"])
def test_a_token_that_ended_is_401(client: Client, answers: dict[str, Any], someone: Any, ended: str) -> None:
    user = someone()
    token = make_token(user, scopes=["report:write"])
    user.tokens.update(**{ended: timezone.now() - timedelta(seconds=1)})

    assert post(client, answers, Authorization=f"Bearer {token}").status_code == 401
    assert not Report.objects.exists()


def test_a_token_without_the_scope_is_403(client: Client, answers: dict[str, Any], someone: Any) -> None:
    token = make_token(someone("triager"), scopes=["queue:read"])

    response = post(client, answers, Authorization=f"Bearer {token}")

    assert response.status_code == 403
    assert not Report.objects.exists()


def test_a_closed_account_s_token_is_401(client: Client, answers: dict[str, Any], someone: Any) -> None:
    user = someone()
    token = make_token(user, scopes=["report:write"])
    user.is_active = False
    user.save()

    assert post(client, answers, Authorization=f"Bearer {token}").status_code == 401


# Filing twice


def test_the_same_source_key_is_filed_once(client: Client, answers: dict[str, Any]) -> None:
    keyed = answers | {"source": "suite", "source_key": "7"}
    assert post(client, keyed).status_code == 201

    response = post(client, keyed)

    assert response.status_code == 409
    fields(response)
    assert Report.objects.count() == 1


def test_a_stranger_cannot_take_the_keys_of_a_source(
    client: Client, answers: dict[str, Any], someone: Any, file: Callable[..., Any]
) -> None:
    from reports.vocabulary import Channel

    keyed = answers | {"source": "avid", "source_key": "AVID-1"}
    assert post(client, keyed).status_code == 201

    imported = file(channel=Channel.IMPORT, source="avid", source_key="AVID-1")

    assert imported.source == "avid"
    assert Report.objects.count() == 2


def test_a_key_without_a_source_is_its_senders_own(client: Client, answers: dict[str, Any], someone: Any) -> None:
    numbered = answers | {"source_key": "1"}
    users = [someone("researcher", email="a@example.org"), someone(email="b@example.org")]
    tokens = [make_token(users[0], scopes=["report:bulk"]), make_token(users[1], scopes=["report:write"])]
    senders = [{}, *({"Authorization": f"Bearer {token}"} for token in tokens)]

    told = [post(client, numbered, **sender).status_code for sender in (*senders, *senders)]

    assert told == [201, 201, 201, 409, 409, 409]


def test_a_maintainer_takes_no_keys_of_a_source_before_it_speaks(
    client: Client, answers: dict[str, Any], someone: Any, artifact: Artifact
) -> None:
    told = answers | {"source": "avid", "source_key": "AVID-2026-R0001"}
    squatter = make_token(someone("maintainer", email="a@example.org", artifact_id=artifact.pk), scopes=["report:bulk"])
    source = make_token(someone("researcher", email="b@example.org"), scopes=["report:bulk"])
    sent = [{"Authorization": f"Bearer {token}"} for token in (squatter, source, squatter, source)]

    assert [post(client, told, **sender).status_code for sender in sent] == [201, 201, 409, 409]
    assert Report.objects.filter(source="avid").count() == 1


def test_an_idempotency_key_gives_the_same_receipt_again(client: Client, answers: dict[str, Any]) -> None:
    first = post(client, answers, **{"Idempotency-Key": "k"})
    again = post(client, dict(reversed(answers.items())), **{"Idempotency-Key": "k"})

    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert Report.objects.count() == IdempotencyKey.objects.count() == 1


def test_an_idempotency_key_of_another_body_is_422(client: Client, answers: dict[str, Any]) -> None:
    post(client, answers, **{"Idempotency-Key": "k"})

    response = post(client, answers | {"version": "2026-06"}, **{"Idempotency-Key": "k"})

    assert response.status_code == 422
    fields(response)
    assert Report.objects.count() == 1


def test_an_idempotency_key_belongs_to_who_used_it(client: Client, answers: dict[str, Any], someone: Any) -> None:
    tokens = [make_token(someone(email=f"{name}@example.org"), scopes=["report:write"]) for name in "ab"]

    told = [post(client, answers, Authorization=f"Bearer {token}", **{"Idempotency-Key": "k"}) for token in tokens]

    assert told[0].json()["reference"] != told[1].json()["reference"]


def test_a_refused_report_leaves_its_idempotency_key_free(client: Client, answers: dict[str, Any]) -> None:
    assert post(client, answers | {"consent": False}, **{"Idempotency-Key": "k"}).status_code == 400

    assert post(client, answers, **{"Idempotency-Key": "k"}).status_code == 201


@pytest.mark.parametrize("key", ["k" * 5_000, "\xff\x80", "é"])
def test_any_idempotency_key_will_do(client: Client, answers: dict[str, Any], key: str) -> None:
    assert post(client, answers, **{"Idempotency-Key": key}).status_code == 201


@pytest.mark.parametrize("key", ["", " "])
def test_an_idempotency_key_that_did_not_arrive_is_refused(
    client: Client, answers: dict[str, Any], nothing_stored: Any, key: str
) -> None:
    with nothing_stored():
        response = post(client, answers, **{"Idempotency-Key": key})

    assert response.status_code == 400
    assert "Idempotency-Key" in response.json()["title"]


# Confirming an issue


def test_confirming_an_issue_needs_no_prose(client: Client, make_issue: Any) -> None:
    issue = make_issue()

    response = post(client, {"artifact": "acme/chat-7b", "confirms": issue.number, "consent": True})

    assert response.status_code == 201
    report = Report.objects.get()
    assert (report.confirms, report.kind) == (issue, issue.kind)
    assert Evidence.objects.get().summary == ""


@pytest.mark.parametrize("status", ["new", "dismissed"])
def test_what_the_public_may_not_see_cannot_be_confirmed(
    client: Client, answers: dict[str, Any], make_issue: Any, nothing_stored: Any, status: str
) -> None:
    make_issue(status=status, number="TT-2026-00001")

    with nothing_stored():
        response = post(client, answers | {"confirms": "TT-2026-00001"})

    assert fields(response) == {"confirms"}


def test_an_issue_of_another_family_cannot_be_confirmed(
    client: Client, answers: dict[str, Any], make_issue: Any, nothing_stored: Any
) -> None:
    issue = make_issue()

    with nothing_stored():
        response = post(client, answers | {"artifact": "other/tool", "confirms": issue.number})

    assert response.status_code == 400
    assert fields(response) == {"confirms"}


# The receipt


def read(client: Client, reference: str, authorization: str | None) -> Any:
    headers = {} if authorization is None else {"Authorization": authorization}
    return client.get(f"{URL}{reference}/", headers=headers)


def test_the_code_opens_the_receipt_however_it_is_typed(client: Client, answers: dict[str, Any]) -> None:
    told = post(client, answers).json()
    code = told["receipt"]

    for typed in (
        code,
        code.lower(),
        code.replace("-", " "),
        code.replace("-", "").replace("0", "O").replace("1", "l"),
    ):
        response = read(client, told["reference"], f"Receipt {typed}")
        assert response.status_code == 200
        assert response.json()["status"] == "received"
        assert response.json()["issue"] is None
        assert [step["status"] for step in response.json()["timeline"]] == ["received"]
    assert read(client, told["reference"].upper(), f"receipt {code}").status_code == 200


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Receipt",
        "Receipt ",
        "Receipt 0000-0000-0000-0000-0000-0000",
        "Bearer tt_x",
        "Receipt \xff",
        "Basic x",
    ],
)
def test_a_report_that_is_there_and_one_that_is_not_refuse_alike(
    client: Client, answers: dict[str, Any], authorization: str | None
) -> None:
    reference = post(client, answers).json()["reference"]

    there = read(client, reference, authorization)
    not_there = read(client, "r-0000-0000-0000-0000", authorization)

    assert there.status_code == not_there.status_code == 404
    assert there.content == not_there.content
    counted = {"RateLimit": None, "X-Request-ID": None}  # one less each time, whatever was asked for; another each time
    assert {**there.headers, **counted} == {**not_there.headers, **counted}


def test_what_is_filed_on_a_known_version_goes_to_the_database_four_times(
    client: Client, answers: dict[str, Any], artifact: Any, django_assert_num_queries: Any
) -> None:
    told = {**answers, "artifact": "acme/chat-7b", "version": "2026-05"}
    post(client, told)  # the salt of the day is asked for once

    with django_assert_num_queries(6):  # and the test's own savepoint, twice
        assert post(client, told).status_code == 201


def test_one_report_s_code_opens_no_other(client: Client, answers: dict[str, Any]) -> None:
    first, second = post(client, answers).json(), post(client, answers).json()

    assert read(client, second["reference"], f"Receipt {first['receipt']}").status_code == 404


def test_a_receipt_costs_the_same_however_long_its_story(
    client: Client, answers: dict[str, Any], django_assert_num_queries: Any
) -> None:
    told = post(client, answers).json()

    with django_assert_num_queries(6):
        read(client, told["reference"], f"Receipt {told['receipt']}")
