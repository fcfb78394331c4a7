"""Sessions that are listed, end by idling and by age, and end when rights change."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.granting import give, shut, take
from accounts.models import SignIn
from accounts.policy import SYSTEM
from accounts.sessions import KEPT, device
from triage.tasks import sweep

pytestmark = pytest.mark.django_db
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def is_in(client: Client) -> bool:
    return client.get(reverse("own_account")).status_code == 200


def aged(client: Client, *, seen: timedelta, began: timedelta) -> None:
    """As if the session had begun, and been used last, so long ago."""
    session, now = client.session, timezone.now()
    told = {"seen": int((now - seen).timestamp()), "began": int((now - began).timestamp())}
    session[KEPT] = {**session[KEPT], **told}
    session.save()


MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("roles", "seen", "began", "lasts"),
    [
        (["triager"], 29 * MINUTE, HOUR, True),
        (["triager"], 31 * MINUTE, HOUR, False),
        (["auditor"], 31 * MINUTE, HOUR, False),
        (["triager"], 5 * MINUTE, 12 * HOUR - MINUTE, True),
        (["triager"], 5 * MINUTE, 12 * HOUR + MINUTE, False),
        ([], 31 * MINUTE, 13 * HOUR, True),
        ([], 13 * 24 * HOUR, 13 * 24 * HOUR, True),
        ([], MINUTE, 15 * 24 * HOUR, False),
    ],
)
def test_a_session_ends_by_idling_and_by_its_age(
    someone: Any, roles: list[str], seen: timedelta, began: timedelta, lasts: bool
) -> None:
    client = signed_in(someone(*roles))
    aged(client, seen=seen, began=began)

    assert is_in(client) is lasts
    assert SignIn.objects.exists() is lasts


def test_a_session_is_looked_up_once_a_minute_and_costs_nothing_in_between(
    someone: Any, django_assert_num_queries: Any
) -> None:
    client = signed_in(someone())
    for seen, count in ((MINUTE / 2, 4), (2 * MINUTE, 8)):  # the row and the session are saved, one in a savepoint
        aged(client, seen=seen, began=HOUR)
        with django_assert_num_queries(count):  # session, account, roles, unread notices
            client.get("/api/docs/")


def test_the_key_is_another_after_signing_in(client: Client, someone: Any) -> None:
    client.get(reverse("account_login"))
    session = client.session
    session["planted"] = "yes"
    session.save()
    before = session.session_key

    client.post(
        reverse("account_login"),
        {"login": someone().email, "password": "a long password"},
        headers={"User-Agent": FIREFOX},
    )

    row = SignIn.objects.get()
    assert (row.browser, row.system, row.session_key) == ("Firefox", "Linux", client.session.session_key)
    assert before != client.session.session_key
    assert not Session.objects.filter(session_key=before).exists()


def test_the_list_follows_a_key_that_is_changed_with_the_password(someone: Any) -> None:
    client = signed_in(someone())
    before = SignIn.objects.get().session_key

    told = {"oldpassword": "a long password", "password1": "another long one", "password2": "another long one"}
    client.post(reverse("account_change_password"), told)

    assert SignIn.objects.get().session_key not in (before, "")
    assert Session.objects.filter(session_key=SignIn.objects.get().session_key).exists()


def test_each_place_can_be_ended_and_nobody_else_s(someone: Any) -> None:
    user = someone()
    here, there, elsewhere = (signed_in(user) for _ in range(3))
    other = signed_in(someone(email="other@example.org"))
    theirs = SignIn.objects.get(user__email="other@example.org").pk
    one = SignIn.objects.get(session_key=there.session.session_key).pk

    assert b"This one" in here.get(reverse("own_sessions")).content
    assert here.post(reverse("end_session", args=[theirs])).status_code == 404
    assert here.post(reverse("end_session", args=[one])).status_code == 302
    assert [is_in(each) for each in (here, there, elsewhere, other)] == [True, False, True, True]

    here.post(reverse("end_other_sessions"))
    assert [is_in(each) for each in (here, elsewhere, other)] == [True, False, True]

    ended = here.post(reverse("end_session", args=[SignIn.objects.get(user=user).pk]))
    assert not is_in(here)
    assert [str(told) for told in get_messages(ended.wsgi_request)] == ["You are signed out."]


def test_the_list_tells_no_address(someone: Any) -> None:
    client = Client(REMOTE_ADDR="198.51.100.77")
    client.force_login(someone())

    assert b"198.51.100.77" not in client.get(reverse("own_sessions")).content
    assert {field.name for field in SignIn._meta.fields} == {
        "id", "user", "session_key", "browser", "system", "began_at", "seen_at"
    }  # fmt: skip


def test_sessions_end_with_a_role_and_with_the_account(someone: Any) -> None:
    user = someone()

    def is_out_after(act: Any) -> bool:
        client = signed_in(user)
        act()
        return not is_in(client) and not SignIn.objects.filter(user=user).exists()

    assert is_out_after(lambda: give(user, "triager", by=SYSTEM))
    assert is_out_after(lambda: take(user.grants.get(), by=SYSTEM))
    assert is_out_after(lambda: shut(user, by=SYSTEM))


def test_a_session_whose_row_is_gone_ends_within_a_minute(someone: Any) -> None:
    client = signed_in(someone())
    SignIn.objects.all().delete()
    aged(client, seen=2 * MINUTE, began=HOUR)

    assert not is_in(client)


def test_a_session_from_before_sign_ins_were_listed_joins_the_list(someone: Any) -> None:
    client = signed_in(someone())
    session = client.session
    del session[KEPT]
    session.save()
    SignIn.objects.all().delete()

    assert is_in(client)
    assert SignIn.objects.get().session_key == client.session.session_key


def test_of_a_session_that_nobody_came_back_to_nothing_is_kept(someone: Any) -> None:
    user = someone()
    left, lasting = signed_in(user), signed_in(user)
    over = timezone.now() - timedelta(seconds=1)
    Session.objects.filter(session_key=left.session.session_key).update(expire_date=over)
    SignIn.objects.filter(session_key=left.session.session_key).update(seen_at=over - 14 * 24 * HOUR)

    sweep()

    kept = [lasting.session.session_key]
    assert list(Session.objects.values_list("session_key", flat=True)) == kept
    assert list(SignIn.objects.values_list("session_key", flat=True)) == kept


def test_signing_out_leaves_no_row(someone: Any) -> None:
    client = signed_in(someone())

    client.post(reverse("account_logout"))

    assert not SignIn.objects.exists()


@pytest.mark.parametrize("told", ["", "curl/8", "\x00'\"><" * 2_000, "Mozilla/5.0 (iPhone) Safari/604"])
def test_any_browser_is_written_down_in_two_words(told: str) -> None:
    assert max(map(len, device(told))) <= 20
