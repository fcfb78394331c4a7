"""Putting a backup back: checked whole before anything is touched, and the database in one transaction.

Into a server that is not older than the one it came from goes all of it, tables and rows. Into an older one go the rows
alone, and the tables are those that migrations make there: so a site may move from the embedded server to one of
somebody's own.
"""

import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections
from django.db.backends.postgresql.base import DatabaseWrapper
from django.db.migrations.loader import MigrationLoader

from config.backups import manifest, tables
from config.backups.manifest import DATABASE, ERASURES, FILES, KEY, Manifest
from config.backups.programs import ProgramFailed, Programs, address, environment, programs_for, server_major
from config.backups.taking import fingerprint

# Of newer programs only, and told to every server. An older one refuses it.
UNKNOWN_BEFORE_17 = b"SET transaction_timeout"
AFRESH = b"DROP SCHEMA public CASCADE; CREATE SCHEMA public;\n"
END_OF_ROWS = b"\\.\n"
COPY = re.compile(rb"COPY public\.(?:\"([^\"]+)\"|(\w+)) ")
OF_USE = ("reports_report", "accounts_user", "ledger_event")  # a site with rows in none of these is empty
OTHERS = """
SELECT count(*) FROM pg_stat_activity
 WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
TRIGGERED = "SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1"
LEAVING_S = 5.0  # what connections that were just closed get to be gone
Say = Callable[[str], None]


class NotRestored(Exception):
    """It cannot be put back, and nothing has been touched, unless the text says otherwise."""


def restore(folder: Path, *, keys: Path | None, replace: bool, say: Say) -> Manifest:
    """Put the backup in the place of this site. Raises NotRestored, Unfit, ProgramFailed and OSError."""
    told = manifest.read(folder)
    say(f"Checking {len(told.files)} files…")
    manifest.check(folder, told)
    major = server_major()
    programs = programs_for(max(major, told.postgres))
    is_empty = not is_in_use()
    refuse_what_is_there(told, keys, is_empty=is_empty, replace=replace)
    rows_only = major < told.postgres
    refuse_other_tables(told, rows_only=rows_only)
    say(f"Restoring {len(told.tables)} tables into PostgreSQL {major}{', rows only' if rows_only else ''}…")
    left_out = load(programs, folder / DATABASE, rows_only=rows_only, into_empty=is_empty)
    compare(told, left_out)
    if left_out:
        say(f"Left out, because this server has no such table: {', '.join(left_out)}. They are made anew.")
        forget_vectors(left_out)
    say(f"Restoring {told.count_of_files} files…")
    put_files(folder, told)
    if keys:
        put_key(keys / KEY)
    bring_up_to_date(folder, say)
    return told


# Before anything is touched


def is_in_use() -> bool:
    present = set(tables.names())
    with connection.cursor() as cursor:
        for table in OF_USE:
            if table in present:
                cursor.execute(f"SELECT EXISTS (SELECT FROM {table})")  # noqa: S608 -- names of ours, from above
                if cursor.fetchone()[0]:
                    return True
        return False


def refuse_what_is_there(told: Manifest, keys: Path | None, *, is_empty: bool, replace: bool) -> None:
    if not is_empty and not replace:
        raise NotRestored("This site is not empty. --replace throws away what is there.")
    if others := other_connections():
        raise NotRestored(f"Something is connected to the database ({others}). Stop web, worker and beat first.")
    key_file = keys / KEY if keys else settings.KEY_FILE
    if not key_file.is_file():
        raise NotRestored(f"There is no {KEY} in {keys}.")
    if fingerprint(key_file) != told.key:
        raise NotRestored(
            "This backup was made with another key. Name the folder of its key with --keys, else sealed addresses, "
            "receipts and tokens are lost."
        )


def other_connections() -> int:
    """How many beside our own; those of our pool, which may be two, are closed before it is asked."""
    forget_connections()
    password = settings.DATABASES["default"]["PASSWORD"] or None
    with psycopg.connect(address(), password=password, connect_timeout=5, autocommit=True) as alone:
        deadline = time.monotonic() + LEAVING_S
        while others := (alone.execute(OTHERS).fetchone() or (0,))[0]:
            if time.monotonic() > deadline:
                break
            time.sleep(0.1)
    return int(others)


def refuse_other_tables(told: Manifest, *, rows_only: bool) -> None:
    """Newer than this Telltale is refused; and rows alone fit only tables that are just as they were."""
    loader = MigrationLoader(None)
    ours = {".".join(key) for key in loader.disk_migrations}
    if unknown := sorted(set(told.migrations) - ours):
        raise NotRestored(f"A newer Telltale made this backup: {', '.join(unknown[:3])} is not known here.")
    if rows_only and (later := sorted(ours - set(told.migrations))):
        raise NotRestored(
            f"Into an older PostgreSQL a backup goes only with the Telltale that made it: {', '.join(later[:3])} came "
            "since. Restore with that one, then upgrade."
        )


# The database


def load(programs: Programs, dump: Path, *, rows_only: bool, into_empty: bool) -> list[str]:
    """Play the dump into the database, all or nothing. Returns the tables of which there is no like here."""
    if rows_only:
        if not into_empty:
            play(programs, iter([AFRESH]))
        forget_connections()
        call_command("migrate", verbosity=0, interactive=False)
        present = set(tables.names())
        emptied, triggered = sorted(present), triggered_tables()
        forget_connections()
        left_out: list[str] = []
        script = fitting(
            programs.lines("pg_restore", "--data-only", "--no-owner", "-f", "-", str(dump)), present, left_out
        )
        play(programs, between(emptied, triggered, script))
        return left_out
    forget_connections()
    script = programs.lines("pg_restore", "--no-owner", "--no-privileges", "-f", "-", str(dump))
    play(programs, after(AFRESH, fitting(script, None, [])))
    return []


def triggered_tables() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(TRIGGERED)
        return [name for (name,) in cursor.fetchall()]


def forget_connections() -> None:
    """Statements that were prepared before mean tables that are gone."""
    own = connections["default"]
    own.close()
    if isinstance(own, DatabaseWrapper):  # which the proxy that is called connection is not
        own.close_pool()


def fitting(script: Iterator[bytes], present: set[str] | None, left_out: list[str]) -> Iterator[bytes]:
    """The script as this server takes it, without rows of tables that are not ``present``; None: all are.

    These are told in ``left_out``. What stands among the rows is never read as a command, whatever it says.
    """
    is_among_rows = is_left_out = False
    for line in script:
        if is_among_rows:
            is_among_rows = line != END_OF_ROWS
        elif found := COPY.match(line):
            name = (found[1] or found[2]).decode()
            is_among_rows, is_left_out = True, present is not None and name not in present
            left_out += [name] if is_left_out else []
        else:
            is_left_out = line.startswith(UNKNOWN_BEFORE_17)
        if not is_left_out:
            yield line


def after(first: bytes, script: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from script


def between(emptied: list[str], triggered: list[str], script: Iterator[bytes]) -> Iterator[bytes]:
    """The rows, in the place of what migrations planted; no trigger of ours hears of it.

    Their owner may do that, where leaving foreign keys unchecked would take a superuser: these are deferrable.
    """
    quote = connection.ops.quote_name
    for name in triggered:
        yield f"ALTER TABLE {quote(name)} DISABLE TRIGGER USER;\n".encode()
    yield f"TRUNCATE {', '.join(map(quote, emptied))};\n".encode()
    yield from script
    yield b"\nSET CONSTRAINTS ALL IMMEDIATE;\n"
    for name in triggered:
        yield f"ALTER TABLE public.{quote(name)} ENABLE TRIGGER USER;\n".encode()


def play(programs: Programs, script: Iterator[bytes]) -> None:
    """Raises ProgramFailed; the database is then as it was."""
    quiet = ["--no-psqlrc", "--quiet", "--no-password", "--output=/dev/null", "--set=ON_ERROR_STOP=1"]
    own = {**environment(), "PGOPTIONS": "-c client_min_messages=error"}
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(
            [programs.folder / "psql", *quiet, "--single-transaction", f"--dbname={address()}"],
            env=own,
            stdin=subprocess.PIPE,
            stderr=said,
        ) as psql,
    ):
        try:
            feed(psql.stdin, script)
        except ProgramFailed:
            psql.kill()  # else it would take the end of what it was given for the end of all
            raise
        if psql.wait() != 0:
            said.seek(0)
            words = said.read().decode(errors="replace").strip()
            raise ProgramFailed(f"The database did not take it and is as it was: {words[-2000:]}")


def feed(stdin: IO[bytes] | None, script: Iterator[bytes]) -> None:
    if stdin is not None:
        with suppress(BrokenPipeError), stdin:  # whoever stops reading says why
            for line in script:
                stdin.write(line)


def compare(told: Manifest, left_out: list[str]) -> None:
    there = tables.digests()
    expected = {name: table for name, table in told.tables.items() if name not in left_out}
    if wrong := sorted(name for name in expected.keys() | there.keys() if expected.get(name) != there.get(name)):
        raise NotRestored(f"What was restored is not what was backed up, in: {', '.join(wrong)}. Begin again.")


def forget_vectors(left_out: list[str]) -> None:
    """No row may speak of a table of vectors that is not here; the sweep makes them anew where an embedder is set."""
    with connection.cursor() as cursor:
        cursor.execute('DELETE FROM triage_embeddingspace WHERE "table" = ANY(%s)', [left_out])


# Files and key


def put_files(folder: Path, told: Manifest) -> None:
    """Beside what may lie there; what no row wants is swept away by itself."""
    for kept in told.files:
        if not kept.name.startswith(f"{FILES}/"):
            continue
        target = settings.FILES_DIR / Path(kept.name).relative_to(FILES)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
        shutil.copyfile(folder / kept.name, draft)
        draft.chmod(0o600)
        draft.replace(target)


def put_key(source: Path) -> None:
    """The key that stood here before is kept beside it: it may have opened something else."""
    target = settings.KEY_FILE
    if fingerprint(source) == fingerprint(target):  # but keys of evidence may have been added on either side
        lines = dict.fromkeys([*source.read_text().splitlines(), *target.read_text().splitlines()])
        target.write_text("\n".join(lines))
        return
    target.rename(target.with_name(f"{target.name}.before-{fingerprint(target)}"))
    target.touch(mode=0o600)
    target.write_text(source.read_text())


def bring_up_to_date(folder: Path, say: Say) -> None:
    """What follows needs the key that was restored, which this process has not read."""
    forget_connections()
    journal = ["--journal", str(folder / ERASURES)] if (folder / ERASURES).exists() else []
    for words in (["migrate", "--verbosity", "0", "--no-input"], ["reapply_erasures", *journal], ["verify_ledger"]):
        command = [sys.executable, str(settings.BASE_DIR / "manage.py"), *words]
        done = subprocess.run(command, env=dict(os.environ), capture_output=True, text=True, check=False)
        if done.stdout.strip():
            say(done.stdout.strip())
        if done.returncode != 0:
            raise NotRestored(f"All is restored, but {words[0]} failed: {(done.stderr or done.stdout).strip()}")
