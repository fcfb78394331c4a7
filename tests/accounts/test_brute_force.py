"""Guessing and asking around: how far anybody gets at the doors, from one address or from many, and what doors tell."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core import mail
from django.core.cache import cache
from django.test import Client

from accounts.adapter import Adapter
from accounts.tokens import checksum
from reports.receipts import new_code

pytestmark = pytest.mark.django_db
PASSWORD, WRONG, NEW = "a long password", "not this one at all", "another long password"
KNOWN, UNKNOWN = "owner@example.org", "nobody@example.org"
LOGIN, SIGN_UP, RESET, CODE = (
    "/accounts/login/",
    "/accounts/signup/",
    "/accounts/password/reset/",
    "/accounts/login/code/",
)


@pytest.fixture(autouse=True)
def nothing_counted() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def owner(someone: Callable[..., Any]) -> Any:
    return someone(email=KNOWN)


def from_address(number: int, **headers: str) -> Client:
    return Client(REMOTE_ADDR=f"127.0.0.{number}", headers=headers)


def try_password(client: Client, password: str = WRONG, email: str = KNOWN) -> Any:
    return client.post(LOGIN, {"login": email, "password": password})


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


# Passwords


def test_one_account_gives_five_guesses_however_many_ask(owner: Any) -> None:
    for number in range(1, 7):
        try_password(from_address(number))

    late = from_address(99)
    try_password(late, PASSWORD)

    assert not is_in(late)  # whoever guesses right now learns nothing


def test_one_address_gives_ten_guesses_of_whatever_account(owner: Any) -> None:
    client = from_address(1)
    for number in range(10):
        try_password(client, email=f"somebody-{number}@example.org")

    try_password(client, PASSWORD)

    assert not is_in(client)


def test_no_header_makes_another_address_of_one(owner: Any) -> None:
    for number in range(10):
        forged = from_address(1, **{"X-Forwarded-For": f"198.51.100.{number}", "X-Real-IP": f"198.51.100.{number}"})
        try_password(forged, email=f"somebody-{number}@example.org")

    late = from_address(1)
    try_password(late, PASSWORD)

    assert not is_in(late)


def test_an_ipv6_line_is_one_address(rf: Any) -> None:
    told = {Adapter().get_client_ip(rf.get("/", REMOTE_ADDR=f"2001:db8:7:{part:x}::{part:x}")) for part in range(9)}

    assert len(told) == 1
    assert told != {Adapter().get_client_ip(rf.get("/", REMOTE_ADDR="2001:db8:8::1"))}


def test_the_owner_gets_in_meanwhile_by_their_mailbox(owner: Any) -> None:
    for number in range(1, 7):
        try_password(from_address(number))
    own = from_address(200)

    own.post(RESET, {"email": KNOWN})
    link = re.search(r"http://\S+(/accounts/password/reset/key/\S+)", str(mail.outbox[-1].body))
    assert link
    form = own.get(link[1], follow=True)
    own.post(form.redirect_chain[-1][0], {"password1": NEW, "password2": NEW})
    owner.refresh_from_db()

    assert owner.check_password(NEW)


def test_whoever_waits_for_a_code_reads_how_long_it_is_good_and_may_take_another_way(owner: Any) -> None:
    own = from_address(201)
    page = own.post(CODE, {"email": KNOWN}, follow=True).content.decode()

    assert "<h1>Enter the sign-in code</h1>" in page
    assert "It is good for 3 minutes." in page
    assert "Use another way" in page
    assert "<h1>Sign in</h1>" in own.post("/accounts/logout/", {"next": LOGIN}, follow=True).content.decode()


def test_a_network_is_counted_at_every_door_and_told_when_to_come_back(owner: Any, settings: Any) -> None:
    settings.LIMIT_SIGN_IN = 6
    doors = [LOGIN, SIGN_UP, RESET, CODE, "/accounts/sign-in/no-code/", "/accounts/login/code/confirm/"]
    for number, door in enumerate(doors, start=1):
        assert from_address(number).post(door, {"email": UNKNOWN}).status_code != 429

    refused = from_address(77).post(LOGIN, {"login": KNOWN, "password": PASSWORD})

    assert refused.status_code == 429
    assert int(refused["Retry-After"]) > 0
    assert PASSWORD not in refused.content.decode()
    assert from_address(78).get(LOGIN).status_code == 200  # to look is free
    assert Client(REMOTE_ADDR="198.51.100.1").post(LOGIN, {"login": KNOWN}).status_code == 200  # others come in


def test_counts_are_not_pushed_out_by_other_counts(owner: Any) -> None:
    """A cache that keeps few rows forgets at random what it counted: then anybody could make room for more guesses."""
    for number in range(1, 6):
        try_password(from_address(number))
    cache.set_many({f"filler-{number}": [1.0] for number in range(400)}, 600)

    late = from_address(99)
    try_password(late, PASSWORD)

    assert not is_in(late)


# A second factor


def test_a_second_factor_gives_few_guesses(owner: Any) -> None:
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

    TOTP.activate(owner, generate_totp_secret())
    client = from_address(1)
    try_password(client, PASSWORD)
    said = [client.post("/accounts/2fa/authenticate/", {"code": f"{n:06}"}).content.decode() for n in range(8)]

    assert not is_in(client)
    assert "Too many" in said[-1]
    assert "Too many" not in said[0]


# Codes and tokens


def test_receipt_codes_are_not_guessed(file: Callable[..., Any], settings: Any) -> None:
    settings.LIMIT_CODES = 3
    report = file()
    for number in range(1, 4):
        assert from_address(number).post(f"/reports/{report.reference}/", {"code": new_code()}).status_code == 403

    assert from_address(9).post(f"/reports/{report.reference}/", {"code": new_code()}).status_code == 429


def test_tokens_are_not_guessed(settings: Any) -> None:
    settings.LIMIT_API = 3
    told = []
    for number in range(6):
        token = f"{number:040x}"
        header = {"Authorization": f"Bearer tt_{token}{checksum(token)}"}
        told.append(from_address(number + 1).get("/api/v1/issues/", headers=header).status_code)

    assert told[0] == 401
    assert told[-1] == 429


def test_a_sign_in_link_that_was_made_up_opens_nothing(owner: Any) -> None:
    answers = [from_address(1).post(f"/accounts/sign-in/{code}/") for code in ("x", "WzEsIk5vbmUiXQ:1:y", "a" * 900)]

    assert {(answer.status_code, answer["Location"]) for answer in answers} == {(302, LOGIN)}


# Who has an account


def likeness(answer: Any, email: str) -> tuple[Any, ...]:
    """What an answer says, less what differs from one to the next whoever asks."""
    words = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", answer.content.decode()).replace(email, "…")
    return answer.status_code, answer.get("Location", ""), words, sorted(answer.cookies)


@pytest.mark.parametrize(
    ("door", "fields"),
    [
        (LOGIN, lambda email: {"login": email, "password": WRONG}),
        (SIGN_UP, lambda email: {"email": email, "password1": PASSWORD}),
        (RESET, lambda email: {"email": email}),
        (CODE, lambda email: {"email": email}),
    ],
    ids=["sign in", "sign up", "reset", "by code"],
)
def test_a_door_says_the_same_of_accounts_that_are_and_are_not(
    owner: Any, settings: Any, monkeypatch: pytest.MonkeyPatch, door: str, fields: Callable[[str], dict[str, str]]
) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"  # as it is where mail goes out
    hashed: list[int] = []
    encode = MD5PasswordHasher.encode

    def counted(*given: Any) -> str:
        hashed.append(1)
        return encode(*given)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counted)

    told, work, mails = [], [], []
    for number, email in enumerate((KNOWN, UNKNOWN), start=1):
        hashed.clear()
        mail.outbox.clear()
        client = from_address(number)
        told.append(likeness(client.post(door, fields(email)), email))
        assert not is_in(client)
        work.append(len(hashed))  # hashing is what takes time
        mails.append([each.to for each in mail.outbox] == [[email]])

    assert told[0] == told[1]
    assert mails[0] == mails[1]
    assert work[0] == work[1] or door == SIGN_UP  # which makes an account, or a mail that says there is one


def test_whoever_signs_up_with_an_address_has_to_read_its_mail_first(settings: Any) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    client = from_address(1)

    client.post(SIGN_UP, {"email": "victim@example.org", "password1": PASSWORD})
    try_password(client, PASSWORD, "victim@example.org")

    assert not is_in(client)
