"""Put the keys of sealed reports under a new key of the site."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from reports.envelopes import Unreadable, add_site_key, site_keys
from reports.sealed import AT_ONCE, rewrap


class Command(BaseCommand):
    help = (
        "Add a key to the key file and put the keys of all sealed reports under it. What they seal stays as it is. "
        "Where several machines have a copy of the key file: first --only-add, copy the file, then --only-rewrap."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        steps = parser.add_mutually_exclusive_group()
        steps.add_argument("--only-add", action="store_true", help="write the new key into the key file, and no more")
        steps.add_argument("--only-rewrap", action="store_true", help="use the newest key that the file holds")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["only_rewrap"]:
            self.stdout.write(f"The key file holds key {add_site_key()}.")
        if options["only_add"]:
            return
        done = 0
        try:
            while count := rewrap(most=AT_ONCE):
                done += count
        except Unreadable as failure:
            raise CommandError(f"The key of report {str(failure).split()[0]} cannot be unwrapped: {failure}.") from None
        self.stdout.write(f"rewrapped {done} under key {max(site_keys())}")
