"""The second factor takes whatever is sent to it."""

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import reverse

from accounts.models import User

pytestmark = pytest.mark.django_db
ODD = [
    "",
    "{",
    "[]",
    "7",
    '"x"',
    "{}",
    '{"id": "x"}',
    '{"id":"AA","rawId":"AA","type":"public-key","response":{}}',
    "\x00",
]


@pytest.fixture
def fresh(client: Client, someone: Any) -> User:
    """Signed in just now, by password."""
    user: User = someone()
    client.force_login(user)
    client.post(reverse("account_reauthenticate"), {"password": "a long password"})
    return user


@pytest.mark.parametrize("credential", ODD)
def test_what_is_no_answer_of_a_key_is_a_wrong_one(client: Client, fresh: User, credential: str) -> None:
    client.get(reverse("mfa_add_webauthn"))

    answer = client.post(reverse("mfa_add_webauthn"), {"name": "\x00" + "x" * 3_000, "credential": credential})

    assert answer.status_code == 200
    assert not Authenticator.objects.filter(user=fresh).exists()


def test_the_pages_of_the_second_factor_are_drawn(client: Client, fresh: User) -> None:
    for name in ("mfa_index", "mfa_list_webauthn", "mfa_add_webauthn", "mfa_activate_totp"):
        assert client.get(reverse(name)).status_code == 200, name
