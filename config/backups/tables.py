"""What each table comes to, told alike by every server that holds the same rows."""

from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from config.backups.manifest import Told

# Made anew by itself; and sessions are keys to somebody's account, which have no business in a folder that travels
LEFT_OUT = ("cache", "django_session")
NAMES = """
SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace
 ORDER BY relname
"""
COLUMNS = """
SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped ORDER BY attname
"""
# A sum, so that no server has to sort; of two halves of a digest of every row. to_hex takes no numeric.
DIGEST = """
SELECT count(*), to_hex(coalesce(mod(sum(('x' || left(h, 15))::bit(60)::bigint), {most}), 0)::bigint)
  || '-' || to_hex(coalesce(mod(sum(('x' || right(h, 15))::bit(60)::bigint), {most}), 0)::bigint)
  FROM (SELECT md5(ROW({columns})::text) AS h FROM {table}) AS hashed
"""
MOST = 2**63 - 25  # the largest prime that fits a bigint


def names() -> list[str]:
    """The tables that a backup holds the rows of, in alphabetical order."""
    with connection.cursor() as cursor:
        cursor.execute(NAMES)
        return [name for (name,) in cursor.fetchall() if name not in LEFT_OUT]


def digests() -> dict[str, Told]:
    """Of every table. Reads all rows; in a transaction of one moment, if they are to be of one."""
    with connection.cursor() as cursor:
        cursor.execute("SET TIME ZONE 'UTC'")
    return {name: told_of(name) for name in names()}


def told_of(table: str) -> Told:
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        cursor.execute(COLUMNS, [quote(table)])
        columns = ", ".join(quote(name) for (name,) in cursor.fetchall())
        cursor.execute(DIGEST.format(columns=columns, table=quote(table), most=MOST))
        rows, digest = cursor.fetchone()
    return Told(rows, digest)


def migrations() -> list[str]:
    """What was done to this database, as app.name; empty before the first."""
    return sorted(".".join(done) for done in MigrationRecorder(connection).applied_migrations())
