"""Write the public record into files."""

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from reports.dump import LATEST, Busy, files, write_dump
from reports.importers.progress import ERASE

TELL_EVERY = 1_000  # lines


class Command(BaseCommand):
    help = (
        "Write all that is public into JSON lines and CSV with their SHA-256 digests, in the place of what was written "
        "before. The same is done every night."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            is_new = write_dump(count=self.tell)
        except Busy:
            raise CommandError("Another dump is being written.") from None
        except OSError as error:
            raise CommandError(f"Cannot write to {settings.DUMPS_DIR}: {error.strerror}.") from error
        told = files()
        self.clear()
        done = "written" if is_new else "unchanged"
        size = sum(each.size for each in told)
        self.stdout.write(f"{settings.DUMPS_DIR / LATEST}: {done}, {len(told)} files, {size} bytes")

    def tell(self, done: int) -> None:
        if sys.stderr.isatty() and done % TELL_EVERY == 0:
            sys.stderr.write(f"{ERASE}{done} lines")
            sys.stderr.flush()

    def clear(self) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(ERASE)
