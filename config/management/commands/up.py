"""Everything in one command: database, migrations, demo content, web, worker and beat, until it is told to stop."""

import errno
import fcntl
import hashlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, connections
from django.db.backends.postgresql.base import DatabaseWrapper
from django.urls import reverse

from accounts.models import User
from accounts.tokens import sign_in_code
from config import postgres
from config.broker import queue_address, uses_embedded_queue
from config.celery import READY_FILE
from config.health import is_migrated
from config.household import PARTS
from config.logs import spoken
from config.processes import Child, end_marked, stop_all
from reports.models import Report
from triage.demo import TRIAGER as DEMO_TRIAGER

EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 -- what LISTEN_ON may say, and where we ask then
PATIENCE_S = 7  # from asking a child to end to ending it; with PostgreSQL's own stop, all is over within 10 s
READY_TIMEOUT_S = 120
BROKER_TIMEOUT_S = 20  # a broker of somebody else that is away must not keep the site from being said to be ready
STEP_S = 0.2
MARK = "TELLTALE_UP"


class Command(BaseCommand):
    help = "Runs the whole of Telltale on this machine until Ctrl-C or SIGTERM. Reads PORT, STATE_DIR and DEMO."
    requires_system_checks = []  # migrate makes those that matter here

    def handle(self, *args: Any, **options: Any) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, leave)
        embedded = not os.environ.get("DATABASE_URL")
        mark = hashlib.sha256(str(settings.STATE_DIR).encode()).hexdigest()[:16]
        with the_only_copy(settings.STATE_DIR):
            end_marked(f"{MARK}={mark}")  # left by an `up` that was killed
            refuse_taken_port(settings.LISTEN_ON, settings.PORT)
            self.say("Starting the database…" if embedded else "Connecting to the database…")
            with postgres.running(settings.STATE_DIR) if embedded else nullcontext():
                self.prepare()
                worker_ready = settings.STATE_DIR / "worker.ready"
                worker_ready.unlink(missing_ok=True)
                # Threads of glibc would each keep a pool of memory of their own
                own = {MARK: mark, READY_FILE: str(worker_ready), "MALLOC_ARENA_MAX": "2"}
                children = [Child(part, command(), os.environ | own) for part, command in PARTS.items()]
                try:
                    self.look_after(children, worker_ready, embedded=embedded)
                finally:
                    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                        signal.signal(number, signal.SIG_IGN)
                    stop_all(children, patience_s=PATIENCE_S)
                    end_marked(f"{MARK}={mark}")

    def say(self, sentence: str) -> None:
        self.stdout.write(spoken(sentence))
        self.stdout.flush()

    def prepare(self) -> None:
        """Bring database and static files up to date; on the first run of a demo site, fill it."""
        self.say("Setting up the database…")
        if not is_migrated():
            call_command("migrate", verbosity=0, interactive=False)
        if uses_embedded_queue() and os.environ.get("DATABASE_URL"):
            postgres.install_broker(queue_address())
        collect_static(self.say)
        if settings.DEMO and "load_demo" in get_commands() and not Report.objects.exists():
            self.say("Filing the demo content…")
            load_demo()
        own = connections["default"]  # nothing is asked of it from here on
        own.close()
        if isinstance(own, DatabaseWrapper):  # which the proxy that is called connection is not
            own.close_pool()

    def look_after(self, children: list[Child], worker_ready: Path, *, embedded: bool) -> NoReturn:
        """Keep all running; say once when the site answers and a worker takes tasks. A signal ends it."""
        self.say("Starting web, worker and beat…")
        began = time.monotonic()
        is_said = False
        database = Database()
        worker_timeout_s = BROKER_TIMEOUT_S if settings.BROKER_URL else READY_TIMEOUT_S
        while True:
            for child in children:
                child.tend(self.say)
            if embedded:
                database.tend(self.say)
            waited_s = time.monotonic() - began
            if not is_said and (worker_ready.exists() or waited_s > worker_timeout_s) and web_is_ready():
                is_said = True
                self.welcome(has_worker=worker_ready.exists())
            if not is_said and waited_s > READY_TIMEOUT_S + BROKER_TIMEOUT_S:
                raise CommandError(f"Telltale did not become ready within {waited_s:.0f} s.")
            time.sleep(STEP_S)

    def welcome(self, *, has_worker: bool) -> None:
        if not has_worker:
            self.say("No worker takes tasks: the broker does not answer. Reports are taken, and grouped when it does.")
        host = asked_at()
        self.say(f"Telltale is ready at http://{f'[{host}]' if ':' in host else host}:{settings.PORT}/")
        if hint := sign_in_hint():
            self.say(hint)


class Database:
    """The embedded PostgreSQL, started again whenever it has ended: at once, then at growing distances."""

    def __init__(self) -> None:
        self.pause_s = 0.0
        self.again_at = 0.0  # of time.monotonic

    def tend(self, say: Callable[[str], None]) -> None:
        if time.monotonic() < self.again_at or postgres.server_pid(settings.STATE_DIR) is not None:
            return
        say("PostgreSQL was ended from outside; starting it again.")
        try:
            postgres.revive(settings.STATE_DIR)
            self.pause_s = 0.0
        except postgres.PostgresUnavailable as unavailable:  # of a full disk, which somebody will empty
            self.pause_s = min(self.pause_s * 2 or STEP_S, Child.LONGEST_PAUSE_S)
            self.again_at = time.monotonic() + self.pause_s
            say(f"{unavailable}\nTrying again in {self.pause_s:g} s.")


def leave(number: int, frame: FrameType | None) -> NoReturn:
    """Ends the command from wherever it is; the ``finally`` blocks on the way out stop the rest."""
    raise SystemExit(0)


@contextmanager
def the_only_copy(state_dir: Path) -> Iterator[None]:
    state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open(state_dir / "up.lock", "w", opener=postgres.owner_only) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CommandError(
                f"Another Telltale is running on {state_dir}. Stop it first, or set STATE_DIR to another folder."
            ) from None
        yield


def asked_at() -> str:
    """The address at which this machine itself reaches the web process."""
    return EVERYWHERE.get(settings.LISTEN_ON, settings.LISTEN_ON)


def refuse_taken_port(host: str, port: int) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # what is left of closed connections does not count
        try:
            trial.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise CommandError(f"Port {port} is taken by another program. Choose another one with PORT.") from None
            cure = "Choose others with LISTEN_ON and PORT."
            raise CommandError(f"Port {port} of {host} cannot be used: {error.strerror}. {cure}") from None


def collect_static(say: Callable[[str], None]) -> None:
    """Copy and compress the static files, unless none has changed since the last time."""
    stamp = settings.STATIC_ROOT / ".collected"
    found = static_state()
    if stamp.exists() and stamp.read_text() == found:
        return
    say("Collecting static files…")
    call_command("collectstatic", verbosity=0, interactive=False)
    stamp.write_text(found)


def static_state() -> str:
    """A digest that changes with any static file."""
    digest = hashlib.sha256()
    for finder in get_finders():
        for name, storage in finder.list([]):
            status = os.stat(storage.path(name))
            digest.update(f"{name} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def load_demo() -> None:
    """In a process of its own, so that what it needs of memory is given back."""
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "load_demo"]
    if subprocess.run(command, start_new_session=True, check=False).returncode != 0:
        raise CommandError("The demo content could not be filed. DEMO=0 starts an empty site.")


def web_is_ready() -> bool:
    connection = http.client.HTTPConnection(asked_at(), settings.PORT, timeout=5)
    try:
        connection.request("GET", "/health/ready/", headers={"Host": urlsplit(settings.SITE_URL).netloc})
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def sign_in_hint() -> str:
    """How to sign in as the demo triager; empty if this is no demo site. The link works once, within a day."""
    triager = User.objects.filter(email=DEMO_TRIAGER).first() if settings.DEMO and settings.IS_LOOPBACK else None
    if triager is None:
        return ""
    link = f"{settings.STAFF_URL or settings.SITE_URL}{reverse('sign_in', args=[sign_in_code(triager)])}"
    connection.close()
    return f"Sign in as the demo triager, once: {link}"
