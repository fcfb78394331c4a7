"""What a migration may do while the code before it still runs."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.core.management.commands.migrate import Command as Migrate
from django.db import OperationalError, connection
from psycopg.errors import DeadlockDetected, LockNotAvailable

from config.expansion import RULES, breaches
from config.management.commands import migrate

BREACHES = {
    'ALTER TABLE "reports_report" RENAME COLUMN "a" TO "b";': "rename",
    'ALTER TABLE "reports_report" DROP COLUMN "a" CASCADE;': "drop",
    'DROP TABLE "reports_report" CASCADE;': "drop",
    'ALTER TABLE "reports_report" ADD COLUMN "a" integer NOT NULL;': "required",
    'ALTER TABLE "reports_report" ALTER COLUMN "a" DROP DEFAULT;': "required",
    'ALTER TABLE "reports_report" ALTER COLUMN "a" SET NOT NULL;': "required",
    'ALTER TABLE "reports_report" ALTER COLUMN "a" TYPE text USING "a"::text;': "rewrite",
    'ALTER TABLE "reports_report" ADD COLUMN "a" int GENERATED ALWAYS AS ("b" + 1) STORED;': "rewrite",
    'CREATE INDEX "a" ON "reports_report" ("b");': "index",
    'CREATE UNIQUE INDEX "a" ON "reports_report" ("b");': "index",
    'ALTER TABLE "reports_report" ADD CONSTRAINT "a" UNIQUE ("b");': "index",
    'ALTER TABLE "reports_report" ADD CONSTRAINT "a" CHECK ("b" > 0);': "constraint",
    'ALTER TABLE "reports_report" ADD CONSTRAINT "a" FOREIGN KEY ("b") REFERENCES "c" ("id");': "constraint",
}
EXPANSIONS = [
    'ALTER TABLE "reports_report" ADD COLUMN "a" integer NULL;',
    'ALTER TABLE "reports_report" ADD COLUMN "a" varchar(8) DEFAULT \'\' NOT NULL;',
    'CREATE INDEX CONCURRENTLY "a" ON "reports_report" ("b");',
    'ALTER TABLE "reports_report" ADD CONSTRAINT "a" CHECK ("b" > 0) NOT VALID;',
    'ALTER TABLE "reports_report" VALIDATE CONSTRAINT "a";',
    'UPDATE "reports_report" SET "a" = 1;',
]


@pytest.mark.parametrize(("statement", "name"), BREACHES.items(), ids=[*BREACHES.values()])
def test_what_breaks_old_code_or_holds_it_up_is_named(statement: str, name: str) -> None:
    found = list(breaches([statement]))

    assert [breach.partition(":")[0] for breach in found] == [name]
    assert list(breaches([statement], allowed=[name])) == []


@pytest.mark.parametrize("statement", EXPANSIONS)
def test_what_only_expands_passes(statement: str) -> None:
    assert list(breaches([statement])) == []


def test_a_table_of_its_own_a_migration_may_do_with_as_it_likes() -> None:
    made = 'CREATE TABLE "reports_new" ("id" bigint NOT NULL PRIMARY KEY);'

    assert list(breaches([made, *(one.replace("reports_report", "reports_new") for one in BREACHES)])) == []


def test_every_rule_has_its_breach() -> None:
    assert {each.name for each in RULES} == set(BREACHES.values())


@pytest.mark.parametrize(
    "through_rows",
    [
        'UPDATE "reports_report" SET "a" = 1;',
        'INSERT INTO "reports_report" ("a") SELECT "b" FROM "reports_issue";',
        'DELETE FROM "reports_report";',
        'ALTER TABLE "reports_report" VALIDATE CONSTRAINT "a";',
        "-- THIS OPERATION CANNOT BE WRITTEN AS SQL",
    ],
)
def test_nobody_waits_for_a_table_while_rows_are_gone_through(through_rows: str) -> None:
    altered = 'ALTER TABLE "reports_issue" ADD COLUMN "a" integer NULL;'
    made = 'CREATE TABLE "reports_new" ("id" bigint NOT NULL PRIMARY KEY);'

    assert [breach.partition(":")[0] for breach in breaches([altered, through_rows])] == ["held"]
    assert list(breaches([altered, through_rows], allowed=["held"])) == []
    assert list(breaches([altered, through_rows], is_atomic=False)) == []
    assert list(breaches([made, through_rows])) == []


@pytest.mark.django_db(transaction=True)  # what is made concurrently is in none
def test_migrations_since_the_baseline_only_expand() -> None:
    call_command("lint_migrations", verbosity=0)


@pytest.mark.django_db(transaction=True)  # what is made concurrently is in none
@pytest.mark.long
def test_the_first_ones_are_told_when_asked_for() -> None:
    with pytest.raises(CommandError, match=r"reports\.\d{4}"):
        call_command("lint_migrations", "--all")


@pytest.mark.django_db
def test_a_migration_waits_for_no_lock_longer_than_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrate, "PAUSE_S", 0)
    timeouts: list[str] = []
    outcomes: Iterator[Exception | None] = iter([LockNotAvailable(), DeadlockDetected(), None])

    def handle(self: Any, *args: Any, **options: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SHOW lock_timeout")
            timeouts.append(cursor.fetchone()[0])
        if refusal := next(outcomes):
            raise OperationalError from refusal

    monkeypatch.setattr(Migrate, "handle", handle)
    call_command("migrate", verbosity=0)

    assert timeouts == ["500ms"] * 3
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == ("0",)
