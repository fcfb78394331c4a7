"""pg_dump, pg_restore and psql, of a version that the server understands, and how they reach the database."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import connection
from psycopg.conninfo import make_conninfo

from config.privileges import MAJOR, NoWay, find_wheel

WITH_TLS = {"require", "verify-ca", "verify-full"}  # of sslmode; the programs of the wheel know no TLS


class ProgramFailed(Exception):
    """No program for this server, or one that failed; the text is for the person at the terminal."""


@dataclass(frozen=True)
class Programs:
    """The folder of PostgreSQL's client programs."""

    folder: Path

    def run(self, name: str, *arguments: str) -> None:
        """Raises ProgramFailed with what it said."""
        trial = subprocess.run(
            [self.folder / name, *arguments], env=environment(), capture_output=True, text=True, check=False
        )
        if trial.returncode != 0:
            raise ProgramFailed(f"{name} failed: {trial.stderr.strip()[-2000:]}")

    def lines(self, name: str, *arguments: str) -> Iterator[bytes]:
        """What it prints, line by line. Raises ProgramFailed at the end if it failed."""
        with subprocess.Popen(
            [self.folder / name, *arguments], env=environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as program:
            yield from program.stdout or ()
        if program.returncode != 0:
            raise ProgramFailed(f"{name} failed with status {program.returncode}.")


def programs_for(server: int) -> Programs:
    """Those of the wheel, else those on the PATH; ``server`` is its major version, which they must not be older than.

    Raises ProgramFailed.
    """
    own = wheel_folder()
    wants_tls = connection.settings_dict["OPTIONS"].get("sslmode") in WITH_TLS
    if own is not None and server <= int(MAJOR) and not wants_tls:
        return Programs(own)
    found = shutil.which("pg_dump")
    if found and (folder := Path(os.path.realpath(found)).parent) and version_of(folder) >= server:
        return Programs(folder)
    why = "over TLS" if wants_tls else f"for PostgreSQL {server}"
    raise ProgramFailed(f"There is no pg_dump {why} on the PATH. Install the client programs of PostgreSQL {server}.")


def wheel_folder() -> Path | None:
    try:
        return find_wheel() / f"pginstall{MAJOR}" / "bin"
    except NoWay:
        return None


def version_of(folder: Path) -> int:
    told = subprocess.run([folder / "pg_dump", "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"(\d+)", told)
    return int(found[1]) if found else 0


def server_major() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int / 10000")
        return int(cursor.fetchone()[0])


def address() -> str:
    """Where the site's database is, in the words of libpq; without the password, which others could read in it."""
    site = connection.settings_dict
    parts = {"host": "HOST", "port": "PORT", "user": "USER", "dbname": "NAME"}
    known = {name: str(site[key]) for name, key in parts.items() if site[key]}
    more = {name: str(value) for name, value in site["OPTIONS"].items() if name.startswith(("ssl", "host"))}
    return make_conninfo("", **(known | more))


def environment() -> Mapping[str, str]:
    """UTC and plain words, so that what two servers say of the same rows is the same."""
    password = {"PGPASSWORD": str(settings.DATABASES["default"]["PASSWORD"])}
    own = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return {**own, **(password if password["PGPASSWORD"] else {}), "PGTZ": "UTC", "LC_ALL": "C"}
