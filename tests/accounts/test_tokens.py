"""Tokens and one-time sign-in links."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core import signing
from django.test import Client
from django.utils import timezone

from accounts.models import Token
from accounts.tokens import SIGN_IN_SALT, actor_of_token, checksum, make_token, sign_in_code, user_of_code

pytestmark = pytest.mark.django_db


def test_a_token_is_shown_once_and_stored_as_a_keyed_digest(someone: Any) -> None:
    token = make_token(someone(), scopes=["queue:read"], name="nightly")

    assert re.fullmatch(r"tt_[0-9a-f]{46}", token)
    assert token[43:] == checksum(token[3:43])
    stored = Token.objects.values().get()
    assert token not in str(stored)
    assert len(bytes(stored["digest"])) == 32


def test_an_unknown_scope_makes_no_token(someone: Any) -> None:
    with pytest.raises(ValueError, match="Unknown scope: queue:all"):
        make_token(someone(), scopes=["queue:read", "queue:all"])

    assert not Token.objects.exists()


def test_a_token_lasts_ninety_days_unless_said_and_a_year_at_most(someone: Any) -> None:
    user = someone()
    make_token(user, scopes=["queue:read"])

    token = Token.objects.get()
    assert token.expires_at == token.created_at + timedelta(days=90)
    with pytest.raises(ValueError, match="a year at most"):
        make_token(user, scopes=["queue:read"], lasts=timedelta(days=366))


def test_a_wrong_checksum_costs_no_query(triager: Any, django_assert_num_queries: Any) -> None:
    token = make_token(triager, scopes=["queue:read"])
    last = "0" if token[-1] != "0" else "1"

    with django_assert_num_queries(0):
        assert actor_of_token(token[:-1] + last) is None
    assert actor_of_token(token)


def test_a_token_narrows_its_account_to_its_scopes(triager: Any) -> None:
    found = actor_of_token(make_token(triager, scopes=["queue:read"]))

    assert found is not None
    user, actor = found
    assert user == triager
    assert actor.roles == {"triager"}
    assert actor.scopes == frozenset({"queue:read"})
    assert Token.objects.get().last_used_on == timezone.now().date()


def test_a_token_works_without_a_second_factor(triager: Any, settings: Any) -> None:
    settings.REQUIRE_MFA = True

    found = actor_of_token(make_token(triager, scopes=["queue:read"]))

    assert found
    assert found[1].roles == {"triager"}


@pytest.mark.parametrize("token", ["", "tt_", "tt_" + "0" * 46, "\x00", "\xff", "x" * 100_000])
def test_other_tokens_are_nobody_s(triager: Any, token: str) -> None:
    make_token(triager, scopes=["queue:read"])

    assert actor_of_token(token) is None


def test_an_expired_token_is_nobody_s_and_a_later_one_is(triager: Any) -> None:
    token = make_token(triager, scopes=["queue:read"])
    Token.objects.update(expires_at=timezone.now() + timedelta(hours=1))
    assert actor_of_token(token)

    Token.objects.update(expires_at=timezone.now())
    assert actor_of_token(token) is None


def test_reading_a_token_costs_two_queries_and_no_write_the_second_time(
    triager: Any, django_assert_num_queries: Any
) -> None:
    token = make_token(triager, scopes=["queue:read"])
    actor_of_token(token)

    with django_assert_num_queries(2):
        actor_of_token(token)


# The sign-in link


def test_a_link_signs_in_once(client: Client, triager: Any) -> None:
    address = f"/accounts/sign-in/{sign_in_code(triager)}/"

    looked_at = client.get(address)
    assert looked_at.status_code == 200
    assert "_auth_user_id" not in client.session
    assert "no-store" in looked_at["Cache-Control"]

    assert client.post(address)["Location"] == "/triage/"
    assert client.session["_auth_user_id"] == str(triager.pk)

    other = Client()
    used = other.post(address, follow=True)
    assert "_auth_user_id" not in other.session
    assert "was used or is too old" in used.content.decode()

    again = client.get(address, follow=True)
    assert again.redirect_chain == [("/", 302)]
    assert "You are signed in already." in again.content.decode()


def test_whoever_decides_nothing_comes_home(client: Client, someone: Any) -> None:
    assert client.post(f"/accounts/sign-in/{sign_in_code(someone('auditor'))}/")["Location"] == "/"


def test_a_link_is_used_up_by_another_one(triager: Any) -> None:
    first, second = sign_in_code(triager), sign_in_code(triager)
    Client().post(f"/accounts/sign-in/{second}/")

    assert user_of_code(first) is None


def test_an_old_link_is_no_link(triager: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    code = sign_in_code(triager)
    assert user_of_code(code) == triager

    monkeypatch.setattr("accounts.tokens.SIGN_IN_MAX_AGE_S", -1)
    assert user_of_code(code) is None


def test_a_closed_account_has_no_link(triager: Any) -> None:
    code = sign_in_code(triager)
    triager.is_active = False
    triager.save()

    assert user_of_code(code) is None


@pytest.mark.parametrize("code", ["x", ":", "::", "a:b:c", "%00", "é:é:é", "x" * 3_000])
def test_other_codes_are_refused_in_words(client: Client, triager: Any, code: str) -> None:
    for method in (client.get, client.post):
        response = method(f"/accounts/sign-in/{code}/", follow=True)
        assert response.redirect_chain[0][0] == "/accounts/login/"
        assert "was used or is too old" in response.content.decode()


def test_a_code_signed_for_something_else_is_no_link(triager: Any) -> None:
    assert user_of_code(signing.dumps([triager.pk, "None"], salt="something-else")) is None
    assert user_of_code(signing.dumps([triager.pk + 1, "None"], salt=SIGN_IN_SALT)) is None


def test_a_link_cannot_be_posted_from_another_site(triager: Any) -> None:
    strict = Client(enforce_csrf_checks=True)

    assert strict.post(f"/accounts/sign-in/{sign_in_code(triager)}/").status_code == 403


# The second factor


def test_from_the_link_to_a_second_factor_to_the_desk(client: Client, settings: Any) -> None:
    import io

    from allauth.mfa.totp.internal import auth
    from django.core.management import call_command

    settings.REQUIRE_MFA = True
    printed = io.StringIO()
    call_command("grant", "triager", "mina@example.org", stdout=printed)
    link = re.search(r"/accounts/sign-in/.+/", printed.getvalue())
    assert link

    page = client.post(link[0], follow=True)
    assert [address for address, _status in page.redirect_chain] == ["/triage/", "/accounts/2fa/"]
    assert "Your role needs a second factor." in page.content.decode()

    client.get("/accounts/2fa/totp/activate/")
    secret = client.session[auth.SECRET_SESSION_KEY]
    code = auth.format_hotp_value(auth.hotp_value(secret, next(auth.yield_hotp_counters_from_time())))
    done = client.post("/accounts/2fa/totp/activate/", {"code": code})

    assert done.status_code == 302
    assert client.get("/triage/").status_code == 200
