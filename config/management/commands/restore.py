"""Put a backup in the place of this site."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.backups.manifest import Unfit
from config.backups.programs import ProgramFailed
from config.backups.restoring import NotRestored, restore
from config.keys import NoKey


class Command(BaseCommand):
    help = (
        "Put the backup in FOLDER in the place of this site: checks it, restores database and files, erases again what "
        "was erased since, and verifies the ledger. Stop web, worker and beat first. See docs/backup.md."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", metavar="FOLDER", type=Path, help="what `backup` wrote")
        parser.add_argument("--keys", metavar="FOLDER", type=Path, help="where its key lies, if it is not here already")
        parser.add_argument("--replace", action="store_true", help="throw away what is here")

    def handle(self, *, folder: Path, keys: Path | None, replace: bool, **options: Any) -> None:
        try:
            told = restore(folder, keys=keys, replace=replace, say=self.say)
        except (NotRestored, Unfit, NoKey, ProgramFailed) as refusal:
            raise CommandError(str(refusal)) from None
        except OSError as error:
            raise CommandError(f"{error.filename or folder}: {error.strerror}.") from error
        self.say(f"Restored what was backed up at {told.made_at}: {len(told.tables)} tables alike, row for row.")

    def say(self, sentence: str) -> None:
        self.stdout.write(sentence)
        self.stdout.flush()
