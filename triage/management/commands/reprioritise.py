"""``manage.py reprioritise``: write every issue's priority anew, for when a weight was changed in the code."""

from typing import Any

from django.core.management.base import BaseCommand

from triage.counting import reprioritise


class Command(BaseCommand):
    help = "Write every issue's priority anew. A weight changed in the admin does it by itself."

    def handle(self, *args: Any, **options: Any) -> None:
        changed, _last = reprioritise()
        self.stdout.write(f"{changed} {'issue' if changed == 1 else 'issues'} changed place.")
