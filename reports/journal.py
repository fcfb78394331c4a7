"""What was erased, in a file apart from the database: so that a backup of the database, restored, is erased again.

A line for each erasure: its day, the report's reference, the ground. It is only ever added to, may be read by its owner
alone, and says nothing that the reference does not say. Keep it with the backups and merge it when one is restored
(docs/erasure.md): the same line twice is the same erasure.
"""

import fcntl
import os
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TextIO

from django.conf import settings

from reports.vocabulary import ErasureBasis

LINE = re.compile(r"(\d{4}-\d{2}-\d{2}) (r-[0-9a-z-]{4,22}) ([a-z]{1,12})")


class Unreadable(Exception):
    """There is no such file, or it is not one of these."""


@dataclass(frozen=True, slots=True, order=True)
class Erased:
    """One line."""

    on: date  # UTC
    reference: str
    basis: str

    @property
    def line(self) -> str:
        return f"{self.on.isoformat()} {self.reference} {self.basis}\n"


def read(path: Path) -> list[Erased]:
    """What the file says, each reference once, as it was first erased. A last line that was torn off is left out.

    Raises :class:`Unreadable` if there is no such file, and for a line that is none of these: it is no such file.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as failure:
        raise Unreadable(f"{path} cannot be read: {failure}") from failure
    whole, _newline, _torn = text.rpartition("\n")
    found: dict[str, Erased] = {}
    for number, line in enumerate(whole.splitlines(), start=1):
        erased = _erased(line)
        if erased is None:
            raise Unreadable(f"{path}, line {number}, is not a day, a reference and a ground.")
        found.setdefault(erased.reference, erased)
    return list(found.values())


def kept() -> list[Erased]:
    """What this site's own file says; nothing while there is none."""
    return read(settings.ERASURES_LOG) if settings.ERASURES_LOG.exists() else []


def add(erased: Iterable[Erased]) -> int:
    """Write down what is not there yet, for good once this returns; how many that were. Raises OSError, Unreadable."""
    settings.ERASURES_LOG.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(settings.ERASURES_LOG, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "r+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # until it is closed: web processes and workers write to it
        known = {each.reference for each in kept()}
        new = [each for each in dict.fromkeys(erased) if each.reference not in known]
        if new:
            _take_off_what_is_torn(file)
            file.write("".join(each.line for each in new))
            file.flush()
            os.fsync(file.fileno())
        return len(new)


def _take_off_what_is_torn(file: TextIO) -> None:
    """The beginning of a line that was being written when the power went: the next would run into it."""
    whole, newline, _torn = file.read().rpartition("\n")
    file.truncate(len((whole + newline).encode()))


def _erased(line: str, known: Collection[str] = frozenset(ErasureBasis.values)) -> Erased | None:
    found = LINE.fullmatch(line)
    if found is None or found[3] not in known:
        return None
    try:
        return Erased(date.fromisoformat(found[1]), found[2], found[3])
    except ValueError:
        return None
