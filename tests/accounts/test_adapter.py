"""What mails of signing in say of the site."""

from typing import Any

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


def test_a_mail_calls_the_site_by_its_name(client: Client, someone: Any, mailoutbox: Any, settings: Any) -> None:
    user = someone()

    client.post("/accounts/login/code/", {"email": user.email})

    (mail,) = mailoutbox
    assert mail.subject.startswith("[Telltale] ")
    assert "Telltale!" in mail.body
    assert settings.SITE_URL in mail.body
    assert "testserver" not in mail.subject + mail.body
