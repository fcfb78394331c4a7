"""The tables that a migration alters are taken all at once, before it does anything.

If it came by them one after the other, as it alters them, it would soon hold one that a filing waits for and wait for
one that this filing holds: a deadlock every time while reports come in, of which the filing may be the victim. Who
holds nothing yet can give way, and who holds everything waits for nobody.
"""

import re
import time
from collections.abc import Iterable, Mapping
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation

NAME = r'"?(?:public"?\.)?"?(?P<table>\w+)"?'
# For all of them together. Whoever has stood in line behind us for a second asks PostgreSQL to look for a deadlock, and
# would be its victim if we still waited then.
PATIENCE_S = 0.9
ALONE = "ACCESS EXCLUSIVE"
WRITING = "SHARE ROW EXCLUSIVE"  # everybody else still reads
PATTERNS = [
    (mode, re.compile(pattern, re.IGNORECASE))
    for mode, pattern in (
        (ALONE, rf"\bALTER TABLE (?:ONLY )?(?:IF EXISTS )?{NAME} (?!VALIDATE )"),  # validating hinders nobody
        (ALONE, rf"\bDROP TABLE (?:IF EXISTS )?{NAME}"),
        (ALONE, rf"\bDROP TRIGGER (?:IF EXISTS )?\S+ ON {NAME}"),
        (WRITING, rf"\bREFERENCES {NAME}"),
        (WRITING, rf"\bINDEX (?!CONCURRENTLY)(?:IF NOT EXISTS )?\S+ ON {NAME}"),
        (WRITING, rf"\bCREATE (?:OR REPLACE )?(?:CONSTRAINT )?TRIGGER [^;]*? ON {NAME}"),
    )
]
# What others refer to is written before what refers to it: so filing and grouping go from table to table, and so do we.
# Tables that refer to each other in a circle come last, by name.
IN_ORDER = """
WITH RECURSIVE stands AS (
    SELECT name, to_regclass(quote_ident(name)) AS id FROM unnest(%s::text[]) AS name
), chain (id, length) AS (
    SELECT oid, 0 FROM pg_class WHERE relkind IN ('r', 'p') UNION
    SELECT conrelid, length + 1 FROM chain JOIN pg_constraint ON contype = 'f' AND confrelid = chain.id
    WHERE conrelid <> confrelid AND length < 12
)
SELECT id::regclass::text, name FROM stands JOIN chain USING (id) GROUP BY id, name ORDER BY max(length), name
"""


def locks(statements: Iterable[str]) -> dict[str, str]:
    """The tables that these statements take, each in the stronger mode. Those that they make are among them."""
    said = [one for one in statements if not one.startswith("--")]
    found = [(match["table"], mode) for one in said for mode, each in PATTERNS for match in each.finditer(one)]
    return {**dict(found), **{table: mode for table, mode in found if mode == ALONE}}


def take(connection: BaseDatabaseWrapper, modes: Mapping[str, str]) -> None:
    """Hold those of the tables that stand to the end of the transaction. Raises OperationalError if it takes long."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        (usual,) = cursor.fetchone()
        cursor.execute(IN_ORDER, [list(modes)])
        standing = cursor.fetchall()
        until = time.monotonic() + PATIENCE_S
        for quoted, name in standing:
            left_ms = max(1, round((until - time.monotonic()) * 1000))
            cursor.execute("SELECT set_config('lock_timeout', %s, false)", [f"{left_ms}ms"])
            cursor.execute(f"LOCK TABLE {quoted} IN {modes[name]} MODE")
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", [usual])


class TakeTables(Operation):
    """What a migration begins with."""

    def __init__(self, modes: Mapping[str, str]) -> None:
        self.modes = modes

    def state_forwards(self, app_label: str, state: Any) -> None:
        pass

    def database_forwards(self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, *states: Any) -> None:
        take(schema_editor.connection, self.modes)


def take_first(connection: BaseDatabaseWrapper, migration: Migration) -> None:
    """Have this migration take all that it needs before its first operation."""
    if migration.atomic:  # else each operation is by itself
        loader = MigrationLoader(connection)
        statements = loader.collect_sql([(loader.get_migration(migration.app_label, migration.name), False)])
        first = TakeTables(locks(statements))
        migration.operations = [first, *migration.operations]  # type: ignore[misc]  # its own: a copy of the class's
