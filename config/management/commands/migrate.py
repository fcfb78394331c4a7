"""Django's migrate, which waits for no lock so long that everybody else waits behind it."""

import time
from typing import Any

from django.core.management.commands import migrate
from django.db import OperationalError, connections
from psycopg.errors import LockNotAvailable

LOCK_TIMEOUT = "2s"  # whoever wants a table meanwhile stands in line behind a migration that waits for it
TRIES = 30
PAUSE_S = 1.0


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        with connections[options["database"]].cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, false)", [LOCK_TIMEOUT])
        try:
            self.patiently(*args, **options)
        finally:
            with connections[options["database"]].cursor() as cursor:
                cursor.execute("RESET lock_timeout")

    def patiently(self, *args: Any, **options: Any) -> None:
        """Each migration is a transaction: what was done stays done, and the next try goes on from there."""
        for left in reversed(range(TRIES)):
            try:
                super().handle(*args, **options)
                return
            except OperationalError as refusal:
                if not isinstance(refusal.__cause__, LockNotAvailable) or not left:
                    raise
                self.stderr.write("A table is in use; trying again.")
                time.sleep(PAUSE_S)
