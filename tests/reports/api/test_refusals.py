"""Whatever is refused below /api/v1/ is a problem document, and says which part of what was asked is at fault."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.tokens import make_token
from reports.models import RateBucket

pytestmark = pytest.mark.django_db
ISSUES = "/api/v1/issues/"
# As huggingface_hub reads the two headers
LEFT = re.compile(r'"(?P<name>\w+)"\s*;\s*r\s*=\s*(?P<left>\d+)\s*;\s*t\s*=\s*(?P<ends_in_s>\d+)')
POLICY = re.compile(r"q\s*=\s*(?P<most>\d+).*?w\s*=\s*(?P<window_s>\d+)")


def told(response: Any, status: int) -> dict[str, str]:
    """Sentences by pointer, once it is certain that it is a problem document."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    body = response.json()
    assert {"type", "title", "status", "errors"} <= set(body)
    assert body["status"] == status
    assert body["title"]
    return {error["pointer"]: error["detail"] for error in body["errors"]}


@pytest.mark.parametrize(
    ("method", "address", "status", "extra"),
    [
        ("get", "/api/v1/nothing/", 404, {}),
        ("get", "/api/v1/issues/TT-2026-77777/", 404, {}),
        ("get", "/api/v1/%00/", 404, {}),
        ("get", "/api/v1/models/acme/a%00b/versions/", 404, {}),
        ("get", "/api/docs/nothing/", 404, {}),
        ("delete", ISSUES, 405, {}),
        ("options", ISSUES, 405, {}),
        ("get", ISSUES, 406, {"headers": {"Accept": "text/html"}}),
        ("get", ISSUES, 412, {"headers": {"If-Match": '"another"'}}),
        ("get", ISSUES, 400, {"headers": {"Host": "evil.example"}}),
        ("get", ISSUES, 401, {"headers": {"Authorization": "Bearer tt_no"}}),
        ("post", "/api/v1/reports/", 415, {"data": "a=b", "content_type": "application/x-www-form-urlencoded"}),
        ("post", "/api/v1/reports/", 413, {"data": b" " * 1_000_001, "content_type": "application/json"}),
    ],
)
def test_what_is_refused_as_a_whole(
    client: Client, method: str, address: str, status: int, extra: dict[str, Any]
) -> None:
    assert told(getattr(client, method)(address, **extra), status) == {}


def test_a_body_of_another_kind_is_told_which_is_taken(client: Client) -> None:
    refused = client.post("/api/v1/reports/", "a=b", content_type="application/x-www-form-urlencoded")

    assert refused.json()["title"] == "Send this as application/json, and say so in Content-Type."


@pytest.mark.parametrize(
    ("asked", "pointer", "sentence"),
    [
        ("banana=1", "/banana", "There is no such parameter."),
        ("format=json", "/format", "There is no such parameter."),
        ("state=open&state=new", "/state", "Say this once."),
        ("state=banana", "/state", "“banana” is not one of the answers. Choose one of: open, new, confirmed,"),
        ("q=a%00b", "/q", "Null"),
        (f"q={'x' * 201}", "/q", "200"),
        ("limit=0", "/limit", "1 to 100"),
        ("limit=101", "/limit", "1 to 100"),
        ("limit=many", "/limit", "1 to 100"),
        ("cursor=cD0x", "/cursor", "Start again"),
        ("cursor=", "/cursor", "Leave this out"),
    ],
)
def test_what_was_asked_and_not_understood_is_explained(
    client: Client, asked: str, pointer: str, sentence: str
) -> None:
    (said,) = told(client.get(f"{ISSUES}?{asked}"), 400).items()

    assert said[0] == pointer
    assert sentence in said[1]


def test_one_thing_takes_no_parameters(client: Client, make_issue: Callable[..., Any]) -> None:
    make_issue()

    assert list(told(client.get(f"{ISSUES}TT-2026-00001/?state=open"), 400)) == ["/state"]


def test_a_cursor_of_one_list_is_none_of_another(client: Client, make_issue: Callable[..., Any], triager: Any) -> None:
    """What triagers are told goes by another order, whose values the public list could not compare."""
    for _ in range(2):
        make_issue()
    token = {"Authorization": f"Bearer {make_token(triager, scopes=['queue:read'])}"}

    followed = client.get(f"{ISSUES}?limit=1", headers=token).json()["next"]

    assert client.get(followed, headers=token).status_code == 200
    assert list(told(client.get(followed), 400)) == ["/cursor"]


def test_the_house_s_own_failure_says_nothing_of_itself(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from reports.api import issues

    def fail(*_: object) -> None:
        raise ZeroDivisionError("a secret of the house")

    monkeypatch.setattr(issues, "issues_for", fail)
    client.raise_request_exception = False

    response = client.get(ISSUES)

    assert told(response, 500) == {}
    assert b"secret" not in response.content


def test_a_withdrawn_number_says_so(client: Client, make_issue: Callable[..., Any], triager: Any) -> None:
    from triage.decisions import decide

    issue = make_issue()
    decide(issue, "dismiss", by=triager, reason="spam")

    response = client.get(f"{ISSUES}{issue.number}/")

    assert told(response, 410) == {}
    assert (response.json()["number"], response.json()["reason"]) == (issue.number, "spam")


# Limits


def test_every_answer_says_what_is_left(client: Client, settings: Any) -> None:
    settings.LIMIT_API = 2

    answers = [client.get("/api/v1/nothing-here/"), *(client.get(ISSUES) for _ in range(4))]

    assert [answer.status_code for answer in answers] == [404, 200, 200, 429, 429]
    left = [LEFT.fullmatch(answer["RateLimit"]) for answer in answers[1:]]
    assert [match and match["left"] for match in left] == ["1", "0", "0", "0"]
    for answer in answers[1:]:
        policy = POLICY.search(answer["RateLimit-Policy"])
        assert policy
        assert (policy["most"], policy["window_s"]) == ("2", "300")
    assert told(answers[-1], 429) == {}
    assert 0 < int(answers[-1]["Retry-After"]) <= 300


def test_a_token_that_lacks_a_scope_is_told_which(client: Client, triager: Any) -> None:
    token = {"Authorization": f"Bearer {make_token(triager, scopes=['queue:read'])}"}

    answer = client.get(reverse("api_decisions"), headers=token)

    assert told(answer, 403) == {}
    assert answer.json()["title"] == (
        "This takes another scope than the token has: decisions:read. It has: queue:read. "
        "Make one with that scope on the page of your tokens, where your role allows it."
    )


def test_an_account_has_a_share_of_its_own(client: Client, settings: Any, someone: Callable[..., Any]) -> None:
    settings.LIMIT_API, settings.LIMIT_API_ACCOUNT = 1, 2
    token = {"Authorization": f"Bearer {make_token(someone(), scopes=[])}"}
    anonymous = [client.get(ISSUES).status_code for _ in range(2)]

    own = [client.get(ISSUES, headers=token).status_code for _ in range(3)]

    assert (anonymous, own) == ([200, 429], [200, 200, 429])
    assert not any(b"127.0.0" in bytes(row.who) for row in RateBucket.objects.all())


def test_filing_is_counted_by_its_own_limit_alone(client: Client, answers: dict[str, Any], settings: Any) -> None:
    settings.LIMIT_API = 0

    filed = client.post("/api/v1/reports/", answers, content_type="application/json")

    assert filed.status_code == 201
    assert not RateBucket.objects.filter(scope="api").exists()
