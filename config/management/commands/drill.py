"""Rehearse the worst day: a backup of this site, restored into a database of its own that is thrown away."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.backups import manifest
from config.backups.programs import ProgramFailed
from config.backups.taking import NotTaken, take, take_key


class Command(BaseCommand):
    help = (
        "Take a backup, or the one in FOLDER, restore it into a fresh embedded database, compare every table, verify "
        "the ledger, and throw all of that away. The site goes on meanwhile."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", metavar="FOLDER", nargs="?", type=Path, help="a backup that was made before")
        parser.add_argument("--keys", metavar="FOLDER", type=Path, help="where its key lies; unless set, this site's")

    def handle(self, *, folder: Path | None, keys: Path | None, **options: Any) -> None:
        with tempfile.TemporaryDirectory(prefix="telltale-drill-") as scratch:
            began = time.monotonic()
            try:
                backup = folder or take(Path(scratch) / "backup").folder
                keys = keys or take_key(Path(scratch) / "keys", backup).parent
                told = manifest.read(backup)
            except (NotTaken, ProgramFailed, manifest.Unfit) as refusal:
                raise CommandError(str(refusal)) from None
            taken = time.monotonic()
            self.restored(backup, keys, Path(scratch) / "state")
            ended = time.monotonic()
        rows = sum(table.rows for table in told.tables.values())
        self.stdout.write(
            f"Backup of {told.made_at}: {rows} rows in {len(told.tables)} tables, {told.count_of_files} files. "
            f"Taken in {taken - began:.1f} s, restored and verified in {ended - taken:.1f} s."
        )

    def restored(self, backup: Path, keys: Path, state: Path) -> None:
        """By the command that would do it on that day, on a state folder of its own."""
        # Where these are set, they are the site's
        own = {
            "DATABASE_URL": "",
            "STATE_DIR": str(state),
            "FILES_DIR": "",
            "KEY_FILE": "",
            "DUMPS_DIR": "",
            "ERASURES_LOG": "",
        }
        command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "restore", str(backup), "--keys", str(keys)]
        done = subprocess.run(command, env={**os.environ, **own}, capture_output=True, text=True, check=False)
        self.stdout.write(done.stdout.strip())
        if done.returncode != 0:
            raise CommandError(f"The drill failed: {done.stderr.strip()}")
