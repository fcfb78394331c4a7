"""Roles given and taken on pages: on record, by admins, and never without one."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from accounts.granting import give, keep_an_admin, shut, take
from accounts.models import Grant, User
from accounts.policy import SYSTEM, Actor
from ledger.models import Event

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(someone: Any) -> Any:
    return someone("admin")


@pytest.fixture
def desk(client: Client, admin: Any) -> Client:
    client.force_login(admin)
    return client


@pytest.fixture
def mina(someone: Any) -> Any:
    return someone(email="mina@example.org")


def test_a_role_is_given_and_ended_on_record(desk: Client, admin: Any, mina: Any) -> None:
    page = reverse("person", args=[mina.pk])

    assert desk.post(page, {"role": "triager"}).status_code == 302
    granted = Grant.objects.get(user=mina)
    assert (granted.role, granted.granted_by, granted.ended_at) == ("triager", admin, None)
    assert b"Triager" in desk.get(page).content

    desk.post(page, {"role": "triager"})  # twice is once
    ending = reverse("person_end_grant", args=[mina.pk, granted.pk])
    assert [desk.post(ending).status_code, desk.post(ending).status_code] == [302, 302]
    granted.refresh_from_db()
    assert granted.ended_at is not None
    assert list(Event.objects.order_by("pk").values_list("verb", "actor")) == [
        ("grant", admin.pseudonym),
        ("end_grant", admin.pseudonym),
    ]


def test_a_maintainer_s_artifact_is_looked_for_and_picked(desk: Client, mina: Any, artifact: Any) -> None:
    page = reverse("person", args=[mina.pk])

    assert desk.post(page, {"role": "maintainer"}).status_code == 422
    assert desk.post(page, {"role": "maintainer", "artifact": "999999"}).status_code == 422
    assert b"acme/chat-7b" in desk.get(page, {"artifact": "chat"}).content
    assert desk.post(page, {"role": "maintainer", "artifact": artifact.pk}).status_code == 302

    assert Grant.objects.get(user=mina).artifact_id == artifact.pk
    assert b"acme/chat-7b" in desk.get(page).content


def test_only_a_maintainer_s_role_is_about_an_artifact(desk: Client, mina: Any, artifact: Any) -> None:
    desk.post(reverse("person", args=[mina.pk]), {"role": "auditor", "artifact": artifact.pk})

    assert Grant.objects.get(user=mina).artifact_id is None


def test_nobody_gives_a_role_to_themselves(desk: Client, admin: Any) -> None:
    refused = desk.post(reverse("person", args=[admin.pk]), {"role": "triager"})

    assert refused.status_code == 422
    assert b"Nobody gives a role to themselves" in refused.content
    assert [*admin.grants.values_list("role", flat=True)] == ["admin"]


def test_a_role_is_for_accounts_that_are_here_and_open(desk: Client, mina: Any) -> None:
    shut(mina, by=SYSTEM)

    assert desk.post(reverse("person", args=[mina.pk]), {"role": "triager"}).status_code == 422
    assert desk.post(reverse("person", args=[999_999]), {"role": "triager"}).status_code == 404
    assert not Grant.objects.filter(user=mina).exists()


def test_the_only_admin_stays(desk: Client, admin: Any, someone: Any) -> None:
    grant = admin.grants.get()

    desk.post(reverse("person_end_grant", args=[admin.pk, grant.pk]))
    desk.post(reverse("person_shut", args=[admin.pk]))
    admin.refresh_from_db()
    assert admin.is_active
    assert Grant.objects.get(pk=grant.pk).ended_at is None

    other = someone("admin", email="other@example.org")
    shut(other, by=SYSTEM)
    with pytest.raises(ValidationError):  # one that is shut out is no admin to rely on
        keep_an_admin(admin)
    User.objects.filter(pk=other.pk).update(is_active=True)
    assert desk.post(reverse("person_end_grant", args=[admin.pk, grant.pk])).status_code == 302
    assert desk.get(reverse("people")).status_code in (302, 403)


def test_an_account_is_shut_and_opened_again(desk: Client, mina: Any) -> None:
    give(mina, "triager", by=SYSTEM)
    theirs = Client()
    theirs.force_login(mina)

    desk.post(reverse("person_shut", args=[mina.pk]))
    assert theirs.get(reverse("queue")).status_code == 302
    desk.post(reverse("person_open", args=[mina.pk]))
    mina.refresh_from_db()
    assert mina.is_active
    assert theirs.get(reverse("queue")).status_code == 302  # they sign in anew
    assert [*Event.objects.values_list("verb", flat=True)][-2:] == ["shut_account", "open_account"]


def test_somebody_is_signed_out_everywhere(desk: Client, mina: Any) -> None:
    theirs = Client()
    theirs.force_login(mina)

    desk.post(reverse("person_sign_out", args=[mina.pk]))

    assert theirs.get(reverse("own_account")).status_code == 302


def test_taking_a_role_twice_is_once(someone: Any) -> None:
    grant = someone("auditor").grants.get()

    assert [take(grant, by=SYSTEM), take(grant, by=SYSTEM)] == [True, False]
    assert Event.objects.count() == 1


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_however_many(
    desk: Client, someone: Any, django_assert_num_queries: Any, count: int
) -> None:
    for at in range(count):
        someone("triager", email=f"t{at}@example.org")

    with django_assert_num_queries(7):  # session, account, roles; how many, who, their roles; unread notices
        told = desk.get(reverse("people"), {"role": "triager"})

    assert told.content.count(b"@example.org</bdi>") == count + 1  # the menu names whoever reads it


@pytest.mark.parametrize("asked", ["mina", "MINA@example", "\x00'\"><", "a" * 3_000, "٣"])
def test_people_are_found_by_whatever_is_typed(desk: Client, mina: Any, asked: str) -> None:
    told = desk.get(reverse("people"), {"q": asked, "role": asked, "page": asked})

    assert told.status_code == 200
    assert (b"mina@example.org" in told.content) is (asked.lower() in "mina@example.org")


def test_give_says_who_did_it_and_why(mina: Any, artifact: Any) -> None:
    give(mina, "maintainer", by=Actor(user_id=None, pseudonym="p-x"), about=artifact, proof="file")

    event = Event.objects.get()
    assert (event.actor, f"artifact:{artifact.pk}" in event.subjects, event.payload.content["proof"]) == (
        "p-x",
        True,
        "file",
    )
