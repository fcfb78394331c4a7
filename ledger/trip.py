"""Statements that go to the database together: the way there and back costs a report more than most of them do."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import DEFAULT_DB_ALIAS, connection, connections, models
from psycopg import ClientCursor

Parameters = Sequence[Any] | Mapping[str, Any] | None


class Trip:
    """Statements in the order they were added, each of which sees what those before it wrote. Asks for no rows."""

    def __init__(self) -> None:
        self._statements: list[tuple[str, Parameters]] = []

    def add(self, statement: str, parameters: Parameters = None) -> None:
        self._statements.append((statement, parameters))

    def insert(self, row: models.Model, *, otherwise: str = "") -> None:
        """The row as it is; ``otherwise`` is a clause ON CONFLICT. Its id is not learnt, and nobody is signalled."""
        self.add(*insertion(row, otherwise))

    def go(self) -> None:
        """Raises what the database says of the first that it refuses; none before it has happened then either."""
        statements, self._statements = self._statements, []
        if statements:
            with connection.cursor() as cursor:
                cursor.execute(together(cursor.connection, statements))


def insert(row: models.Model) -> None:
    """The row as ``save`` would insert it, for half of what that takes: it learns its id, and nobody is signalled."""
    statement, values = insertion(row, f'RETURNING "{row._meta.pk.column}"')
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        (row.pk,) = cursor.fetchone()
    row._state.adding, row._state.db = False, connection.alias


def together(psycopg_connection: Any, statements: Sequence[tuple[str, Parameters]]) -> str:
    """The statements as one text, their values put in."""
    writer = ClientCursor(psycopg_connection)
    return ";".join(writer.mogrify(statement, parameters) for statement, parameters in statements)


def insertion(row: models.Model, ending: str = "") -> tuple[str, list[Any]]:
    """The statement that inserts the row, and its values: what ``save`` puts together anew every time."""
    statement, fields = _insert_into(type(row))
    database = connections[DEFAULT_DB_ALIAS]  # itself: each look through ``connection`` asks which it stands for
    values = [field.get_db_prep_save(field.pre_save(row, True), connection=database) for field in fields]
    return f"{statement} {ending}", values


@cache
def _insert_into(model: type[models.Model]) -> "tuple[str, list[models.Field[Any, Any]]]":
    fields = [
        field
        for field in model._meta.local_concrete_fields
        if not (isinstance(field, models.AutoField) or field.generated)
    ]
    columns = ", ".join(f'"{field.column}"' for field in fields)
    casts = (f"::{field.db_type(connection)}" if isinstance(field, ArrayField) else "" for field in fields)
    places = ", ".join(f"%s{cast}" for cast in casts)
    return f'INSERT INTO "{model._meta.db_table}" ({columns}) VALUES ({places})', fields  # noqa: S608 -- our own names
