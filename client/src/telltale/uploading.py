"""Handing in a file of many reports: announced by what it is, sent part by part, and watched until it is filed.

Whatever breaks off goes on where it stopped, when the same file is handed in again: the site knows it by its SHA-256.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, cast

import httpx

from telltale.problem import Problem, problem_of
from telltale.shapes import ImportStatus
from telltale.wire import Wire

IMPORTS = "/api/v1/imports/"
PART_MAX = 1_000_000  # bytes, as the API takes them
OFFSET = "Upload-Offset"
ENDED = ("done", "cancelled", "failed")
ASKED_FIRST_S, ASKED_LAST_S = 0.5, 5.0  # between two questions how far it is
MISPLACED_AT_MOST = 5  # parts in a row that the site wants elsewhere: nobody else sends the same file for ever
Progress = Callable[[ImportStatus], None]


def sha256_of(path: Path) -> tuple[str, int]:
    """What the whole file hashes to, in hexadecimal digits, and how many bytes it has."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(PART_MAX):
            digest.update(chunk)
            size += len(chunk)
    return digest.hexdigest(), size


def announced(wire: Wire, path: Path, **told: Any) -> ImportStatus:
    """The import that the file's bytes are for: a new one, or the one of before with its offset.

    Announcing is safe to repeat, since the site knows the file.
    """
    digest, size = sha256_of(path)
    body = {**told, "name": path.name[:200], "size": size, "sha256": digest}
    return status_in(wire.told("POST", IMPORTS, json=body))


def status_in(told: dict[str, Any]) -> ImportStatus:
    if not isinstance(told.get("id"), int) or not isinstance(told.get("state"), str):
        raise Problem(200, "What answered there is no Telltale site: it tells of no import.")
    return cast(ImportStatus, told)


def send(
    wire: Wire, path: Path, status: ImportStatus, *, on_progress: Progress | None = None, part_size: int = PART_MAX
) -> None:
    """The bytes that the site has not got yet. Raises :class:`Problem`, after which the same may be done again."""
    here, misplaced = status["offset"], 0
    with path.open("rb") as file:
        while here < status["size"]:
            raw = part(file, here, part_size)
            if not raw:
                raise ValueError(f"{path} has become shorter since it was announced. Hand it in again.")
            answer = wire.answer(
                "PATCH",
                f"{IMPORTS}{status['id']}/",
                content=raw,
                headers={OFFSET: str(here), "Content-Type": "application/octet-stream"},
                allowed=(409,),
            )
            misplaced = misplaced + 1 if answer.status_code == 409 else 0
            if misplaced > MISPLACED_AT_MOST:
                raise problem_of(answer)
            here = offset_in(answer, status["size"])
            if on_progress:
                on_progress({**status, "offset": here})


def part(file: BinaryIO, at: int, size: int) -> bytes:
    file.seek(at)
    return file.read(size)


def offset_in(answer: httpx.Response, size: int) -> int:
    """Where the site says the next part begins. A part whose answer was lost is there: that is its 409."""
    told = answer.headers.get(OFFSET, "")
    if not (told.isascii() and told.isdecimal() and len(told) <= 15 and int(told) <= size):
        raise problem_of(answer)
    return int(told)


def status_of(wire: Wire, import_id: int) -> ImportStatus:
    return status_in(wire.told("GET", f"{IMPORTS}{import_id}/"))


def watch(wire: Wire, import_id: int, *, on_progress: Progress | None = None) -> ImportStatus:
    """How the import ended, asked for ever less often until it has."""
    pause = ASKED_FIRST_S
    while True:
        status = status_of(wire, import_id)
        if on_progress:
            on_progress(status)
        if status["state"] in ENDED:
            return status
        wire.sleep(pause)
        pause = min(pause * 1.5, ASKED_LAST_S)
