"""After a backup was restored: erase again what had been erased."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from reports.journal import Unreadable
from reports.reapplying import reapply


class Command(BaseCommand):
    help = (
        "Erase again what the journals of erasures and the ledger say was erased. Run it after every restore, "
        "before anybody is let in."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--journal", metavar="FILE", type=Path, action="append", default=[], help="a further journal, merged in"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            done = reapply(options["journal"])
        except (Unreadable, OSError) as failure:
            raise CommandError(str(failure)) from failure
        self.stdout.write(f"known {done.known}, erased again {done.again}, not here {done.absent}")
        if done.unfinished:
            self.stdout.write(f"of {done.unfinished} something is left, which the worker takes away once it runs")
