"""What the clock takes away, now or as a preview."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from reports import retention
from reports.retention import Applied


class Command(BaseCommand):
    help = "Announce and erase what was never published and has been kept long enough; with --dry-run only count it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        applied = retention.preview() if options["dry_run"] else retention.apply(most=1_000_000)
        self.stdout.write(said(applied, is_preview=options["dry_run"]))


def said(applied: Applied, *, is_preview: bool) -> str:
    told = {
        "reports announced": applied.announced,
        "announced ones kept after all": applied.kept_after_all,
        "reports erased": applied.erased,
        "addresses forgotten": applied.contacts,
        "drafts deleted": applied.drafts,
    }
    first = "Nothing was changed. It would be:" if is_preview else "Done:"
    return f"{first} {', '.join(f'{what} {count}' for what, count in told.items())}"
