"""One part of a site in a process of its own, for sites on containers or under a service manager."""

import os
from typing import Any

import psycopg
from django.core.management.base import BaseCommand, CommandError, CommandParser
from pgmq.install import PGMQInstallError

from config.broker import queue_address, uses_embedded_queue
from config.household import PARTS
from config.postgres import install_broker


class Command(BaseCommand):
    help = "Becomes the web server, a worker or the beat of a site with a database of its own (DATABASE_URL)."
    requires_system_checks = []  # migrate makes those that matter here

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("part", choices=sorted(PARTS))

    def handle(self, *args: Any, part: str, **options: Any) -> None:
        if not os.environ.get("DATABASE_URL"):
            raise CommandError("Set DATABASE_URL. With the embedded PostgreSQL `manage.py up` runs all parts.")
        if uses_embedded_queue():
            make_queue()
        command = PARTS[part]()
        os.execv(command[0], command)  # noqa: S606 -- the process that was started is the one that is watched


def make_queue() -> None:
    """The tables of the queue, beside those of the site, where nobody made them yet."""
    try:
        install_broker(queue_address())
    except psycopg.OperationalError:
        pass  # the database is away: what needs it waits, or ends and is started again
    except (psycopg.Error, PGMQInstallError) as failure:
        raise CommandError(
            f"The queue cannot be made in the database ({type(failure).__name__}). Its user must be allowed to make "
            "schemas there; or set BROKER_URL."
        ) from failure
