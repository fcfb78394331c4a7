"""Signing in by way of others: the whole protocol against a provider on loopback, and what it must not open."""

import re
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialToken
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from django.test import Client
from django.urls import reverse

from accounts.models import Grant, User
from accounts.social import named_orgs
from tests.accounts.provider import CLIENT, SECRET, Provider, serving

pytestmark = pytest.mark.django_db
BEGIN = "/accounts/oidc/oidc/login/"
BACK = "/accounts/oidc/oidc/login/callback/"
ROSA = {"email": "rosa@example.org", "email_verified": True, "name": "Rosa"}


@pytest.fixture(scope="module")
def running() -> Iterator[Provider]:
    provider = Provider()
    server = serving(provider)
    yield provider
    server.shutdown()


@pytest.fixture
def provider(running: Provider, settings: Any, monkeypatch: Any) -> Provider:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    app = {"provider_id": "oidc", "name": "The Hub", "client_id": CLIENT, "secret": SECRET}
    told = {"APPS": [{**app, "settings": {"server_url": running.issuer}}], "OAUTH_PKCE_ENABLED": True}
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": told, "github": {"APPS": []}}
    running.begin()
    running.claims = dict(ROSA)
    return running


def sent_to(client: Client, **asked: str) -> str:
    """Press the button; the provider's address, which a page of ours leads to."""
    page = client.post(BEGIN, query_params=asked)
    assert page.status_code == 200, page
    found = re.search(r'href="(http://127[^"]+)"', page.content.decode())
    assert found
    assert page["Refresh"] == f"0; url={unescape(found[1])}"
    return unescape(found[1])


def come_back(client: Client, provider: Provider, address: str, **changes: str) -> Any:
    state = parse_qs(urlsplit(address).query)["state"][0]
    return client.get(BACK, {"code": provider.authorize(address), "state": state, **changes})


def sign_in(client: Client, provider: Provider, **asked: str) -> Any:
    return come_back(client, provider, sent_to(client, **asked))


def is_in(client: Client) -> bool:
    return client.get(reverse("own_account")).status_code == 200


def test_it_is_off_without_a_button_or_an_address(client: Client) -> None:
    page = client.get(reverse("account_login")).content.decode()

    assert "oidc" not in page
    assert "GitHub" not in page
    for address in (BEGIN, BACK, "/accounts/github/login/", "/accounts/github/login/callback/"):
        assert [client.get(address).status_code, client.post(address).status_code] == [404, 404], address


def test_somebody_new_signs_in_and_comes_back_to_the_same_account(client: Client, provider: Provider) -> None:
    assert b"Sign in with The Hub" in client.get(reverse("account_login")).content

    assert sign_in(client, provider).status_code == 302
    assert is_in(client)
    user = User.objects.get()
    assert (user.email, user.name, user.has_usable_password()) == ("rosa@example.org", "Rosa", False)
    assert not Grant.objects.exists()

    again = Client()
    sign_in(again, provider)
    assert is_in(again)
    assert User.objects.count() == 1
    assert not SocialToken.objects.exists()
    assert SocialAccount.objects.get().extra_data == {}  # nothing of the profile is kept


def test_what_is_asked_of_the_provider_is_ours_alone(client: Client, provider: Provider) -> None:
    address = sent_to(client, auth_params="nonce=mine&prompt=none", scope="admin:everything")

    asked = parse_qs(urlsplit(address).query)
    assert {*asked["scope"][0].split()} == {"openid", "profile", "email"}
    assert asked["nonce"] != ["mine"]
    assert "prompt" not in asked
    assert asked["code_challenge_method"] == ["S256"]


def test_a_get_begins_nothing(client: Client, provider: Provider) -> None:
    page = client.get(BEGIN)

    assert page.status_code == 200
    assert provider.issuer not in page.content.decode()


@pytest.mark.parametrize(
    ("claims", "sentence"),
    [
        ({"email_verified": False}, "no verified e-mail address"),
        ({"email_verified": None}, "no verified e-mail address"),
        ({"email_verified": "yes, surely"}, "no verified e-mail address"),
        ({"email": None}, "no verified e-mail address"),
        ({"nonce": "another"}, ""),
        ({"nonce": None}, ""),
        ({"aud": "another-site"}, ""),
        ({"iss": "https://elsewhere.example"}, ""),
        ({"exp": 1}, ""),
        ({"exp": None}, ""),
        ({"sub": None}, ""),
    ],
)
def test_what_is_not_right_opens_nothing(
    client: Client, provider: Provider, claims: dict[str, Any], sentence: str
) -> None:
    provider.claims |= claims
    provider.told = {"sub": "u1"}

    answer = sign_in(client, provider)

    assert answer.status_code < 500
    assert not is_in(client)
    assert not User.objects.exists()
    assert not SocialAccount.objects.exists()
    assert sentence in client.get(reverse("account_login")).content.decode()


@pytest.mark.parametrize("how", ["another key", "none", "a shared secret", "no id_token", "another issuer", "down"])
def test_a_provider_that_is_not_what_it_should_be_opens_nothing(client: Client, provider: Provider, how: str) -> None:
    address = sent_to(client)
    if how == "another key":
        provider.signs_with = generate_private_key(65537, 2048)
    elif how == "none":
        provider.signs_with, provider.algorithm = "", "none"
    elif how == "a shared secret":
        provider.signs_with, provider.algorithm = SECRET * 2, "HS256"
    elif how == "no id_token":
        provider.has_id_token = False
    elif how == "another issuer":
        provider.claimed_issuer = "https://elsewhere.example"
    provider.is_down = how == "down"

    assert come_back(client, provider, address).status_code < 500
    assert not is_in(client)
    assert not User.objects.exists()


def test_a_provider_that_is_away_ends_in_a_sentence(client: Client, provider: Provider) -> None:
    provider.is_down = True

    answer = client.post(BEGIN, follow=True)

    assert answer.status_code == 200
    assert "Signing in there did not work" in answer.content.decode()


def test_whoever_connects_is_led_back_to_where_they_began(client: Client, provider: Provider, someone: Any) -> None:
    client.force_login(someone())
    connections = reverse("socialaccount_connections")
    address = sent_to(client, process="connect")
    state = parse_qs(urlsplit(address).query)["state"][0]
    stopped = client.get(BACK, {"error": "access_denied", "state": state}, follow=True)
    provider.is_down = True

    away = client.post(BEGIN, query_params={"process": "connect"}, follow=True)

    assert f'href="{connections}"' in stopped.content.decode()
    assert "You did not sign in" not in stopped.content.decode()
    assert away.redirect_chain == [(connections, 302)]
    assert "Connecting it did not work" in away.content.decode()


def test_who_has_no_password_is_told_where_to_choose_one(client: Client, provider: Provider) -> None:
    sign_in(client, provider)
    only = SocialAccount.objects.get()

    answer = client.post(reverse("socialaccount_connections"), {"account": only.pk})

    assert "Choose one first, under “Your account”" in answer.content.decode()
    page = client.get(reverse("own_account")).content.decode()
    assert f'href="{reverse("account_change_password")}"' in page
    assert f'href="{reverse("account_email")}"' in page


def test_the_state_is_of_this_browser_and_good_once(client: Client, provider: Provider) -> None:
    address = sent_to(client)
    victim = Client()

    come_back(victim, provider, address)  # an address that somebody else was made to open
    come_back(client, provider, address, state="wrong")
    assert [is_in(victim), is_in(client)] == [False, False]

    come_back(client, provider, address)
    assert is_in(client)
    client.post(reverse("account_logout"))
    come_back(client, provider, address)
    assert not is_in(client)


def test_a_code_is_good_once(client: Client, provider: Provider) -> None:
    address = sent_to(client)
    state = parse_qs(urlsplit(address).query)["state"][0]
    code = provider.authorize(address)
    provider.codes.clear()

    client.get(BACK, {"code": code, "state": state})

    assert not is_in(client)


@pytest.mark.parametrize("asked", [{}, {"error": "access_denied"}, {"code": "\x00'\">"}, {"state": "x" * 5_000}])
def test_odd_ways_back_open_nothing(client: Client, provider: Provider, asked: dict[str, str]) -> None:
    assert client.get(BACK, asked).status_code < 500
    assert not is_in(client)


def test_an_address_opens_nobody_s_account(client: Client, provider: Provider, someone: Any) -> None:
    theirs = someone("triager", email="rosa@example.org")

    sign_in(client, provider)

    assert not is_in(client)
    assert not SocialAccount.objects.exists()
    assert "There is an account with this address" in client.get(reverse("account_login")).content.decode()
    assert User.objects.get() == theirs


def test_an_account_is_connected_by_whoever_is_signed_in(client: Client, provider: Provider, someone: Any) -> None:
    user = someone(email="other@example.org")
    client.force_login(user)

    sign_in(client, provider, process="connect")
    assert SocialAccount.objects.get().user == user
    assert b"The Hub" in client.get(reverse("socialaccount_connections")).content

    elsewhere = Client()
    sign_in(elsewhere, provider)
    assert is_in(elsewhere)
    assert User.objects.count() == 1


def test_a_role_is_never_lent_and_the_second_factor_is_asked_for(
    client: Client, provider: Provider, someone: Any
) -> None:
    staff = someone("triager", email="other@example.org")
    client.force_login(staff)
    sign_in(client, provider, process="connect")
    Authenticator.objects.create(user=staff, type=Authenticator.Type.TOTP, data={"secret": "x"})
    provider.claims |= {"roles": ["admin"], "groups": ["moderator"]}

    elsewhere = Client()
    answer = sign_in(elsewhere, provider)

    assert answer["Location"].startswith(reverse("mfa_authenticate"))
    assert not is_in(elsewhere)
    assert [*staff.grants.values_list("role", flat=True)] == ["triager"]


def test_the_organisations_of_a_hub_are_kept_where_they_are_asked_for(
    client: Client, provider: Provider, settings: Any
) -> None:
    provider.claims |= {"orgs": ["acme", {"preferred_username": "lab"}], "picture": "https://elsewhere.example/x.png"}
    sign_in(client, provider)
    assert SocialAccount.objects.get().extra_data == {}

    settings.OIDC_ORGS_CLAIM = "orgs"
    sign_in(Client(), provider)
    kept = SocialAccount.objects.get().extra_data
    assert (kept["orgs"], {*kept}) == (["acme", "lab"], {"orgs", "told_at"})


def test_an_address_may_stand_in_the_userinfo_of_the_same_person_alone(client: Client, provider: Provider) -> None:
    provider.claims = {}
    provider.told = {**ROSA, "sub": "u2"}
    sign_in(client, provider)
    assert not is_in(client)

    provider.told = {**ROSA, "sub": "u1"}
    sign_in(client, provider)
    assert is_in(client)


@pytest.mark.parametrize("claim", [None, "acme", {"acme": 1}, [7, None, [], {"name": 3}, "", "/", "x" * 97]])
def test_a_claim_that_names_no_organisation_names_none(claim: object) -> None:
    assert named_orgs(claim) == []


def test_github_asks_for_the_address_and_keeps_no_profile(client: Client, settings: Any, monkeypatch: Any) -> None:
    from allauth.socialaccount.providers.github.views import GitHubOAuth2Adapter
    from allauth.socialaccount.providers.oauth2.client import OAuth2Client

    app = {"name": "GitHub", "client_id": "c", "secret": "s"}
    settings.SOCIALACCOUNT_PROVIDERS = {
        "openid_connect": {"APPS": []},
        "github": {"APPS": [app], "OAUTH_PKCE_ENABLED": True},
    }
    page = client.post("/accounts/github/login/").content.decode()
    address = unescape(re.findall(r'href="(https://github[^"]+)"', page)[0])
    asked = parse_qs(urlsplit(address).query)
    assert (asked["scope"], asked["code_challenge_method"]) == (["user:email"], ["S256"])

    monkeypatch.setattr(OAuth2Client, "get_access_token", lambda *args, **kwargs: {"access_token": "at"})

    def answered(self: Any, request: Any, app: Any, token: Any, **kwargs: Any) -> Any:
        emails = [
            {"email": "not-mine@example.org", "primary": True, "verified": False},
            {"email": "rosa@example.org", "primary": False, "verified": True},
        ]
        told = {"id": 7, "login": "rosa", "bio": "hello", "email": "not-mine@example.org", "emails": emails}
        return self.get_provider().sociallogin_from_response(request, told)

    monkeypatch.setattr(GitHubOAuth2Adapter, "complete_login", answered)
    client.get("/accounts/github/login/callback/", {"code": "x", "state": asked["state"][0]})

    assert is_in(client)
    assert User.objects.get().email == "rosa@example.org"
    assert SocialAccount.objects.get().extra_data == {}
