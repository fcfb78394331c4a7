"""Where bytes that people sent lie: what nobody has examined yet in one folder, what a worker made of it in another.

Files are called by random names only, are their owner's alone (0600 in folders of 0700), and lie where no web server
looks. Names come from our tables; one that could not have been made here is refused all the same.
"""

import os
import re
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

NAME = re.compile(r"[A-Za-z0-9_-]{32}")
NAME_BYTES = 24  # 192 random bits


class Room(StrEnum):
    """``HALF`` is where a worker writes what it makes, until it is whole. In ``IMPORTS`` lie files of many reports."""

    WAITING = "waiting"
    HALF = "half"
    READY = "ready"
    IMPORTS = "imports"


def folder(room: Room) -> Path:
    """The folder, made if it is not there."""
    place = settings.FILES_DIR / room.value
    for path in (settings.FILES_DIR, place):
        if not path.is_dir():
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        elif stat.S_IMODE(path.stat().st_mode) != 0o700:
            path.chmod(0o700)
    return place


def path_of(room: Room, name: str) -> Path:
    """Where that file is, or would be. Raises ValueError for what is no name of ours."""
    if not NAME.fullmatch(name):
        raise ValueError("That is not the name of an attachment.")
    return folder(room) / name


def new_name() -> str:
    return secrets.token_urlsafe(NAME_BYTES)


def lay_down(raw: bytes, room: Room = Room.WAITING) -> str:
    """Put ``raw`` in quarantine, for good once this returns. Returns its name. Raises OSError."""
    name = new_name()
    with laying(room, name) as file:
        file.write(raw)
    return name


@contextmanager
def laying(room: Room, name: str) -> Iterator[BinaryIO]:
    """A new file of that name, for good once this is left. Raises OSError."""
    with open(path_of(room, name), "xb", opener=owner_only) as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
    keep_names(room)


def owner_only(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)


def keep_names(room: Room) -> None:
    """See to it that the folder's list of names outlives a power cut, as the bytes do."""
    descriptor = os.open(folder(room), os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def drop(name: str, *rooms: Room) -> None:
    """Delete the bytes, everywhere unless rooms are named. Nothing happens where they are gone already."""
    for room in rooms or tuple(Room):
        path_of(room, name).unlink(missing_ok=True)


def names_in(room: Room, *, older_than_s: float) -> Iterator[str]:
    """Names of the files there that were last written longer ago than that."""
    before = time.time() - older_than_s
    with os.scandir(folder(room)) as found:
        for file in found:
            if NAME.fullmatch(file.name) and file.stat(follow_symlinks=False).st_mtime < before:
                yield file.name
