"""What cannot be served just now is said to be so, and to come back; what failed here is our fault."""

import errno
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from django.db import InterfaceError, OperationalError
from django.test import Client

from reports.api import filing
from reports.pages import home


def raising(failure: Exception, cause: Exception | None = None) -> Callable[..., Any]:
    def fail(*_: object, **__: object) -> Any:
        raise failure from cause

    return fail


AWAY = OperationalError("the connection is lost"), psycopg.OperationalError()
CLOSED = InterfaceError("the connection is closed"), None
FULL = OperationalError("could not extend file"), psycopg.errors.DiskFull()
FILES = OSError(errno.ENOSPC, "No space left on device"), None
OURS = ValueError("a slip of ours"), None


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("failure", "status", "retry"),
    [(AWAY, 503, "5"), (CLOSED, 503, "5"), (FULL, 507, "60"), (FILES, 507, "60"), (OURS, 500, None)],
    ids=["database away", "connection closed", "database full", "disk of files full", "a slip of ours"],
)
def test_a_program_is_told_when_to_try_again(
    monkeypatch: pytest.MonkeyPatch, answers: dict[str, Any], failure: Any, status: int, retry: str | None
) -> None:
    monkeypatch.setattr(filing, "file_report", raising(*failure))

    answer = Client(raise_request_exception=False).post("/api/v1/reports/", answers, content_type="application/json")

    assert (answer.status_code, answer.headers.get("Retry-After")) == (status, retry)
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == status


@pytest.mark.django_db
def test_a_person_is_told_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home, "emerging", raising(*AWAY))

    answer = Client(raise_request_exception=False).get("/")

    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert "The database cannot be reached. Try again in a moment." in answer.content.decode()
    assert "connection is lost" not in answer.content.decode()
