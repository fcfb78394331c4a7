"""What an account follows, by API."""

from typing import Any

import pytest
from django.test import Client

from accounts.tokens import make_token
from reports.models import Subscription

pytestmark = pytest.mark.django_db


@pytest.fixture
def rosa(someone: Any) -> Any:
    return someone(email="rosa@reporters.example")


@pytest.fixture
def ask(client: Client, rosa: Any) -> Any:
    token = make_token(rosa, scopes=["account:write"])

    def asked(method: str, address: str = "", body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {token}"}
        sent = {"data": body, "content_type": "application/json"} if method == "post" else {}
        return getattr(client, method)(f"/api/v1/subscriptions/{address}", **sent, headers=headers)

    return asked


def test_an_issue_and_a_model_are_followed_and_left(ask: Any, rosa: Any, make_issue: Any) -> None:
    issue = make_issue()

    first = ask("post", body={"issue": issue.number})
    again = ask("post", body={"issue": issue.number.lower()})
    ask("post", body={"artifact": "acme/chat-7b"})

    assert (first.status_code, again.status_code) == (201, 200)
    listed = ask("get").json()["results"]
    assert [row.get("issue") or row.get("artifact") for row in listed] == [issue.number, "acme/chat-7b"]
    assert "issue_id" not in str(listed)
    assert Subscription.objects.filter(user=rosa, channel="email").count() == 2
    assert ask("delete", f"{listed[0]['id']}/").status_code == 204
    assert ask("delete", f"{listed[0]['id']}/").status_code == 404
    assert len(ask("get").json()["results"]) == 1


def test_what_may_not_be_seen_is_not_there(ask: Any, make_issue: Any) -> None:
    hidden = make_issue(published_at=None)

    told = [ask("post", body={"issue": number}) for number in (hidden.number, "TT-2026-99999")]

    assert [answer.status_code for answer in told] == [404, 404]
    assert told[0].content == told[1].content
    assert ask("post", body={"queue": True}).status_code == 404
    assert not Subscription.objects.exists()


def test_what_is_hidden_later_is_listed_no_more(ask: Any, make_issue: Any) -> None:
    issue = make_issue()
    ask("post", body={"issue": issue.number})
    before = ask("get")

    type(issue).objects.update(published_at=None)

    assert len(before.json()["results"]) == 1
    assert ask("get").json()["results"] == []


def test_another_s_subscription_is_not_there(ask: Any, triager: Any, make_issue: Any) -> None:
    row = Subscription.objects.create(user=triager, subject=f"issue:{make_issue().pk}", channel="list")

    assert ask("delete", f"{row.pk}/").status_code == 404
    assert Subscription.objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"issue": "TT-2026-00001", "queue": True},
        {"issue": ["TT-2026-00001"]},
        {"issue": "x" * 300},
        {"issue": "a\x00b"},
        {"artifact": "a\x00b/c"},
        {"artifact": "acme/chat-7b", "artifact_kind": "toaster"},
        {"queue": False},
        {"queue": True, "colour": "red"},
        '{"issue": "\\ud800"}',
    ],
)
def test_what_names_nothing_is_refused(ask: Any, body: Any) -> None:
    assert ask("post", body=body).status_code == 400


def test_the_desk_follows_the_queue_with_the_scopes_of_the_desk(client: Client, triager: Any) -> None:
    told = {}
    for scopes in (["account:write"], ["account:write", "queue:write"]):
        headers = {"Authorization": f"Bearer {make_token(triager, scopes=scopes)}"}
        answer = client.post(
            "/api/v1/subscriptions/", {"queue": True}, content_type="application/json", headers=headers
        )
        told[len(scopes)] = answer.status_code

    assert told == {1: 404, 2: 201}


@pytest.mark.parametrize("count", [1, 3])
def test_a_list_costs_the_same_for_many(
    ask: Any, make_issue: Any, rosa: Any, django_assert_num_queries: Any, count: int
) -> None:
    for _number in range(count):
        Subscription.objects.create(user=rosa, subject=f"issue:{make_issue().pk}", channel="list")
    ask("get")

    with django_assert_num_queries(6):  # the token, its roles, the day's salt, how much was asked, the rows, the issues
        assert len(ask("get").json()["results"]) == count
