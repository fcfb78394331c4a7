"""A migration has all of its tables before it does anything, or gives way."""

from collections.abc import Iterator
from unittest.mock import Mock

import psycopg
import pytest
from django.db import OperationalError, connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.test.utils import CaptureQueriesContext
from psycopg.errors import LockNotAvailable

from config import taking
from config.management.commands import migrate
from config.taking import ALONE, WRITING, TakeTables, locks, take, take_first

LOCKS = {
    'ALTER TABLE "reports_report" ADD COLUMN "a" integer NULL;': {"reports_report": ALONE},
    "ALTER TABLE ONLY reports_report ADD CHECK (a > 0) NOT VALID": {"reports_report": ALONE},
    'ALTER TABLE "a" ADD CONSTRAINT "b" FOREIGN KEY ("c") REFERENCES "d" ("id")': {"a": ALONE, "d": WRITING},
    'CREATE TABLE "a" ("b" bigint REFERENCES "public"."d" ("id"))': {"d": WRITING},
    'CREATE INDEX "a" ON "b" ("c")': {"b": WRITING},
    'CREATE UNIQUE INDEX IF NOT EXISTS "a" ON "b" ("c")': {"b": WRITING},
    'CREATE INDEX CONCURRENTLY "a" ON "b" ("c")': {},
    "CREATE FUNCTION f() RETURNS trigger AS $$ BEGIN RETURN NEW; END $$; CREATE TRIGGER g BEFORE UPDATE OF a ON b": {
        "b": WRITING
    },
    "DROP TRIGGER a ON b; CREATE TRIGGER a AFTER UPDATE ON b": {"b": ALONE},
    'DROP TABLE IF EXISTS "a" CASCADE': {"a": ALONE},
    'ALTER TABLE "a" VALIDATE CONSTRAINT "b"': {},  # others go on
    'UPDATE "a" SET "b" = 1': {},
    "-- Create index a on b": {},
}


@pytest.mark.parametrize(("statement", "tables"), LOCKS.items(), ids=[*LOCKS])
def test_what_a_statement_locks(statement: str, tables: dict[str, str]) -> None:
    assert locks([statement]) == tables


def test_of_two_locks_the_stronger_is_taken() -> None:
    alone, writing = 'ALTER TABLE "a" ADD COLUMN "b" int NULL', 'CREATE INDEX "c" ON "a" ("b")'

    assert locks([alone, writing]) == locks([writing, alone]) == {"a": ALONE}


@pytest.fixture
def another(db: None) -> Iterator["psycopg.Connection[tuple[object, ...]]"]:
    with psycopg.connect(connection.connection.info.dsn) as beside:
        yield beside


@pytest.mark.django_db
def test_tables_are_taken_in_the_order_in_which_filing_and_grouping_write_them() -> None:
    with CaptureQueriesContext(
        connection,
    ) as asked:
        take(connection, {f"reports_{name}": WRITING for name in ("absent", "artifact", "evidence", "issue", "report")})

    assert [each["sql"] for each in asked if each["sql"].startswith("LOCK")] == [
        f"LOCK TABLE reports_{name} IN SHARE ROW EXCLUSIVE MODE" for name in ("artifact", "issue", "report", "evidence")
    ]


@pytest.mark.django_db
def test_who_cannot_have_all_has_none(
    another: "psycopg.Connection[tuple[object, ...]]", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking, "PATIENCE_S", 0.05)
    another.execute("LOCK TABLE reports_evidence IN ROW EXCLUSIVE MODE")  # as a filing that has not committed

    with pytest.raises(OperationalError) as refused, transaction.atomic():
        take(connection, {"reports_evidence": ALONE, "reports_report": ALONE})

    assert isinstance(refused.value.__cause__, LockNotAvailable)
    another.execute("LOCK TABLE reports_report IN ROW EXCLUSIVE MODE NOWAIT")  # it goes on
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == ("0",)


@pytest.mark.django_db
def test_a_migration_begins_with_what_all_of_it_needs() -> None:
    migration = MigrationLoader(connection).get_migration("reports", "0018_sealed_evidence")

    take_first(connection, migration)

    first, second, *_rest = migration.operations
    assert isinstance(first, TakeTables)
    assert not isinstance(second, TakeTables)
    assert first.modes["reports_evidence"] == ALONE
    assert first.modes["reports_report"] == WRITING  # a new table refers to it


@pytest.mark.django_db
def test_what_is_not_one_transaction_takes_nothing_for_the_whole() -> None:
    migration = MigrationLoader(connection).get_migration("ledger", "0005_events_by_day")
    operations = list(migration.operations)

    take_first(connection, migration)

    assert list(migration.operations) == operations


def test_of_a_site_that_is_being_made_nothing_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[object] = []
    monkeypatch.setattr(migrate, "take_first", lambda *what: taken.append(what))
    command, migration = migrate.Command(), Mock()
    command.verbosity = 0

    command.migration_progress_callback("apply_start", migration)
    assert taken == []  # nobody else is there yet, and nobody has time

    command.taking = connection
    for action, is_faked in (("apply_start", True), ("apply_start", False), ("apply_success", False)):
        command.migration_progress_callback(action, migration, is_faked)
    assert taken == [(connection, migration)]
