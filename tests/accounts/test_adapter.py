"""What mails of signing in say of the site."""

from smtplib import SMTPRecipientsRefused
from typing import Any
from unittest.mock import Mock

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


@pytest.mark.parametrize("door", ["/accounts/login/code/", "/accounts/signup/", "/accounts/password/reset/"])
def test_an_address_that_the_mail_server_refuses_is_no_failure_of_ours(
    client: Client, settings: Any, monkeypatch: Any, door: str
) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"  # as it is where mail goes out
    refused = SMTPRecipientsRefused({"rosa@nowhere.example": (550, b"no such domain")})
    monkeypatch.setattr("django.core.mail.EmailMessage.send", Mock(side_effect=refused))

    answer = client.post(door, {"email": "rosa@nowhere.example", "password1": "a long pass phrase"}, follow=True)

    assert answer.status_code == 200
