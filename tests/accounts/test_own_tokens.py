"""The pages of one's own tokens."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Grant, Token
from accounts.own_tokens import MEANS
from accounts.policy import SCOPES
from accounts.tokens import actor_of_token, make_token
from ledger.models import Event

pytestmark = pytest.mark.django_db
ASKED = {"name": "notebook", "scopes": ["report:write"], "days": "90"}


@pytest.fixture
def rosa(client: Client, someone: Any) -> Any:
    made = someone(email="rosa@reporters.example")
    client.force_login(made)
    return made


def secret_in(response: Any) -> str:
    found = re.search(r"tt_[0-9a-f]{46}", response.content.decode())
    assert found
    return found[0]


def test_a_token_is_made_told_once_and_on_record(client: Client, rosa: Any) -> None:
    made = client.post("/account/tokens/", ASKED)

    secret = secret_in(made)
    assert made.status_code == 201
    assert "no-store" in made["Cache-Control"]
    token = Token.objects.get()
    assert (token.user, token.name, token.scopes) == (rosa, "notebook", ["report:write"])
    assert token.expires_at == token.created_at + timedelta(days=90)
    assert actor_of_token(secret)
    assert secret not in client.get("/account/tokens/").content.decode()
    event = Event.objects.get(verb="make_token")
    assert (event.actor, event.subjects) == (rosa.pseudonym, [f"token:{token.pk}", f"user:{rosa.pk}"])
    assert event.payload.content == {"scopes": ["report:write"], "expires": f"{token.expires_at:%Y-%m-%d}"}


def test_whoever_presses_twice_has_one(client: Client, rosa: Any) -> None:
    client.post("/account/tokens/", ASKED)

    again = client.post("/account/tokens/", ASKED)

    assert again.status_code == 422
    assert "You have a token of this name." in again.content.decode()
    assert Token.objects.count() == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "x" * 121},
        {"name": "a\x00b"},
        {"scopes": []},
        {"scopes": ["queue:read"]},  # she may not read the queue herself
        {"scopes": ["report:write", "all"]},
        {"days": "366"},
        {"days": "-1"},
        {"days": ""},
    ],
)
def test_what_cannot_be_is_refused(client: Client, rosa: Any, wrong: dict[str, Any]) -> None:
    refused = client.post("/account/tokens/", ASKED | wrong)

    assert refused.status_code == 422
    assert "There is a problem" in refused.content.decode()
    assert not Token.objects.exists()


def test_fifty_are_enough(client: Client, rosa: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accounts.tokens.MOST_TOKENS", 1)
    make_token(rosa, scopes=["report:write"], name="one")

    assert "You have 1 tokens. Revoke one first." in client.post("/account/tokens/", ASKED).content.decode()


@pytest.mark.parametrize(
    ("roles", "offered"),
    [
        ([], {"report:write", "account:write"}),
        (["researcher"], {"report:write", "report:bulk", "account:write"}),
        (["auditor"], {"report:write", "decisions:read", "account:write", "metrics:read"}),
        (["triager"], set(SCOPES)),
    ],
)
def test_only_what_the_account_may_do_is_offered(
    client: Client, someone: Any, roles: list[str], offered: set[str]
) -> None:
    client.force_login(someone(*roles))

    page = client.get("/account/tokens/").content.decode()

    assert set(re.findall(r'name="scopes" value="([a-z:]+)"', page)) == offered


def test_every_scope_has_words() -> None:
    assert set(MEANS) == set(SCOPES)


def test_a_role_that_sleeps_lends_no_scope(client: Client, triager: Any, settings: Any) -> None:
    settings.REQUIRE_MFA = True
    client.force_login(triager)

    assert client.post("/account/tokens/", ASKED | {"scopes": ["queue:write"]}).status_code == 422


def test_a_rotated_token_is_good_for_the_overlap(client: Client, rosa: Any) -> None:
    old = secret_in(client.post("/account/tokens/", ASKED))
    token = Token.objects.get()

    new = secret_in(client.post(f"/account/tokens/{token.pk}/rotate/", {"hours": "24"}))

    assert old != new
    assert actor_of_token(old)
    assert actor_of_token(new)
    token.refresh_from_db()
    assert token.expires_at
    assert timedelta(hours=23) < token.expires_at - timezone.now() <= timedelta(hours=24)
    assert token.replaced_by
    assert (token.replaced_by.name, token.replaced_by.scopes) == ("notebook", ["report:write"])
    assert Event.objects.get(verb="rotate_token").subjects[2] == f"token:{token.pk}"
    Token.objects.filter(pk=token.pk).update(expires_at=timezone.now())
    assert actor_of_token(old) is None


def test_a_rotated_token_may_end_at_once_and_is_rotated_once(client: Client, rosa: Any) -> None:
    old = secret_in(client.post("/account/tokens/", ASKED))
    token = Token.objects.get()

    secret_in(client.post(f"/account/tokens/{token.pk}/rotate/", {"hours": "0"}))
    again = client.post(f"/account/tokens/{token.pk}/rotate/", {"hours": "0"}, follow=True)

    assert actor_of_token(old) is None
    assert "This token has ended." in again.content.decode()
    assert Token.objects.count() == 2


def test_no_rotation_outlives_the_old_token(client: Client, rosa: Any) -> None:
    make_token(rosa, scopes=["report:write"], name="short", lasts=timedelta(hours=2))
    token = Token.objects.get()

    client.post(f"/account/tokens/{token.pk}/rotate/", {"hours": "168"})

    assert Token.objects.get(pk=token.pk).expires_at == token.expires_at


def test_a_revoked_token_opens_nothing_and_twice_is_once(client: Client, rosa: Any) -> None:
    secret = secret_in(client.post("/account/tokens/", ASKED))
    token = Token.objects.get()
    assert client.get(f"/account/tokens/{token.pk}/revoke/").status_code == 200
    assert actor_of_token(secret)

    for _ in range(2):
        assert client.post(f"/account/tokens/{token.pk}/revoke/")["Location"] == "/account/tokens/"

    assert actor_of_token(secret) is None
    assert Event.objects.filter(verb="revoke_token").count() == 1


def test_a_token_of_somebody_else_is_not_there(client: Client, rosa: Any, triager: Any) -> None:
    make_token(triager, scopes=["queue:read"], name="CANARY")
    pk = Token.objects.get().pk

    for address in (f"/account/tokens/{pk}/rotate/", f"/account/tokens/{pk}/revoke/"):
        theirs, nobody_s = client.get(address), client.get(address.replace(str(pk), str(10**30)))
        assert (theirs.status_code, nobody_s.status_code) == (404, 404)
    assert "CANARY" not in client.get("/account/tokens/").content.decode()


def test_a_demoted_account_s_token_may_no_more_than_the_account(triager: Any) -> None:
    secret = make_token(triager, scopes=["queue:read"])
    Grant.objects.update(ended_at=timezone.now())

    found = actor_of_token(secret)

    assert found
    assert found[1].roles == frozenset()


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_for_many(
    client: Client, rosa: Any, django_assert_num_queries: Any, count: int
) -> None:
    for number in range(count):
        make_token(rosa, scopes=["report:write"], name=f"token {number}")

    with django_assert_num_queries(5):
        client.get("/account/tokens/")
