"""Machines that watch: whether the site is ready, and who may read its figures."""

from threading import Event
from typing import Any, cast

import pytest
from django.test import Client

from accounts.models import User
from accounts.tokens import make_token
from config import health
from config.patience import within

pytestmark = pytest.mark.django_db
FAR = {"REMOTE_ADDR": "203.0.113.9"}


@pytest.fixture(autouse=True)
def in_this_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the test's own transaction is seen."""
    monkeypatch.setattr(health, "within", lambda seconds, question: question())


def token(*, role: str | None, scopes: list[str]) -> dict[str, str]:
    user = User.objects.create_user(email="watcher@example.org")
    if role:
        user.grants.create(role=role)
    return {"Authorization": f"Bearer {make_token(user, scopes=scopes)}"}


def test_ready_names_every_check_and_nothing_else(client: Client) -> None:
    answer = client.get("/health/ready/", headers={"Host": "10.0.0.7:8000"})

    assert (answer.status_code, answer.json()) == (
        200,
        {"ready": True, "checks": {"database": True, "migrations": True, "cache": True}},
    )


def test_a_database_that_hangs_is_told_of_in_time(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(seconds: float, question: Any) -> None:
        raise TimeoutError

    monkeypatch.setattr(health, "within", hang)

    answers = [client.get(path) for path in ("/health/ready/", "/metrics", "/health/live/")]

    assert [answer.status_code for answer in answers] == [503, 503, 200]
    assert answers[0].json()["checks"] == {"database": False, "migrations": False, "cache": False}


def test_a_question_that_hangs_is_asked_once_and_nobody_waits_for_it() -> None:
    asked, go = [], Event()

    def question() -> str:
        asked.append(1)
        go.wait(10)
        return "at last"

    for _ in range(3):
        with pytest.raises(TimeoutError):
            within(0.01, question)
    go.set()

    assert (within(10, question), len(asked)) == ("at last", 1)


@pytest.mark.parametrize(
    "asked",
    [
        FAR,
        {"REMOTE_ADDR": "10.0.0.1"},
        {"REMOTE_ADDR": ""},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "203.0.113.9"},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_VIA": "1.1 proxy"},
        {**FAR, "HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {**FAR, "HTTP_AUTHORIZATION": "Bearer tt_wrong"},
    ],
)
@pytest.mark.parametrize("proxies", [0, 1, 2])
def test_figures_are_for_this_machine(client: Client, settings: Any, asked: dict[str, str], proxies: int) -> None:
    settings.PROXY_COUNT = proxies

    assert client.get("/metrics", **cast(Any, asked)).status_code == 404
    assert client.get("/metrics", REMOTE_ADDR="127.0.0.1").status_code == 200


@pytest.mark.parametrize(
    ("role", "scopes", "status"),
    [
        ("auditor", ["metrics:read"], 200),
        ("triager", ["metrics:read", "queue:read"], 200),
        ("triager", ["queue:read"], 404),
        ("maintainer", ["metrics:read"], 404),
        (None, ["metrics:read"], 404),
    ],
)
def test_or_for_a_token_made_for_it(client: Client, role: str | None, scopes: list[str], status: int) -> None:
    if role == "maintainer":
        role = "researcher"  # a maintainer's role names an artifact

    assert client.get("/metrics", headers=token(role=role, scopes=scopes), **cast(Any, FAR)).status_code == status
