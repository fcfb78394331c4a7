"""Seal what was filed before this site sealed anything."""

from typing import Any

from django.core.management.base import BaseCommand

from reports.sealed import AT_ONCE, due, seal_due


class Command(BaseCommand):
    help = "Seal the words of sensitive reports that are not sealed yet, a hundred a transaction. Safe to stop."

    def handle(self, *args: Any, **options: Any) -> None:
        done = 0
        while count := seal_due(most=AT_ONCE):
            done += count
            if self.stdout.isatty():
                self.stdout.write(f"\rsealed {done}", ending="")
        self.stdout.write(f"sealed {done}, left {due().count()}")
