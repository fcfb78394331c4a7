"""The public record as files: written nightly beside the last ones, and in their place once they are whole.

Only one dump is kept. What people take off the record must not live on in the dump of last week; and between two nights
:func:`outdated` notices that something the kept one says is no longer said, upon which it is written anew. What is only
new waits for the night, so that the files stay what they are while somebody fetches them.

The same record gives the same bytes. Their digests name the folder; while they do not change, nothing does, not even a
date: how often it was tried, and what was decided in between that nobody may see, cannot be told from it.
"""

import csv
import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, TextIO

from django.conf import settings
from django.db import connection, transaction

from accounts.policy import ANONYMOUS
from reports.exporters.table import harmless
from reports.exporters.tables import COLUMNS, Line, lines
from reports.record import artifacts_with_pages, issues_on_record, on_record

LATEST = "LATEST"
SUMS = "SHA256SUMS"
WORDS = ".words"  # beside the files, and served to nobody: see outdated()
DRAFT = ".draft-"
OURS = re.compile(r"[0-9a-f]{16}|\.draft-.*")  # whatever else lies in the folder is not ours to delete
LOCK = "telltale dump"
AT_ONCE = 2_000  # rows
ENDINGS = ("jsonl", "csv")
FILES = tuple(f"{table}.{ending}" for table in COLUMNS for ending in ENDINGS)


class Busy(Exception):
    """Somebody else is writing one."""


@dataclass(frozen=True, slots=True)
class File:
    name: str
    size: int  # bytes
    digest: str  # SHA-256, in hexadecimal
    path: Path


def write_dump(*, count: Callable[[int], None] = lambda done: None) -> bool:
    """Write the record as it is now; whether that differs from what was kept. ``count`` hears of every line.

    Raises Busy. Whatever else is raised on the way, what was kept stays.
    """
    with alone_in_one_moment():
        settings.DUMPS_DIR.mkdir(parents=True, exist_ok=True)
        draft = Path(mkdtemp(prefix=DRAFT, dir=settings.DUMPS_DIR))
        try:
            written(draft, counted(lines(), count))
            (draft / WORDS).write_text("".join(f"{word}\n" for word in sorted(words_told())))
            return kept(draft)
        finally:
            shutil.rmtree(draft, ignore_errors=True)


@contextmanager
def alone_in_one_moment() -> Iterator[None]:
    """All files tell of one moment: a transaction that sees what was there when it began. Raises Busy."""
    is_outermost = not connection.in_atomic_block
    with transaction.atomic(), connection.cursor() as cursor:
        if is_outermost:  # else it is too late to say so, and whoever began it answers for it
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [LOCK])
        if not cursor.fetchone()[0]:
            raise Busy
        yield


def counted(told: Iterable[Line], count: Callable[[int], None]) -> Iterator[Line]:
    for done, line in enumerate(told, 1):
        yield line
        count(done)


class _Summed:
    """A text file that is being written, and the digest of what went into it."""

    def __init__(self, file: TextIO) -> None:
        self.file, self.digest = file, hashlib.sha256()

    def write(self, text: str) -> None:
        self.digest.update(text.encode())
        self.file.write(text)


def written(folder: Path, told: Iterable[Line]) -> None:
    """Every table in both forms, and their digests in the order and form that ``sha256sum --check`` reads."""
    with ExitStack() as stack:
        files = {
            name: _Summed(stack.enter_context((folder / name).open("w", encoding="utf-8", newline="")))
            for name in FILES
        }
        writers = {table: csv.writer(files[f"{table}.csv"], dialect="excel") for table in COLUMNS}
        for table, columns in COLUMNS.items():
            writers[table].writerow(columns)
        for line in told:
            files[f"{line.table}.jsonl"].write(json.dumps(line.row, ensure_ascii=False) + "\n")
            writers[line.table].writerow([harmless(value) for value in line.row.values()])
        sums = "".join(f"{files[name].digest.hexdigest()}  {name}\n" for name in FILES)
    (folder / SUMS).write_text(sums)


def kept(draft: Path) -> bool:
    """Give the draft its name, lead LATEST there in one step, and delete what was kept before; False if it is that.

    Whoever is reading a file that is deleted reads it to its end.
    """
    name = hashlib.sha256((draft / SUMS).read_bytes()).hexdigest()[:16]
    place, latest = settings.DUMPS_DIR / name, settings.DUMPS_DIR / LATEST
    is_new = latest.resolve() != place.resolve() or not (place / SUMS).exists()
    if is_new:
        shutil.rmtree(place, ignore_errors=True)
        draft.chmod(0o755)
        draft.rename(place)
        pointer = settings.DUMPS_DIR / f"{DRAFT}latest"
        pointer.unlink(missing_ok=True)
        pointer.symlink_to(name)
        os.replace(pointer, latest)
    for other in settings.DUMPS_DIR.iterdir():
        if other.name != name and OURS.fullmatch(other.name):
            shutil.rmtree(other, ignore_errors=True)
    return is_new


# What is kept


def files() -> list[File]:
    """Of the dump that is kept, in the order of its digests; none while there is none."""
    folder = (settings.DUMPS_DIR / LATEST).resolve()  # one and the same, should another take its place meanwhile
    try:
        sums = (folder / SUMS).read_text().splitlines()
        told = [_file(folder / name, digest) for digest, name in map(str.split, sums)]
        return [*told, _file(folder / SUMS, hashlib.sha256((folder / SUMS).read_bytes()).hexdigest())]
    except FileNotFoundError:
        return []


def _file(path: Path, digest: str) -> File:
    return File(path.name, path.stat().st_size, digest, path)


def changed_at() -> datetime | None:
    """When what is kept was first written so."""
    try:
        return datetime.fromtimestamp((settings.DUMPS_DIR / LATEST / SUMS).stat().st_mtime, UTC)
    except FileNotFoundError:
        return None


def outdated() -> bool:
    """Whether what is kept says something that the record does not say any more, or nothing is kept yet."""
    try:
        said = set((settings.DUMPS_DIR / LATEST / WORDS).read_text().split())
    except FileNotFoundError:
        return True
    said.difference_update(words_told())
    return bool(said)


def words_told() -> Iterator[str]:
    """A trace of every text that somebody wrote, with what it is said of."""
    issues = issues_on_record(ANONYMOUS).prefetch_related(None).order_by()
    yield from _traces("issue", issues.values_list("number", "public_title", "public_summary"))
    stands = on_record(ANONYMOUS).order_by()
    name = ("artifact__kind", "artifact__org", "artifact__name")
    yield from _traces("affected", stands.values_list("issue__number", *name, "status", "resolution", "statement"))
    cards = artifacts_with_pages(ANONYMOUS).order_by()
    told = ("title", "developer", "deployer", "intended_use", "known_limitations", "data_collection", "card_url")
    yield from _traces("artifact", cards.values_list("kind", "org", "name", *told))


def _traces(what: str, rows: Any) -> Iterator[str]:
    for row in rows.iterator(chunk_size=AT_ONCE):
        yield hashlib.sha256(repr((what, row)).encode()).hexdigest()[:32]
