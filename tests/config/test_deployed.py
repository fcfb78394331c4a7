"""A site as it is deployed: what Django's own checks say of its settings, and what it does with plain http."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

ROOT = Path(__file__).resolve().parents[2]
DEPLOYED = {
    "SITE_URL": "https://reports.example",
    "FILES_HOST": "files.example",
    "ADMIN_HOST": "desk.example",
    "EMAIL_URL": "smtps://mail.example",
    "SECURITY_CONTACT": "security@reports.example",
    "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
}


def test_the_checks_of_a_deployment_find_nothing(tmp_path: Path) -> None:
    bare = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]

    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**bare, **DEPLOYED, "STATE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "no issues (1 silenced)" in done.stdout  # the list that browsers are delivered with, see the settings


@pytest.fixture
def over_https(settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.SECURE_HSTS_SECONDS = 31_536_000


@pytest.mark.django_db
def test_plain_http_is_sent_to_https_but_for_probes(over_https: None) -> None:
    assert Client().get("/issues/?q=a")["Location"] == "https://testserver/issues/?q=a"
    assert Client().post("/report/", {"gate": "no"}).status_code == 301  # and nothing of it is read
    assert Client().get("/health/live/").status_code == 200
    assert Client().get("/health/ready/").status_code == 200


@pytest.mark.django_db
def test_browsers_are_told_to_stay_there(over_https: None) -> None:
    told = Client(headers={"X-Forwarded-Proto": "https"})
    for address in ("/", "/nothing-here/", "/api/v1/issues/", "/health/live/", "/static/css/tokens.css"):
        assert told.get(address)["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains", address
