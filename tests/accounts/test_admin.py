"""The admin: accounts and roles, nothing else."""

from typing import Any

import pytest
from django.contrib import admin
from django.test import Client

from accounts.models import Grant, User
from ledger.models import Event
from reports.models import ContextRule

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client: Client, someone: Any) -> Client:
    client.force_login(someone("admin"))
    return client


def test_no_table_of_reports_is_there_but_the_operators_own() -> None:
    ours = {"accounts", "reports"}
    allauths = {"account", "mfa"}  # open to superusers only, of whom there are none

    assert {model._meta.app_label for model in admin.site._registry} == ours | allauths
    assert [model for model in admin.site._registry if model._meta.app_label == "reports"] == [ContextRule]


def test_an_admin_sees_accounts_and_the_operators_table(desk: Client) -> None:
    apps = desk.get("/admin/").context["app_list"]

    assert [model["object_name"] for app in apps for model in app["models"]] == ["User", "ContextRule"]
    assert desk.get("/admin/mfa/authenticator/").status_code == 403


def grants(*rows: dict[str, str], initial: int = 0) -> dict[str, str]:
    told = {"grants-TOTAL_FORMS": str(len(rows)), "grants-INITIAL_FORMS": str(initial)}
    return told | {f"grants-{at}-{name}": value for at, row in enumerate(rows) for name, value in row.items()}


def test_a_role_is_granted_and_ended_on_record(desk: Client, someone: Any) -> None:
    user = someone(email="mina@example.org")
    address = f"/admin/accounts/user/{user.pk}/change/"
    person = {"email": user.email, "name": "Mina", "is_active": "on"}

    assert desk.post(address, person | grants({"role": "triager"})).status_code == 302
    granted = Grant.objects.get(user=user)
    assert (granted.role, granted.granted_by and granted.granted_by.email) == ("triager", "admin@example.org")

    ended = {"id": str(granted.pk), "user": str(user.pk), "role": "triager"}
    ended |= {"ended_at_0": "2026-01-01", "ended_at_1": "00:00:00"}
    assert desk.post(address, person | grants(ended, initial=1)).status_code == 302
    granted.refresh_from_db()
    assert granted.ended_at is not None
    by = User.objects.get(email="admin@example.org").pseudonym
    assert list(Event.objects.values_list("verb", "actor")) == [("grant", by), ("end_grant", by)]


def test_a_maintainer_without_an_artifact_is_refused_in_words(desk: Client, someone: Any) -> None:
    user = someone(email="mina@example.org")
    person = {"email": user.email, "name": "Mina", "is_active": "on"}

    response = desk.post(f"/admin/accounts/user/{user.pk}/change/", person | grants({"role": "maintainer"}))

    assert response.status_code == 200
    assert not Grant.objects.filter(user=user).exists()


def test_an_account_is_made_with_an_address(desk: Client) -> None:
    body = {
        "email": "New@Example.org",
        "name": "New",
        "password1": "a long password x",
        "password2": "a long password x",
    }

    response = desk.post("/admin/accounts/user/add/", body | grants())

    assert response.status_code == 302, response.content.decode()
    assert User.objects.filter(email="new@example.org").exists()


def test_nobody_is_deleted(desk: Client, someone: Any) -> None:
    user = someone(email="mina@example.org")

    assert desk.post(f"/admin/accounts/user/{user.pk}/delete/", {"post": "yes"}).status_code == 403
    assert User.objects.filter(pk=user.pk).exists()
