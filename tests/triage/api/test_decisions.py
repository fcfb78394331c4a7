"""Deciding by API: the same as at the desk, on what one has seen."""

from copy import deepcopy
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Grant, Token
from accounts.tokens import make_token
from reports.models import Issue, Reproduction
from tests.deciding import A_FIX
from triage.decisions import decide
from triage.forms import FORMS
from triage.models import Decision

pytestmark = pytest.mark.django_db
BOTH = ["queue:read", "queue:write"]


@pytest.fixture(scope="module")
def desk(ground: Any) -> dict[str, Any]:
    """Somebody who triages, with a token, and one new issue of one report."""
    decider = ground.someone("triager")
    report = ground.file()
    return {
        "user": decider,
        "token": make_token(decider, scopes=[*BOTH, "decisions:read"], name="bot"),
        "report": report,
        "issue": Issue.objects.get(),
    }


@pytest.fixture
def issue(db: None, desk: dict[str, Any]) -> Any:
    return deepcopy(desk["issue"])


@pytest.fixture
def user(db: None, desk: dict[str, Any]) -> Any:
    return deepcopy(desk["user"])


@pytest.fixture
def post(client: Client, desk: dict[str, Any]) -> Any:
    def posted(issue: Any, body: Any, **headers: str) -> Any:
        sent = {"Authorization": f"Bearer {desk['token']}", "If-Match": f'"{issue.revision}"', **headers}
        address = f"/api/v1/issues/{issue.pk}/decisions/"
        return client.post(address, body, content_type="application/json", headers=sent)

    return posted


def test_a_move_is_made_as_at_the_desk(post: Any, issue: Any, user: Any) -> None:
    answer = post(issue, {"move": "confirm", "public_title": "It invents rulings", "note": "Seen twice."})

    assert answer.status_code == 201
    issue.refresh_from_db()
    assert (issue.status, issue.public_title) == ("confirmed", "It invents rulings")
    told = answer.json()
    assert told["issue"] == {"id": issue.pk, "number": issue.number, "status": "confirmed", "revision": issue.revision}
    assert (told["decision"]["move"], told["decision"]["by"], told["decision"]["note"]) == (
        "confirm",
        user.pseudonym,
        "Seen twice.",
    )


def test_desk_and_api_leave_the_same_decision(client: Client, post: Any, issue: Any, user: Any) -> None:
    client.force_login(user)
    asked = {"reason": "spam", "note": "An advertisement."}
    client.post(f"/triage/{issue.pk}/decide/", {"verb": "dismiss", "revision": issue.revision, **asked})
    at_desk = Decision.objects.get()
    client.post(f"/triage/decisions/{at_desk.pk}/undo/")
    issue.refresh_from_db()

    assert post(issue, {"move": "dismiss", **asked}).status_code == 201

    by_api = Decision.objects.order_by("pk").last()
    assert by_api
    for name in ("verb", "reason", "note", "decider", "by"):
        assert getattr(by_api, name) == getattr(at_desk, name)
    assert by_api.after["rows"].keys() == at_desk.after["rows"].keys()


@pytest.mark.parametrize("move", sorted(FORMS))
def test_every_move_can_be_asked_for_and_answers_in_words(post: Any, issue: Any, move: str) -> None:
    answer = post(issue, {"move": move})

    assert answer.status_code in (201, 400, 409)
    if answer.status_code != 201:
        assert answer["Content-Type"] == "application/problem+json"
        assert answer.json()["title"]


def test_what_the_api_names_is_what_the_form_hides(post: Any, issue: Any, user: Any, desk: dict[str, Any]) -> None:
    reference = desk["report"].reference

    steps = [
        {"move": "assign", "assignee": "me"},
        {"move": "classify", "severity": "high", "hazard_level": 1, "in_stated_use": True},
        {"move": "prioritise", "weight": "high"},
        {"move": "prioritise", "weight": 2},
        {"move": "ask", "report": reference, "text": "Which day was it?"},
        {"move": "snooze", "until": "week"},
        {"move": "confirm"},
        {"move": "affect", "artifact": "acme/chat-7b", "status": "affected", "statement": "We know."},
        {"move": "redact", "report": reference, "spans": ["summary:0:2"]},
        {"move": "reproduce", "artifact": "acme/chat-7b", "version": "2026-05", "tries": 5, "failures": 3,
         "settings": {"temperature": 0.7}},
        {"move": "assign", "assignee": None},
        {"move": "resolve", **A_FIX, "artifact": "acme/chat-7b"},
    ]  # fmt: skip
    for step in steps:
        answer = post(issue, step)
        assert (answer.status_code, answer.json()) == (201, answer.json()), step
        issue.refresh_from_db()

    assert (issue.status, issue.severity, issue.hazard_level, issue.in_stated_use) == ("resolved", "high", 1, True)
    assert issue.assignee is None
    tried = Reproduction.objects.get()
    assert (tried.failures, tried.tries, tried.settings) == (3, 5, {"temperature": 0.7})


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ([], {"/move"}),
        ({}, {"/move"}),
        ({"move": ["confirm"]}, {"/move"}),
        ({"move": "reign"}, {"/move"}),
        ({"move": "undo"}, {"/move"}),
        ({"move": "dismiss"}, {"/reason"}),
        ({"move": "dismiss", "reason": "boredom"}, {"/reason"}),
        ({"move": "dismiss", "reason": {"a": 1}}, {"/reason"}),
        ({"move": "dismiss", "reason": "spam", "revision": 1}, {"/revision"}),
        ({"move": "confirm", "public_title": 7}, {"/public_title"}),
        ({"move": "confirm", "public_title": "a\x00b"}, {"/public_title"}),
        ({"move": "confirm", "public_title": "x" * 10_000}, {"/public_title"}),
        ({"move": "confirm", "colour": "red", "note": ["x"]}, {"/colour", "/note"}),
        ({"move": "assign", "assignee": "p-nobody"}, {"/assignee"}),
        ({"move": "assign", "assignee": 1}, {"/assignee"}),
        ({"move": "ask", "report": "r-none", "text": "Which day?"}, {"/report"}),
        ({"move": "affect", "artifact": "acme/none", "status": "affected"}, {"/artifact"}),
        ({"move": "affect", "artifact": "chat-7b", "status": "affected"}, {"/artifact"}),
        ({"move": "merge", "target": 10**30}, {"/target"}),
        ({"move": "merge", "target": True}, {"/target"}),
        ({"move": "split", "reports": "r-1"}, {"/reports"}),
        ({"move": "split", "reports": ["r-none"]}, {"/reports"}),
        ({"move": "classify", "hazard_level": 9}, {"/hazard_level"}),
        ({"move": "classify"}, {""}),
        ({"move": "snooze", "voices": 1.5}, {"/voices"}),
    ],
)
def test_what_no_form_takes_is_refused_by_its_fields(post: Any, issue: Any, body: Any, pointers: set[str]) -> None:
    answer = post(issue, body)

    assert answer.status_code == 400
    assert {error["pointer"] for error in answer.json()["errors"]} == pointers
    assert not Decision.objects.exists()


def test_half_a_character_is_refused(post: Any, issue: Any) -> None:
    answer = post(issue, '{"move": "confirm", "public_title": "\\ud800 and more"}')

    assert answer.status_code == 400


def test_whoever_is_late_is_told_what_changed(client: Client, post: Any, issue: Any, user: Any) -> None:
    decide(issue, "assign", by=user, assignee=user)

    late = post(issue, {"move": "dismiss", "reason": "spam"})

    assert late.status_code == 412
    issue.refresh_from_db()
    told = late.json()
    assert ([each["move"] for each in told["decided"]], told["revision"]) == (["assign"], issue.revision)
    assert issue.status == "new"


def test_the_etag_of_the_issue_is_what_was_seen(client: Client, post: Any, issue: Any, user: Any, desk: Any) -> None:
    token = {"Authorization": f"Bearer {desk['token']}"}
    seen = client.get(f"/api/v1/queue/{issue.pk}/", headers=token)["ETag"]
    assert post(issue, {"move": "wake"}, **{"If-Match": seen}).status_code in (201, 409)
    decide(issue, "assign", by=user, assignee=user)

    late = post(issue, {"move": "confirm"}, **{"If-Match": seen})
    fresh = client.get(f"/api/v1/queue/{issue.pk}/", headers=token)["ETag"]

    assert late.status_code == 412
    assert late["ETag"] == fresh
    assert late.json()["decided"][0]["move"] == "assign"
    assert post(issue, {"move": "confirm"}, **{"If-Match": fresh}).status_code == 201


def test_a_decision_says_what_it_has_seen(client: Client, issue: Any, desk: Any) -> None:
    headers = {"Authorization": f"Bearer {desk['token']}"}

    answer = client.post(
        f"/api/v1/issues/{issue.pk}/decisions/", {"move": "confirm"}, content_type="application/json", headers=headers
    )

    assert answer.status_code == 428


def test_a_keyed_decision_is_made_once(post: Any, issue: Any) -> None:
    answers = [post(issue, {"move": "confirm"}, **{"Idempotency-Key": "k"}) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].content == answers[1].content
    assert answers[1]["Idempotency-Replayed"] == "true"
    assert Decision.objects.count() == 1


def test_what_cannot_be_done_as_it_stands_is_a_conflict(post: Any, issue: Any) -> None:
    answer = post(issue, {"move": "resolve", **A_FIX})

    assert answer.status_code == 409
    assert answer.json()["title"] == "Cannot resolve an issue that is still new. Confirm it first."


def test_nobody_decides_alone_on_what_they_reported(post: Any, issue: Any, user: Any, desk: Any) -> None:
    type(desk["report"]).objects.update(reporter=user)

    assert post(issue, {"move": "confirm"}).status_code == 403


def test_a_decision_is_undone_once(client: Client, post: Any, issue: Any, desk: Any) -> None:
    made = post(issue, {"move": "confirm"}).json()["decision"]["id"]
    token = {"Authorization": f"Bearer {desk['token']}"}

    answers = [
        client.post(f"/api/v1/decisions/{made}/undo/", {}, content_type="application/json", headers=token)
        for _ in range(2)
    ]

    assert [answer.status_code for answer in answers] == [201, 409]
    issue.refresh_from_db()
    assert issue.status == "new"
    assert answers[0].json()["decision"]["undoes"] == made
    assert client.post(f"/api/v1/decisions/{10**17}/undo/", headers=token).status_code == 404


def test_what_was_decided_since_stands_in_the_way_of_an_undo(
    client: Client, post: Any, issue: Any, user: Any, desk: Any
) -> None:
    made = post(issue, {"move": "confirm"}).json()["decision"]["id"]
    decide(issue, "assign", by=user, assignee=user)

    answer = client.post(
        f"/api/v1/decisions/{made}/undo/",
        {},
        content_type="application/json",
        headers={"Authorization": f"Bearer {desk['token']}"},
    )

    assert answer.status_code == 409
    assert [each["move"] for each in answer.json()["decided"]] == ["assign"]


@pytest.mark.parametrize("how", ["expired", "revoked", "demoted", "closed"])
def test_a_token_that_has_ended_decides_nothing(post: Any, issue: Any, user: Any, how: str) -> None:
    if how == "expired":
        Token.objects.update(expires_at=timezone.now())
    elif how == "revoked":
        Token.objects.update(revoked_at=timezone.now())
    elif how == "closed":
        type(user).objects.filter(pk=user.pk).update(is_active=False)
    else:
        Grant.objects.update(ended_at=timezone.now())

    assert post(issue, {"move": "confirm"}).status_code == (403 if how == "demoted" else 401)
    assert not Decision.objects.exists()


def test_a_token_decides_without_a_second_factor(post: Any, issue: Any, settings: Any) -> None:
    settings.REQUIRE_MFA = True

    assert post(issue, {"move": "confirm"}).status_code == 201


# Reading


def test_an_auditor_reads_codes_and_no_words(
    client: Client, post: Any, issue: Any, desk: Any, someone: Any, django_assert_num_queries: Any
) -> None:
    reference = desk["report"].reference
    post(issue, {"move": "ask", "report": reference, "text": "Which day was it?", "note": "CANARY"})
    auditor = {"Authorization": f"Bearer {make_token(someone('auditor'), scopes=['decisions:read'])}"}
    triager = {"Authorization": f"Bearer {desk['token']}"}
    address = f"/api/v1/issues/{issue.pk}/decisions/"
    client.get("/api/v1/", headers=auditor)

    read, (told,) = client.get(address, headers=triager), client.get(address, headers=auditor).json()["results"]

    assert (told["move"], told["issue_id"], told["note"], told["report"]) == ("ask", issue.pk, None, None)
    (full,) = read.json()["results"]
    assert (full["note"], full["report"]) == ("CANARY", reference)
    assert client.get(address, headers=triager | {"If-None-Match": read["ETag"]}).status_code == 304


@pytest.mark.parametrize("count", [1, 3])
def test_a_list_of_decisions_costs_the_same_for_many(
    client: Client, post: Any, issue: Any, user: Any, desk: Any, django_assert_num_queries: Any, count: int
) -> None:
    for number in range(count):
        decide(issue, "prioritise", by=user, weight=[0.25, 1.0, 4.0][number])
    token = {"Authorization": f"Bearer {desk['token']}"}
    client.get("/api/v1/decisions/", headers=token)

    with django_assert_num_queries(4):  # the token, its roles, how much was asked, the list
        assert len(client.get("/api/v1/decisions/", headers=token).json()["results"]) == count


@pytest.mark.parametrize("named", ["TT-2026-99999", "999999999999999999", "0"])
def test_an_issue_that_never_was_has_none(client: Client, desk: Any, issue: Any, named: str) -> None:
    token = {"Authorization": f"Bearer {desk['token']}", "If-Match": "*"}
    address = f"/api/v1/issues/{named}/decisions/"

    assert client.get(address, headers=token).status_code == 404
    assert client.post(address, {"move": "confirm"}, content_type="application/json", headers=token).status_code == 404


# Reproductions


def test_a_reproduction_is_recorded_and_read(client: Client, post: Any, issue: Any, desk: Any) -> None:
    number = post(issue, {"move": "confirm"}).json()["issue"]["number"]
    token = {"Authorization": f"Bearer {desk['token']}", "Idempotency-Key": "run-7"}
    tried = {"artifact": "acme/chat-7b", "version": "2026-06", "tries": 4, "failures": 0}
    address = f"/api/v1/issues/{number}/reproductions/"

    answers = [client.post(address, tried, content_type="application/json", headers=token) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 201]
    row = Reproduction.objects.get()
    assert (row.failures, row.tries, row.by) == (0, 4, desk["user"])
    assert client.get(address, headers=token).json()["results"]
    wrongs: list[Any] = [{}, [], tried | {"failures": 5}, tried | {"tries": "4"}, tried | {"colour": "red"}]
    for wrong in wrongs:
        refused = client.post(address, wrong, content_type="application/json", headers=token | {"Idempotency-Key": "w"})
        assert refused.status_code == 400
