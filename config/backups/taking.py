"""Taking a backup while the site runs: everything in it is of one moment."""

import os
import shutil
import tempfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from config.backups import manifest, tables
from config.backups.manifest import DATABASE, ERASURES, FILES, KEY, Kept, Manifest
from config.backups.programs import address, programs_for, server_major
from config.keys import derived, master_key
from ledger.models import Event
from reports.models import Attachment, Import
from reports.quarantine import Room
from reports.vocabulary import AttachmentState

TRIES = 3  # a file may be examined, and so be another, while it is copied
SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"


class NotTaken(Exception):
    """The backup cannot be taken; the text says why."""


@dataclass(frozen=True, slots=True)
class Taken:
    folder: Path
    manifest: Manifest


def take(folder: Path) -> Taken:
    """Write database, files and manifest into ``folder``, which must not be there yet or be empty.

    It gets its name when it is whole. Raises NotTaken, ProgramFailed and OSError.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise NotTaken(f"{folder} is not empty. Name a folder that is not there yet.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    gone: set[str] = set()
    for _ in range(TRIES):
        draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}.unfinished-", dir=folder.parent))
        try:
            told = _written(draft)
            if set(told.missing) <= gone:  # nothing that was still there the last time
                draft.replace(folder)
                return Taken(folder, told)
            gone = set(told.missing)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    raise NotTaken("Files go while they are copied, each time others. Try again when the site is less busy.")


def _written(draft: Path) -> Manifest:
    major = server_major()
    programs = programs_for(major)
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(SNAPSHOT)
        cursor.execute("SELECT pg_export_snapshot()")
        (snapshot,) = cursor.fetchone()
        left_out = [f"--exclude-table-data=public.{name}" for name in tables.LEFT_OUT]
        dump = ["--format=custom", f"--snapshot={snapshot}", f"--file={draft / DATABASE}", f"--dbname={address()}"]
        plain = ["--no-owner", "--no-privileges", "--no-password", "--exclude-schema=pgmq"]
        programs.run("pg_dump", *dump, *plain, *left_out)
        kept, missing = _copied(draft)
        told = Manifest(
            made_at=timezone.now().isoformat(),
            version=version(),
            postgres=major,
            migrations=tables.migrations(),
            key=fingerprint(settings.KEY_FILE),
            ledger=Event.objects.filter(sequence__isnull=False).count(),
            tables=tables.digests(),
            files=[_kept(draft, DATABASE), *_journal(draft), *kept],
            missing=missing,
        )
    (draft / DATABASE).chmod(0o600)
    told.write(draft)
    return told


def wanted() -> Iterator[tuple[Room, str]]:
    """Every file that a row wants, by the room it lies in. What lies half made, nobody wants yet."""
    rooms = {AttachmentState.WAITING: Room.WAITING, AttachmentState.READY: Room.READY}
    standing = Attachment.objects.standing().filter(state__in=rooms).order_by("pk")
    for state, name in standing.values_list("state", "name"):
        yield rooms[AttachmentState(state)], name
    for names in Import.objects.order_by("pk").values_list("file", "units"):
        yield from ((Room.IMPORTS, name) for name in names if name)


def _copied(draft: Path) -> tuple[list[Kept], list[str]]:
    """What was copied, and the names of what was not there."""
    kept, missing = [], []
    for room, name in wanted():
        place = f"{FILES}/{room.value}/{name}"
        target = draft / place
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            shutil.copyfile(settings.FILES_DIR / room.value / name, target)
        except FileNotFoundError:
            missing.append(place)
            continue
        target.chmod(0o600)
        kept.append(_kept(draft, place))
    return kept, missing


def _journal(draft: Path) -> list[Kept]:
    """What was erased until now, by which it is erased again from an older backup."""
    if not settings.ERASURES_LOG.exists():
        return []
    shutil.copyfile(settings.ERASURES_LOG, draft / ERASURES)
    (draft / ERASURES).chmod(0o600)
    return [_kept(draft, ERASURES)]


def _kept(draft: Path, name: str) -> Kept:
    path = draft / name
    with path.open("rb") as file:
        os.fsync(file.fileno())
    return Kept(name, path.stat().st_size, manifest.sha256(path))


# The key, apart


def take_key(folder: Path, backup: Path) -> Path:
    """Copy the key into ``folder``, which must not be the backup's: whoever has both can read what is sealed."""
    if folder.resolve().is_relative_to(backup.resolve()):
        raise NotTaken("The key must not lie in the folder of what it opens. Name another one with --keys.")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    target = folder / KEY
    if target.exists() and fingerprint(target) != fingerprint(settings.KEY_FILE):
        raise NotTaken(f"{target} holds another key. Name another folder with --keys.")
    target.touch(mode=0o600)
    target.write_text(settings.KEY_FILE.read_text())
    return target


def fingerprint(key_file: Path) -> str:
    return derived(master_key(key_file), "backup").hex()[:16]


def version() -> str:
    with (settings.BASE_DIR / "pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])
