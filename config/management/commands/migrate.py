"""Django's migrate, which waits for no lock so long that everybody else waits behind it, and takes locks at once."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.commands import migrate
from django.db import OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import Migration
from django.db.migrations.recorder import MigrationRecorder
from psycopg.errors import DeadlockDetected, LockNotAvailable

from config.taking import take_first

# Whoever wants a table meanwhile stands in line behind a migration that waits for it. And it is less than the second
# after which PostgreSQL looks for deadlocks: so the migration gives way, and never a request.
LOCK_TIMEOUT = "500ms"
IN_THE_WAY = (LockNotAvailable, DeadlockDetected)
TRIES = 60
PAUSE_S = 1.0


class Command(migrate.Command):
    taking: BaseDatabaseWrapper | None = None  # whose tables are taken: of a site that others may be using

    def handle(self, *args: Any, **options: Any) -> None:
        """Each migration is a transaction: what was done stays done, and the next try goes on from there."""
        connection = connections[options["database"]]
        for left in reversed(range(TRIES)):
            self.taking = connection if MigrationRecorder(connection).applied_migrations() else None
            try:
                with patience(connection):
                    super().handle(*args, **options)
                return
            except OperationalError as refusal:
                if not isinstance(refusal.__cause__, IN_THE_WAY) or not left:
                    raise
                self.stderr.write("A table is in use; trying again.")
                time.sleep(PAUSE_S)

    def migration_progress_callback(self, action: str, migration: Migration | None = None, fake: bool = False) -> None:
        super().migration_progress_callback(action, migration, fake)
        if action == "apply_start" and migration and not fake and self.taking:
            take_first(self.taking, migration)


@contextmanager
def patience(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """For as long as it lasts, no lock is waited for longer than LOCK_TIMEOUT."""
    is_inside = connection.in_atomic_block  # as in a test
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", [LOCK_TIMEOUT])
    try:
        yield
    except OperationalError:
        if not is_inside:
            # Django leaves the transaction open when what a migration put off to its end fails
            connection.close()
            connection.connect()
        raise
    with connection.cursor() as cursor:
        cursor.execute("RESET lock_timeout")
