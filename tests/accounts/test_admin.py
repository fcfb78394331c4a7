"""Django's admin: the operator's table, and nothing of anybody's."""

from typing import Any

import pytest
from django.contrib import admin
from django.test import Client

from reports.models import ContextRule

pytestmark = pytest.mark.django_db


def test_no_table_is_there_but_the_operators_own(client: Client, someone: Any) -> None:
    client.force_login(someone("admin"))

    apps = client.get("/admin/").context["app_list"]

    assert {*admin.site._registry} == {ContextRule}
    assert [model["object_name"] for app in apps for model in app["models"]] == ["ContextRule"]


@pytest.mark.parametrize(
    "table", ["accounts/user", "mfa/authenticator", "socialaccount/socialaccount", "reports/report"]
)
def test_nobody_else_s_rows_are_edited_there(client: Client, someone: Any, table: str) -> None:
    client.force_login(someone("admin"))

    assert client.get(f"/admin/{table}/").status_code == 404
