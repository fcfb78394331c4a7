"""A file that is handed in over a line that breaks, by a client that is killed, arrives whole and once."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from telltale import Client, Problem

RAW = bytes(range(256)) * 10
Fault = Callable[[int], str]


class Killed(BaseException):
    """As good as kill -9: nothing of ours runs after it."""


class Site:
    """Keeps one import, as the API does. ``fault`` says of each part, by its number, what befalls it."""

    def __init__(self, fault: Fault = lambda number: "") -> None:
        self.fault = fault
        self.raw = b""
        self.told: dict[str, Any] = {}
        self.parts = 0
        self.polls = ["waiting", "running", "done"]
        self.announced: list[dict[str, Any]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        return {"POST": self.announce, "PATCH": self.take, "GET": self.tell}[request.method](request)

    def status(self, **changes: Any) -> dict[str, Any]:
        counts = {"percent": 0, "read": 0, "filed": 0, "already_here": 0, "rejected": 0}
        return {"id": 7, "state": "uploading", **counts, **self.told, "offset": len(self.raw), **changes}

    def announce(self, request: httpx.Request) -> httpx.Response:
        self.told = json.loads(request.content)
        self.announced.append(self.told)
        return httpx.Response(200 if self.raw else 201, json=self.status())

    def take(self, request: httpx.Request) -> httpx.Response:
        self.parts += 1
        fault = self.fault(self.parts)
        if fault == "lost":
            raise httpx.ReadError("the line broke")
        if fault == "busy":
            return httpx.Response(503)
        if request.headers["Upload-Offset"] != str(len(self.raw)):
            return httpx.Response(409, headers={"Upload-Offset": str(len(self.raw))})
        self.raw += request.content
        if fault == "unheard":
            raise httpx.ReadTimeout("kept, and the answer lost")
        if fault == "killed":
            raise Killed
        return httpx.Response(204, headers={"Upload-Offset": str(len(self.raw))})

    def tell(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=self.status(state=self.polls.pop(0)))

    def client(self, sleep: Callable[[float], None] = lambda seconds: None) -> Client:
        return Client("https://site.example", "tt_x", transport=httpx.MockTransport(self), sleep=sleep)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "run.report.jsonl"
    file.write_bytes(RAW)
    return file


def hand_in(site: Site, path: Path, **options: Any) -> Any:
    return site.client().import_file(path, "garak", part_size=300, **options)


@pytest.mark.parametrize("fault", ["", "lost", "busy", "unheard"])
def test_every_byte_arrives_once_whatever_befalls_a_part(path: Path, fault: str) -> None:
    site = Site(lambda number: fault if number in (1, 3, 4, 10) else "")

    ended = hand_in(site, path)

    assert site.raw == RAW
    assert ended["state"] == "done"
    assert site.announced[0]["sha256"] == hashlib.sha256(RAW).hexdigest()
    assert (site.announced[0]["name"], site.announced[0]["size"]) == ("run.report.jsonl", 2560)


def test_killed_and_started_again_it_goes_on_where_it_was(path: Path) -> None:
    site = Site(lambda number: "killed" if number in (3, 5) else "")

    for _kill in range(2):
        with pytest.raises(Killed):
            hand_in(site, path)
    hand_in(site, path)

    assert site.raw == RAW
    assert site.parts == 9  # 2,560 bytes in parts of 300, none of them twice
    assert site.announced[0] == site.announced[2]


def test_what_is_whole_already_is_only_watched(path: Path) -> None:
    site = Site()
    site.raw = RAW
    waited: list[float] = []

    ended = site.client(waited.append).import_file(path, "garak")

    assert (ended["state"], site.parts) == ("done", 0)
    assert waited == [0.5, 0.75]


def test_options_go_along_and_progress_is_told(path: Path) -> None:
    site, seen = Site(), list[tuple[str, int]]()

    hand_in(
        site,
        path,
        artifact="acme/chat-7b",
        threshold=0.0,
        dry_run=True,
        on_progress=lambda status: seen.append((status["state"], status["offset"])),
    )

    said = {name: site.announced[0][name] for name in ("format", "artifact", "threshold", "dry_run")}
    assert said == {"format": "garak", "artifact": "acme/chat-7b", "threshold": 0.0, "dry_run": True}
    assert "scorer" not in site.announced[0]
    assert seen[:2] == [("uploading", 300), ("uploading", 600)]
    assert [state for state, _offset in seen[-3:]] == ["waiting", "running", "done"]


@pytest.mark.parametrize(
    "headers", [{}, {"Upload-Offset": "99999"}, {"Upload-Offset": "-1"}, {"Upload-Offset": "9" * 99}]
)
def test_an_offset_that_cannot_be_is_not_followed(path: Path, headers: dict[str, str]) -> None:
    site = Site()
    site.take = lambda request: httpx.Response(409, headers=headers)  # type: ignore[method-assign] # a site that lies

    with pytest.raises(Problem) as problem:
        hand_in(site, path)

    assert problem.value.status == 409


def test_a_site_that_wants_another_part_for_ever_is_left(path: Path) -> None:
    site = Site()
    site.take = lambda request: httpx.Response(409, headers={"Upload-Offset": "0"})  # type: ignore[method-assign] # so

    with pytest.raises(Problem):
        hand_in(site, path)


def test_a_file_that_became_shorter_meanwhile_is_told(path: Path) -> None:
    class Rotating(Site):
        def announce(self, request: httpx.Request) -> httpx.Response:
            path.write_bytes(RAW[:400])
            return super().announce(request)

    site = Rotating()

    with pytest.raises(ValueError, match="has become shorter"):
        hand_in(site, path)

    assert site.parts == 2


def test_an_import_that_was_cancelled_meanwhile_says_so(path: Path) -> None:
    site = Site()
    gone = {"title": "This import was cancelled. Announce the file again.", "status": 410}
    site.take = lambda request: httpx.Response(410, json=gone)  # type: ignore[method-assign] # by somebody else

    with pytest.raises(Problem, match="was cancelled"):
        hand_in(site, path)


def test_cancelling_tells_how_far_it_was() -> None:
    asked: list[tuple[str, str]] = []

    def told(request: httpx.Request) -> httpx.Response:
        asked.append((request.method, request.url.path))
        return httpx.Response(200, json={"id": 7, "state": "cancelled", "filed": 3})

    with Client("http://127.0.0.1:1", transport=httpx.MockTransport(told)) as client:
        assert client.cancel_import(7)["state"] == "cancelled"

    assert asked == [("POST", "/api/v1/imports/7/cancel/")]
