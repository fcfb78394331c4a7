"""Looks a deployment over and says in plain words what to mend.

Every check is a function that yields what it found. One that asks the database is not asked while that is away; none
waits for anybody longer than a few seconds, and none changes anything.
"""

import os
import shutil
import smtplib
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import psycopg
from celery import current_app
from django.conf import settings
from django.core.mail import get_connection
from django.db import connection
from django.utils.module_loading import import_string
from django.utils.timezone import now
from kombu.exceptions import OperationalError

from accounts.models import Grant, Role
from config.health import is_migrated
from config.metrics import LIVE_S
from config.patience import within
from ledger.models import Checkpoint
from ledger.signing import key_of
from ledger.verifier import Key, Note
from triage.models import Meter, Presence
from triage.presence import key_mark

OLDEST_POSTGRESQL = 15
PGVECTOR = (0, 8)
DATABASE_S, BROKER_S, MAIL_S = 4.0, 2.0, 5.0  # the first is less than connect_timeout: whoever hangs refuses nobody
SKEW_S = 2.0  # a clock off by more than that is worth a word; by ten times that, it is wrong
SWEEP_LATE_S = 60.0  # it goes through every ten
DISK_LOW, DISK_OUT = 2_000_000_000, 200_000_000  # bytes
MEMORY_LOW = 300_000_000  # bytes, what a worker takes with the models of a large family


class Verdict(StrEnum):
    WELL = "well"
    MIND = "mind"
    MEND = "mend"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found; ``cure`` is what to do about it, empty where nothing is to be done."""

    check: str
    verdict: Verdict
    found: str
    cure: str = ""


def well(check: str, found: str) -> Finding:
    return Finding(check, Verdict.WELL, found)


def mind(check: str, found: str, cure: str) -> Finding:
    return Finding(check, Verdict.MIND, found, cure)


def mend(check: str, found: str, cure: str) -> Finding:
    return Finding(check, Verdict.MEND, found, cure)


def examined() -> Iterator[Finding]:
    """All findings, those about the database first."""
    yield (answers := database_finding())
    if answers.verdict is not Verdict.MEND:
        yield (made := migrations_finding())
        for check in OF_DATABASE if made.verdict is not Verdict.MEND else ():  # they ask tables that may not be there
            yield from check()
    for check in OF_MACHINE:
        yield from check()


# The database, and what its rows say of the processes


def server_version() -> int:
    """Zero if it refuses us. Asked past the pool, which would go on trying, and be told from a server that hangs."""
    try:
        with psycopg.connect(**connection.get_connection_params()) as asked:
            return asked.info.server_version
    except psycopg.Error:
        return 0


def database_finding() -> Finding:
    site = settings.DATABASES["default"]
    where = f"{site['NAME']} on {site['HOST'] or 'the local socket'}"
    try:
        version = within(DATABASE_S, server_version)
    except TimeoutError:
        return mend("database", f"{where} does not answer.", "See whether it hangs, or a firewall drops what is sent.")
    if version == 0:
        cure = "Start it, or mend DATABASE_URL and DATABASE_PASSWORD."
        return mend("database", f"{where} cannot be reached, or refuses us.", cure)
    if version < OLDEST_POSTGRESQL * 10_000:
        cure = f"Move to PostgreSQL {OLDEST_POSTGRESQL} or later: pg_dump there, pg_restore here."
        return mend("database", f"It is PostgreSQL {version // 10_000}.", cure)
    return well("database", f"PostgreSQL {version // 10_000}.{version % 10_000} answers: {where}.")


def migrations_finding() -> Finding:
    if is_migrated():
        return well("migrations", "All are made.")
    cure = "Run `manage.py migrate`, before web and workers; then ask again, as nothing else was asked of the database."
    return mend("migrations", "Some are not made yet.", cure)


def extensions() -> Iterator[Finding]:
    if not settings.EMBEDDER:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT default_version FROM pg_available_extensions WHERE name = 'vector'")
        row = cursor.fetchone()
    if row and tuple(int(part) for part in row[0].split(".")[:2]) >= PGVECTOR:
        yield well("pgvector", f"Version {row[0]} is there.")
    else:
        found = f"It is version {row[0]}." if row else "It is not there, and EMBEDDER needs it."
        yield mend("pgvector", found, "Install pgvector 0.8 or later beside PostgreSQL, or empty EMBEDDER.")


def clocks() -> Iterator[Finding]:
    before = time.time()
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
        theirs = float(cursor.fetchone()[0])
    skews = [abs(theirs - (before + time.time()) / 2), *(abs(each.skew_s) for each in living())]
    yield clock_finding(max(skews))


def clock_finding(skew_s: float) -> Finding:
    cure = "Have the machines keep time with NTP (systemd-timesyncd, chrony)."
    found = f"This machine, its processes and the database differ by {skew_s:.1f} s."
    if skew_s > 10 * SKEW_S:
        return mend("clocks", found, cure)
    return mind("clocks", found, cure) if skew_s > SKEW_S else well("clocks", found)


def living(part: str = "") -> list[Presence]:
    """Processes that were seen lately, by the database's clock as far as it is ours."""
    rows = Presence.objects.filter(part=part) if part else Presence.objects.all()
    return [each for each in rows if (now() - each.seen_at).total_seconds() < LIVE_S]


def processes() -> Iterator[Finding]:
    for part, word in (("web", "web process"), ("worker", "worker")):
        found = living(part)
        hosts = ", ".join(sorted({each.host for each in found}))
        if found:
            yield well(part, f"{len(found)} seen in the last {LIVE_S} s, on {hosts}.")
        else:
            yield mend(part, f"No {word} was seen in the last {LIVE_S} s.", f"Start one: `manage.py run {part}`.")


def beat() -> Iterator[Finding]:
    swept = Meter.objects.filter(name="swept").values_list("value", flat=True).first()
    age_s = time.time() - swept if swept else None
    if age_s is not None and age_s < SWEEP_LATE_S:
        yield well("beat", f"The sweep went through {max(0.0, age_s):.0f} s ago.")
        return
    found = "The sweep never went through." if age_s is None else f"The sweep last went through {age_s:.0f} s ago."
    cure = "Start `manage.py run beat`, once on the whole site. If it runs, look at the broker and the workers' log."
    yield mend("beat", found, cure)


def keys() -> Iterator[Finding]:
    marks = {each.key_mark for each in living()} | {key_mark()}
    if len(marks) == 1:
        yield well("same key", "All processes have the same key.")
    else:
        cure = "Give all of them the same KEY_FILE and start them anew: what one seals the other cannot open."
        yield mend("same key", f"Processes run with {len(marks)} different keys.", cure)
    newest = Checkpoint.objects.order_by("-size").first()
    if newest is not None and not is_signed_here(Note.read(newest.signed_note)):
        cure = "Stop all parts and put the right KEY_FILE back: receipts, tokens and sealed words hang on it."
        yield mend("key", "KEY_FILE does not hold the key that signed the ledger.", cure)


def is_signed_here(note: Note) -> bool:
    """Under whichever name the ledger had then."""
    return note.is_signed_by(Key.read(key_of(note.text.partition("\n")[0])))


def people() -> Iterator[Finding]:
    deciding = Grant.objects.filter(role__in=[Role.TRIAGER, Role.MODERATOR], ended_at=None, user__is_active=True)
    count = deciding.values("user").distinct().count()
    if count == 0:
        cure = "Appoint somebody: `manage.py grant triager E-MAIL`."
        yield mend("people", "Nobody is triager or moderator; nothing will be decided.", cure)
    elif not settings.TWO_PERSON:
        cure = "Leave TWO_PERSON on unless one person runs the site."
        yield mind("people", "One person alone may publish what was held back.", cure)
    elif count == 1:
        cure = "Appoint a second: until then one person alone may publish what was held back."
        yield mind("people", "Only one person decides; TWO_PERSON asks for two.", cure)
    else:
        yield well("people", f"{count} people decide, and grave matters take two.")


# The machine and the settings


def broker_failure() -> str:
    """The kind of error with which it cannot be reached; empty if it can."""
    try:
        with current_app.connection_for_write() as broker:
            broker.ensure_connection(max_retries=1, timeout=BROKER_S)
    except (OperationalError, psycopg.Error, OSError) as failure:
        return type(failure).__name__
    return ""


def broker() -> Iterator[Finding]:
    cure = "Reports are taken, and grouped by the sweep until then. Start it, or mend BROKER_URL."
    try:
        failure = within(BROKER_S + 1, broker_failure)
    except TimeoutError:
        yield mend("broker", f"It takes connections and does not answer within {BROKER_S:g} s.", cure)
        return
    if failure:
        yield mend("broker", f"It cannot be reached ({failure}).", cure)
    else:
        yield well("broker", f"{urlsplit(settings.BROKER_URL).scheme or 'The embedded queue'} answers.")


def folders() -> Iterator[Finding]:
    for name in ("STATE_DIR", "FILES_DIR", "DUMPS_DIR"):
        folder: Path = getattr(settings, name)
        place = nearest(folder)
        if is_writable(place):
            yield well(name, f"{folder} can be written.")
        else:
            cure = f"Give {place} to the user that runs Telltale (number {os.geteuid()}), or set {name}."
            yield mend(name, f"{folder} cannot be written.", cure)


def nearest(folder: Path) -> Path:
    """The folder itself, or that above it in which it would be made."""
    return next(each for each in (folder, *folder.parents) if each.exists())


def is_writable(folder: Path) -> bool:
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def key_file() -> Iterator[Finding]:
    mode = stat.S_IMODE(settings.KEY_FILE.stat().st_mode)
    if mode & 0o077:
        yield mend(
            "key file",
            f"{settings.KEY_FILE} can be read by others (mode {mode:04o}).",
            f"chmod 600 {settings.KEY_FILE}",
        )
    else:
        yield well("key file", f"Only its owner reads {settings.KEY_FILE}. Keep a copy apart from other backups.")


def disk() -> Iterator[Finding]:
    for folder in sorted({nearest(settings.STATE_DIR), nearest(settings.FILES_DIR)}):
        free = shutil.disk_usage(folder).free
        found = f"{free / 1e9:.1f} GB are free at {folder}."
        cure = "Make room, or give it a larger disk. Files beside reports are refused first, reports last."
        if free < DISK_OUT:
            yield mend("disk", found, cure)
        else:
            yield mind("disk", found, cure) if free < DISK_LOW else well("disk", found)


def address() -> Iterator[Finding]:
    if settings.DEBUG:
        yield mend("debug", "DEBUG is on: pages of errors show what variables hold.", "Empty DEBUG.")
    if settings.IS_LOOPBACK and not settings.IS_HTTPS:
        yield mind("address", f"{settings.SITE_URL} is reached from this machine only.", "Set SITE_URL for others.")
    elif not settings.IS_HTTPS:
        cure = "Put a proxy with TLS in front and set SITE_URL to https://…"
        yield mend(
            "address", f"{settings.SITE_URL} is in clear: whoever is on the way reads reports and cookies.", cure
        )
    elif settings.PROXY_COUNT == 0:
        cure = "Set PROXY_COUNT to how many proxies of yours stand in front."
        yield mend("address", "Every caller seems to be the proxy, so limits of one network bind everybody.", cure)
    else:
        yield well("address", f"{settings.SITE_URL}, past {settings.PROXY_COUNT} of your proxies; cookies are Secure.")


def safeguards() -> Iterator[Finding]:
    if settings.DEMO and not settings.IS_LOOPBACK:
        yield mind("demo", "Content here is invented, and says so.", "DEMO=0 for a site that takes reports.")
    if not settings.REQUIRE_MFA:
        level = mind if settings.DEMO and settings.IS_LOOPBACK else mend
        yield level("second factor", "Roles work with a password alone.", "Set REQUIRE_MFA=1.")
    else:
        yield well("second factor", "Roles take one.")


def mail_failure() -> str:
    """Says hello and good-bye; nothing is sent. The kind of error that comes of it; empty if none."""
    try:
        server = get_connection(timeout=MAIL_S)
        server.open()
        server.close()
    except (OSError, smtplib.SMTPException) as failure:
        return type(failure).__name__
    return ""


def mail() -> Iterator[Finding]:
    try:
        import_string(settings.EMAIL_BACKEND)
    except ImportError:
        yield mend("e-mail", f"There is no {settings.EMAIL_BACKEND}.", "Mend EMAIL_BACKEND; what waits is sent then.")
        return
    if not settings.EMAIL_BACKEND.endswith("smtp.EmailBackend"):
        yield mind("e-mail", "None is sent; it is printed, or goes as EMAIL_BACKEND says.", "Set EMAIL_URL.")
        return
    where = f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
    try:
        failure = within(2 * MAIL_S, mail_failure)
    except TimeoutError:
        failure = "TimeoutError"
    if failure:
        yield mend("e-mail", f"{where} does not take our mail ({failure}).", "Mend EMAIL_URL; what waits is sent then.")
    else:
        yield well("e-mail", f"{where} would take it.")


def time_zones() -> Iterator[Finding]:
    try:
        ZoneInfo("Europe/Berlin")
    except ZoneInfoNotFoundError:
        yield mend("time zones", "The machine knows none.", "Install tzdata (its package, or from the Python index).")
    else:
        yield well("time zones", "They are known.")


def languages() -> Iterator[Finding]:
    missing = [code for code, file in compiled() if not file.exists()]
    if missing:
        yield mend("languages", f"Not compiled: {', '.join(missing)}.", "Run `pybabel compile -d locale -D django`.")
    else:
        yield well("languages", "All are compiled.")


def compiled() -> Iterator[tuple[str, Path]]:
    for folder in sorted(settings.BASE_DIR.glob("locale/*/LC_MESSAGES")):
        yield folder.parent.name, folder / "django.mo"


def static_files() -> Iterator[Finding]:
    if (settings.STATIC_ROOT / "staticfiles.json").exists():
        yield well("static files", f"They are collected in {settings.STATIC_ROOT}.")
    else:
        yield mend("static files", f"None are in {settings.STATIC_ROOT}.", "Run `manage.py collectstatic --no-input`.")


def memory() -> Iterator[Finding]:
    free = available_memory()
    if free is None:
        return
    found = f"{free / 1e6:.0f} MB are available."
    cure = "Give the machine more, or run fewer WEB_PROCESSES."
    yield mind("memory", found, cure) if free < MEMORY_LOW else well("memory", found)


def available_memory() -> int | None:
    """In bytes; None where the system does not tell."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return None
    told = dict(line.split(":", 1) for line in lines)
    return int(told["MemAvailable"].split()[0]) * 1024 if "MemAvailable" in told else None


Check = Callable[[], Iterator[Finding]]
OF_DATABASE: tuple[Check, ...] = (extensions, clocks, processes, beat, keys, people)
OF_MACHINE: tuple[Check, ...] = (
    broker, folders, key_file, disk, memory, address, safeguards, mail, time_zones, languages, static_files,
)  # fmt: skip
