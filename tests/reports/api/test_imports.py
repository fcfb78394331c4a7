"""Handing in a file by API: announced, sent in parts, gone on with where a line broke, and seen by its account."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.tokens import make_token
from reports.imports.running import carry_on
from reports.models import Import, Report

pytestmark = pytest.mark.django_db
Answer = Callable[..., Any]


@pytest.fixture(autouse=True)
def files_dir(settings: Any, tmp_path: Path) -> None:
    settings.FILES_DIR = tmp_path / "files"


@pytest.fixture
def researcher(someone: Callable[..., User]) -> User:
    return someone("researcher")


def headers(user: User, scope: str = "report:bulk") -> dict[str, str]:
    return {"Authorization": f"Bearer {make_token(user, scopes=[scope])}"}


@pytest.fixture
def bearer(researcher: User) -> dict[str, str]:
    return headers(researcher)


def report(number: int) -> dict[str, Any]:
    return {
        "artifact": "acme/chat-7b",
        "summary": f"It invents ruling number {number}",
        "what_happened": f"I asked for rulings on rent and it cited number {number}, which was never made.",
        "kind": "false_information",
        "source": "our-lab",
        "source_key": f"run-1/{number}",
        "consent": True,
    }


RAW = b"".join(json.dumps(report(number)).encode() + b"\n" for number in range(3)) + b"not JSON\n"
WORDS = {"format": "telltale", "name": "run-1.jsonl", "size": len(RAW), "sha256": hashlib.sha256(RAW).hexdigest()}


def announce(client: Client, bearer: dict[str, str], **changes: Any) -> Any:
    return client.post("/api/v1/imports/", {**WORDS, **changes}, "application/json", headers=bearer)


def send(client: Client, url: str, raw: bytes, at: Any, bearer: dict[str, str]) -> Any:
    told = {**bearer, "Upload-Offset": str(at)}
    return client.patch(url.removeprefix("http://127.0.0.1:8000"), raw, "application/octet-stream", headers=told)


def test_a_file_is_announced_sent_in_parts_filed_and_told_of(
    client: Client, bearer: dict[str, str], researcher: User
) -> None:
    begun = announce(client, bearer)
    url = begun.json()["url"]
    first = send(client, url, RAW[:400], 0, bearer)
    again = announce(client, bearer)  # the line broke
    last = send(client, url, RAW[400:], again.json()["offset"], bearer)
    waiting = client.get(url, headers=bearer).json()
    while carry_on(begun.json()["id"], seconds=600):
        pass
    ended = client.get(url, headers=bearer).json()
    rejects = client.get(ended["rejects"], headers=bearer)

    assert (begun.status_code, begun.json()["offset"], begun["Location"]) == (201, 0, url)
    assert (first.status_code, first["Upload-Offset"]) == (204, "400")
    assert (again.status_code, again.json()["id"], again.json()["offset"]) == (200, begun.json()["id"], 400)
    assert (last.status_code, last["Upload-Offset"]) == (204, str(len(RAW)))
    assert (waiting["state"], waiting["percent"], waiting["found"]) == ("waiting", 0, None)
    counted = {name: ended[name] for name in ("state", "percent", "read", "filed", "already_here", "rejected")}
    assert counted == {"state": "done", "percent": 100, "read": 4, "filed": 3, "already_here": 0, "rejected": 1}
    assert [json.loads(line) for line in rejects.getvalue().splitlines()] == [{"line": 4, "reason": "not JSON"}]
    assert set(Report.objects.values_list("reporter", "source")) == {(researcher.pk, "our-lab")}
    assert [row["id"] for row in client.get("/api/v1/imports/", headers=bearer).json()["results"]] == [ended["id"]]


def test_parts_that_do_not_fit_are_refused_and_told_where_to_go_on(client: Client, bearer: dict[str, str]) -> None:
    url = announce(client, bearer).json()["url"]
    send(client, url, RAW[:100], 0, bearer)

    told = {
        "early": send(client, url, RAW[200:], 200, bearer),
        "twice": send(client, url, RAW[:100], 0, bearer),
        "more": send(client, url, RAW, 100, bearer),
        "none": send(client, url, RAW[100:], "", bearer),
        "odd": send(client, url, RAW[100:], "-1", bearer),
        "huge": send(client, url, RAW[100:], "9" * 40, bearer),
        "large": send(client, url, b"x" * 1_000_001, 100, bearer),
        "json": client.patch(url, "{}", "application/json", headers={**bearer, "Upload-Offset": "100"}),
    }

    statuses = {name: answer.status_code for name, answer in told.items()}
    assert statuses == {
        "early": 409,
        "twice": 409,
        "more": 400,
        "none": 400,
        "odd": 400,
        "huge": 400,
        "large": 413,
        "json": 415,
    }
    assert {told["early"]["Upload-Offset"], told["twice"]["Upload-Offset"]} == {"100"}
    assert {answer["Content-Type"] for answer in told.values()} == {"application/problem+json"}
    assert send(client, url, RAW[100:], 100, bearer).status_code == 204


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"format": "tarot"}, "/format"),
        ({"size": 0}, "/size"),
        ({"size": 10**12}, "/size"),
        ({"sha256": "0"}, "/sha256"),
        ({"artifact": "nameless/"}, "/artifact"),
        ({"scorer": "includes"}, "/scorer"),
        ({"threshold": "high"}, "/threshold"),
        ({"mapping": "summary"}, "/mapping"),
        ({"colour": "red"}, "/colour"),
    ],
)
def test_an_announcement_is_refused_by_field(
    client: Client, bearer: dict[str, str], changes: dict[str, Any], field: str
) -> None:
    answer = announce(client, bearer, **changes)

    assert (answer.status_code, [error["pointer"] for error in answer.json()["errors"]]) == (400, [field])


def test_no_more_than_so_many_are_open_and_one_is_cancelled(
    client: Client, bearer: dict[str, str], settings: Any
) -> None:
    settings.IMPORTS_AT_MOST = 1
    url = announce(client, bearer).json()["url"]

    assert announce(client, bearer, sha256="0" * 64).status_code == 409
    told = [client.post(f"{url}cancel/", headers=bearer) for _time in range(2)]
    assert [(answer.status_code, answer.json()["state"]) for answer in told] == [(200, "cancelled")] * 2
    assert client.get(url, headers=bearer).json()["state"] == "cancelled"
    assert send(client, url, RAW, 0, bearer).status_code == 410
    assert announce(client, bearer, sha256="0" * 64).status_code == 201


def test_a_dry_run_is_filed_by_announcing_it_in_earnest(client: Client, bearer: dict[str, str]) -> None:
    begun = announce(client, bearer, dry_run=True).json()
    send(client, begun["url"], RAW, 0, bearer)
    while carry_on(begun["id"], seconds=600):
        pass
    rehearsed = client.get(begun["url"], headers=bearer).json()

    earnest = announce(client, bearer)

    assert (rehearsed["state"], rehearsed["filed"], rehearsed["dry_run"], Report.objects.count()) == (
        "done",
        3,
        True,
        0,
    )
    told = earnest.json()
    assert (earnest.status_code, told["id"], told["offset"], told["state"]) == (200, begun["id"], len(RAW), "waiting")


def test_bytes_that_are_gone_are_to_be_sent_again(client: Client, bearer: dict[str, str], settings: Any) -> None:
    url = announce(client, bearer).json()["url"]
    for path in (settings.FILES_DIR / "imports").iterdir():
        path.unlink()

    assert send(client, url, RAW[:9], 0, bearer).status_code == 410
    assert client.get(url, headers=bearer).json()["error"] == "The file is no longer here. Send it again."
    assert announce(client, bearer).status_code == 201


def test_another_account_finds_none_of_it(client: Client, bearer: dict[str, str], someone: Any) -> None:
    other = headers(someone("moderator", "admin", email="other@example.org"))
    empty = client.get("/api/v1/imports/", headers=other)
    url = announce(client, bearer).json()["url"]

    told = [
        client.get(url, headers=other).status_code,
        client.get(f"{url}rejects/", headers=other).status_code,
        client.post(f"{url}cancel/", headers=other).status_code,
        send(client, url, RAW, 0, other).status_code,
    ]

    assert told == [404] * 4
    after = client.get("/api/v1/imports/", headers=other)
    assert (after.content, after["ETag"]) == (empty.content, empty["ETag"])
    assert Import.objects.get().offset == 0


def test_it_takes_the_scope_and_the_right(client: Client, bearer: dict[str, str], researcher: User) -> None:
    url = announce(client, bearer).json()["url"]

    assert announce(client, headers(researcher, "report:write")).status_code == 403
    assert announce(client, {}).status_code in (401, 403)

    researcher.grants.update(ended_at=timezone.now())
    assert send(client, url, RAW, 0, bearer).status_code == 403
