"""One part of a site in a process of its own, for sites on containers or under a service manager."""

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.household import PARTS


class Command(BaseCommand):
    help = "Becomes the web server, a worker or the beat of a site with a database of its own (DATABASE_URL)."
    requires_system_checks = []  # migrate makes those that matter here

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("part", choices=sorted(PARTS))

    def handle(self, *args: Any, part: str, **options: Any) -> None:
        if not os.environ.get("DATABASE_URL"):
            raise CommandError("Set DATABASE_URL. With the embedded PostgreSQL `manage.py up` runs all parts.")
        command = PARTS[part]()
        os.execv(command[0], command)  # noqa: S606 -- the process that was started is the one that is watched
