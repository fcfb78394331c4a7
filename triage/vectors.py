"""The table that holds the vectors of one embedder, and what is asked of it.

Made when the embedder is switched on, never by a migration: a database without pgvector migrates. Its rows hang on the
words they were made of, so erasing those erases them. A row without a vector says that the report was looked at and is
in no language the embedder reads.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import DatabaseError, connection, transaction
from numpy.typing import NDArray
from psycopg import sql

from triage.embedders.protocol import EmbedderUnavailable, Vectors

EMBEDDING = 3  # the class of our advisory locks on tables of vectors, see triage/locks.py
EXTENSION = "vector"
OLDEST = (0, 8)  # of pgvector: before, a filtered search in an index could come back with too little
LONGEST = 4_000  # numbers; what its index takes of half precision
EXACT_UP_TO = 10_000  # reports of a family compared one by one; the index is made when a table outgrows this
SEARCHED = 200  # candidates the index keeps while it searches: finds .999 of near copies, .97 between two clusters

MAKE = """
CREATE TABLE IF NOT EXISTS {table} (
    report_id bigint PRIMARY KEY REFERENCES reports_evidence (report_id) ON DELETE CASCADE,
    family_id bigint NOT NULL,
    whole halfvec({dimension})
);
CREATE INDEX IF NOT EXISTS {family} ON {table} (family_id);
"""
INDEX = "CREATE INDEX IF NOT EXISTS {nearest} ON {table} USING hnsw (whole halfvec_cosine_ops)"
MISSING = """
SELECT e.report_id FROM reports_evidence e
WHERE e.report_id > %(after)s AND NOT EXISTS (SELECT FROM {table} t WHERE t.report_id = e.report_id)
ORDER BY e.report_id LIMIT %(most)s
"""
# Whoever is being erased meanwhile is left out, and whoever is stored here cannot be erased half
STORE = """
INSERT INTO {table} (report_id, family_id, whole)
SELECT v.report_id, v.family_id, v.whole::halfvec
FROM unnest(%(reports)s::bigint[], %(families)s::bigint[], %(wholes)s::text[]) AS v (report_id, family_id, whole)
JOIN reports_evidence e ON e.report_id = v.report_id
FOR KEY SHARE OF e
ON CONFLICT (report_id) DO NOTHING
"""
READ = """
SELECT report_id, halfvec_send(whole) FROM {table}
WHERE report_id = ANY(%(reports)s) AND whole IS NOT NULL
"""
# MATERIALIZED, so that the first compares every row and the second lets the index order them.
EXACT = """
WITH compared AS MATERIALIZED (
    SELECT report_id, whole <=> %(whole)s::halfvec AS distance FROM {table}
    WHERE whole IS NOT NULL AND report_id <> %(exclude)s {of_family}
)
SELECT report_id FROM compared ORDER BY distance, report_id LIMIT %(most)s
"""
INDEXED = """
WITH nearest AS MATERIALIZED (
    SELECT report_id, whole <=> %(whole)s::halfvec AS distance FROM {table}
    WHERE report_id <> %(exclude)s {of_family}
    ORDER BY whole <=> %(whole)s::halfvec LIMIT %(most)s
)
SELECT report_id FROM nearest ORDER BY distance, report_id
"""
SEARCH_SETTINGS = """
SELECT set_config('hnsw.ef_search', %s, true), set_config('hnsw.iterative_scan', 'strict_order', true)
"""


def has_pgvector() -> None:
    """Make sure of the extension. Raises EmbedderUnavailable, saying what to do, if it cannot be had."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT default_version, installed_version FROM pg_available_extensions WHERE name = %s", [EXTENSION]
        )
        offered, installed = cursor.fetchone() or (None, None)
    if offered is None:
        raise EmbedderUnavailable(
            "An embedder needs pgvector, and this database server does not have it. Install pgvector 0.8 or later "
            "on the server, use the embedded PostgreSQL, or leave EMBEDDER empty: grouping works by words without it."
        )
    if version(installed or offered) < OLDEST:
        raise EmbedderUnavailable(
            f"An embedder needs pgvector 0.8 or later, and this database has {installed or offered}. "
            "Install a later one on the server, then let a superuser run ALTER EXTENSION vector UPDATE."
        )
    if installed is None:
        create_extension()


def create_extension() -> None:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(EXTENSION)))
    except DatabaseError as error:
        raise EmbedderUnavailable(
            f"pgvector could not be switched on in this database ({str(error).strip()}). "
            "Let a superuser of the database run CREATE EXTENSION vector there once."
        ) from error


def version(said: str) -> tuple[int, ...]:
    """
    >>> version("0.8.5") > version("0.8") > version("0.7.4")
    True
    """
    return tuple(int(part) for part in said.split(".") if part.isdecimal())


@dataclass(frozen=True, slots=True)
class Table:
    """The vectors of one embedder: ``name`` of the table, ``dimension`` of its vectors."""

    name: str
    dimension: int

    def make(self) -> None:
        """Raises EmbedderUnavailable if there is no pgvector, or if the vectors are too long for it."""
        if self.dimension > LONGEST:
            raise EmbedderUnavailable(f"Vectors of {self.dimension} numbers are too long: {LONGEST} is the most.")
        has_pgvector()
        with connection.cursor() as cursor:
            cursor.execute(self.query(MAKE, dimension=sql.Literal(self.dimension)))

    def drop(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(self.query("DROP TABLE IF EXISTS {table}"))

    def query(self, text: str, **parts: sql.Composable) -> sql.Composed:
        names = {name: sql.Identifier(f"{self.name}_{name}") for name in ("family", "nearest")}
        return sql.SQL(text).format(table=sql.Identifier(self.name), **names, **parts)

    def store(self, report_ids: Sequence[int], family_ids: Sequence[int], vectors: Sequence[Vectors | None]) -> int:
        """Keep the vector of each report, or that there is none. Returns how many were not there before."""
        values: dict[str, list[Any]] = {
            "reports": list(report_ids),
            "families": list(family_ids),
            "wholes": [None if vector is None else written(vector) for vector in vectors],
        }
        with connection.cursor() as cursor:
            cursor.execute(self.query(STORE), values)
            return int(cursor.rowcount)

    def missing(self, *, after: int, most: int) -> list[int]:
        """Reports with words that have not been looked at, of those with a greater id, lowest first."""
        with connection.cursor() as cursor:
            cursor.execute(self.query(MISSING), {"after": after, "most": most})
            return [report_id for (report_id,) in cursor.fetchall()]

    def known(self, report_ids: Sequence[int]) -> set[int]:
        """Those of the reports that have been looked at."""
        with connection.cursor() as cursor:
            cursor.execute(self.query("SELECT report_id FROM {table} WHERE report_id = ANY(%s)"), [list(report_ids)])
            return {report_id for (report_id,) in cursor.fetchall()}

    def read(self, report_ids: Sequence[int]) -> dict[int, Vectors]:
        """The vectors of those reports that have one, of unit length."""
        with connection.cursor() as cursor:
            cursor.execute(self.query(READ), {"reports": list(report_ids)})
            return {report_id: unpacked(whole) for report_id, whole in cursor.fetchall()}

    def nearest(self, whole: NDArray[np.float32], *, family_id: int | None, exclude: int, most: int) -> list[int]:
        """Reports of the family (None: of the site) by likeness to ``whole``, best first, ties to the older.

        Exact up to EXACT_UP_TO reports; beyond, the index may miss one.
        """
        values: dict[str, int | str | None] = {
            "whole": written(whole),
            "family": family_id,
            "exclude": exclude,
            "most": most,
        }
        of_family = sql.SQL("" if family_id is None else "AND family_id = %(family)s")
        with transaction.atomic(savepoint=False), connection.cursor() as cursor:
            if self.has_index() and self.is_large(family_id):
                cursor.execute(SEARCH_SETTINGS, [str(max(SEARCHED, most))])
                cursor.execute(self.query(INDEXED, of_family=of_family), values)
            else:
                cursor.execute(self.query(EXACT, of_family=of_family), values)
            return [report_id for (report_id,) in cursor.fetchall()]

    def is_large(self, family_id: int | None) -> bool:
        """Whether so many reports of the family, or of the site, have been looked at that an index pays."""
        where = sql.SQL("" if family_id is None else "WHERE family_id = %(family)s")
        counted = "SELECT count(*) > %(exact)s FROM (SELECT FROM {table} {where} LIMIT %(exact)s + 1) AS counted"
        values: dict[str, int | None] = {"family": family_id, "exact": EXACT_UP_TO}
        with connection.cursor() as cursor:
            cursor.execute(self.query(counted, where=where), values)
            (found,) = cursor.fetchone() or (False,)
        return bool(found)

    def has_index(self) -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [f"{self.name}_nearest"])
            (found,) = cursor.fetchone() or (False,)
        return bool(found)

    def grow_index(self) -> None:
        """Make the index once the table has outgrown exact search: early, so that it never takes long."""
        if not self.has_index() and self.is_large(None):
            with connection.cursor() as cursor:
                cursor.execute(self.query(INDEX))

    def counts(self) -> tuple[int, int]:
        """How many reports were looked at, and how many of them have a vector."""
        with connection.cursor() as cursor:
            cursor.execute(self.query("SELECT count(*), count(whole) FROM {table}"))
            seen, held = cursor.fetchone() or (0, 0)
        return int(seen), int(held)

    def move(self, report_ids: Sequence[int], family_id: int) -> None:
        """Reports whose family is another from now on."""
        with connection.cursor() as cursor:
            cursor.execute(
                self.query("UPDATE {table} SET family_id = %s WHERE report_id = ANY(%s)"), [family_id, list(report_ids)]
            )

    def forget(self, report_ids: Sequence[int]) -> None:
        with connection.cursor() as cursor:
            cursor.execute(self.query("DELETE FROM {table} WHERE report_id = ANY(%s)"), [list(report_ids)])

    @contextmanager
    def filled_by_us(self, *, wait: bool) -> Iterator[bool]:
        """Whether nobody else fills the table meanwhile; with ``wait``, once nobody does."""
        lock = "SELECT TRUE FROM pg_advisory_lock({key})" if wait else "SELECT pg_try_advisory_lock({key})"
        key = sql.SQL("{}, hashtext({})").format(sql.Literal(EMBEDDING), sql.Literal(self.name))
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL(lock).format(key=key))
            (is_ours,) = cursor.fetchone() or (False,)
        try:
            yield bool(is_ours)
        finally:
            if is_ours:
                with connection.cursor() as cursor:
                    cursor.execute(sql.SQL("SELECT pg_advisory_unlock({key})").format(key=key))


def written(vector: NDArray[np.float32]) -> str:
    """As pgvector reads it. Half precision holds about three digits; five lose nothing of that."""
    return f"[{','.join(f'{number:.5g}' for number in vector.tolist())}]"


def unpacked(sent: bytes) -> Vectors:
    """What halfvec_send gives: two 16-bit numbers, the first being the dimension, then halves, all big-endian."""
    halves: Vectors = np.frombuffer(sent, dtype=">f2", offset=4).astype(np.float32)
    units: Vectors = halves / np.linalg.norm(halves)  # half precision has shortened it by a hair
    return units
