"""Take a backup: database and files into one folder, the key into another."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.backups import manifest
from config.backups.programs import ProgramFailed
from config.backups.taking import NotTaken, take, take_key
from config.keys import NoKey


class Command(BaseCommand):
    help = (
        "Write database, files and a manifest into FOLDER, all of one moment, while the site runs. The key is no part "
        "of it: --keys copies it into a folder of its own, to be stored elsewhere. See docs/backup.md."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", metavar="FOLDER", type=Path, help="a folder that is not there yet")
        parser.add_argument("--keys", metavar="FOLDER", type=Path, help="where the key is copied; not inside the other")

    def handle(self, *, folder: Path, keys: Path | None, **options: Any) -> None:
        try:
            key = take_key(keys, folder) if keys else None
            taken = take(folder)
        except (NotTaken, NoKey, ProgramFailed) as refusal:
            raise CommandError(str(refusal)) from None
        except OSError as error:
            raise CommandError(f"{error.filename or folder} cannot be written: {error.strerror}.") from error
        told = taken.manifest
        size = sum(kept.size for kept in told.files)
        rows = sum(table.rows for table in told.tables.values())
        self.stdout.write(
            f"{folder}: {len(told.tables)} tables, {rows} rows, {told.count_of_files} files, {size} bytes"
        )
        self.stdout.write(f"SHA-256 of {manifest.NAME}: {manifest.sha256(folder / manifest.NAME)}")
        if told.missing:
            self.stderr.write(f"{len(told.missing)} files that rows name were not there: {', '.join(told.missing[:5])}")
        self.stdout.write(
            f"The key is in {key}. Store it elsewhere." if key else "The key is not in it: keep KEY_FILE elsewhere."
        )
