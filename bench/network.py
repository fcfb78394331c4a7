"""Workers on machines of their own, one of them cut off: ``python -m bench.network [plain]``. Needs root; five minutes.

Database, broker, web and beat stand in one network namespace, each worker in one of its own; a bridge joins them, and
they know each other by address and password only. One worker's link goes down while it holds the lock of a family, and
comes back later. Afterwards receipts, rows and groups are compared as after ``make chaos``. Exits 1 if one is missing
or there twice. With ``plain`` nobody is told to notice a dead connection sooner than the kernel does by itself.
"""

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode
from uuid import uuid4

import psycopg

from bench.chaos import brokers
from bench.chaos.dealing import Missing
from bench.chaos.effects import Outcome, outcome_of, show
from bench.load import HOST, Job, answers_of, send
from bench.stack import BASE, Stack, listens, wait_until
from bench.table import machine, percentile
from bench.writing import reports
from config.postgres import environment
from config.privileges import find_way

SECONDS = 300  # all of it; then everything ends with the namespace it is in
FILINGS, RATE = 200, 2.5  # a second
ARTIFACTS = 8  # few families, so that others soon meet the one that is locked
BEFORE_S, CUT_S, BACK_S = 12.0, 45.0, 40.0
SEED = 23
NET, HUB = "10.77.0", "10.77.0.1"
WORKERS = ("one", "two", "three")
PORT = 5432
FAMILY_LOCK = """
SELECT l.objid FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE l.locktype = 'advisory' AND l.classid = 1 AND l.granted AND host(a.client_addr) = %s
AND a.xact_start > %s
"""
TIMES = "SELECT filed_at, grouped_at FROM reports_report"
# As the kernel has it: it takes two hours to find out that nobody is there any more. See NOTICED in config.settings
PLAIN = {"keepalives": "0", "tcp_user_timeout": "0", "options": ""}
LONG_AGO = datetime.min.replace(tzinfo=UTC)
INSIDE = "TELLTALE_NETWORK"
PATIENCE_S = 60.0  # of a client
TOOLS = ("ip", "unshare", "nsenter")


class Site(Stack):
    """A site in parts, on a server of its own."""

    def __init__(self, folder: Path, options: dict[str, str]) -> None:
        self.password = secrets.token_hex(12)
        super().__init__(folder / "state")
        self.address = f"postgresql://telltale:{self.password}@{HUB}:{PORT}/telltale"
        self.extra["DATABASE_URL"] = f"{self.address}?{urlencode(options, quote_via=quote)}".rstrip("?")

    def ask(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.address, connect_timeout=5) as connection:
            return connection.execute(sql.encode(), values).fetchall()

    def begin(self, stack: ExitStack, *words: str, before: Sequence[str] = ()) -> "subprocess.Popen[bytes]":
        """A command of ``manage.py``, maybe in another namespace; what it says is kept beside the state."""
        log = stack.enter_context((self.state_dir / f"{'-'.join(words)}.log").open("ab"))
        command = [*before, sys.executable, "manage.py", *words]
        return subprocess.Popen(command, cwd=BASE, env=self.environment, stdout=log, stderr=log)


@dataclass
class Machine:
    """A namespace that one worker is in; whoever sleeps there keeps it."""

    name: str
    address: str
    keeper: "subprocess.Popen[bytes]" = field(init=False)

    def __post_init__(self) -> None:
        self.keeper = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
        own, theirs = Path("/proc/self/ns/net"), Path(f"/proc/{self.keeper.pid}/ns/net")
        wait_until(lambda: theirs.readlink() != own.readlink(), "a namespace", patience_s=10)
        ip("link", "add", self.name, "type", "veth", "peer", "name", "eth0", "netns", str(self.keeper.pid))
        ip("link", "set", self.name, "master", "hub", "up")
        for words in (["addr", "add", f"{self.address}/24", "dev", "eth0"], ["link", "set", "eth0", "up"]):
            ip(*words, before=self.inside)
        ip("link", "set", "lo", "up", before=self.inside)

    @property
    def inside(self) -> list[str]:
        return ["nsenter", f"--net=/proc/{self.keeper.pid}/ns/net"]

    def link(self, state: str) -> None:
        ip("link", "set", self.name, state)


def ip(*words: str, before: Sequence[str] = ()) -> None:
    subprocess.run([*before, "ip", *words], check=True)


def bridge() -> None:
    ip("link", "set", "lo", "up")
    ip("link", "add", "hub", "type", "bridge")
    ip("addr", "add", f"{HUB}/24", "dev", "hub")
    ip("link", "set", "hub", "up")


@contextmanager
def database(folder: Path, password: str) -> Iterator[None]:
    """The wheel's PostgreSQL on the bridge alone, by password alone."""
    folder.chmod(0o711)
    (folder / "postgres").mkdir(mode=0o711)
    way = find_way(folder, folder / "postgres")
    data, said = folder / "data", folder / "password"
    data.mkdir(mode=0o700)
    said.write_text(password)
    said.chmod(0o644)
    way.hand_over(data)
    made = ["-D", str(data), "-U", "telltale", "--auth=scram-sha-256", f"--pwfile={said}", "--encoding=UTF8"]
    subprocess.run(
        way.command("initdb", *made, "--locale=C", "--no-sync"), env=environment(), check=True, capture_output=True
    )
    with (data / "pg_hba.conf").open("a") as rules:
        rules.write(f"host all all {NET}.0/24 scram-sha-256\n")
    told = {"listen_addresses": HUB, "port": str(PORT), "fsync": "off", "unix_socket_directories": ""}
    options = [part for name, value in told.items() for part in ("-c", f"{name}={value}")]
    server = subprocess.Popen(
        way.command("postgres", "-D", str(data), *options), env=environment(), stderr=subprocess.DEVNULL
    )
    try:
        wait_until(lambda: answers(password), "PostgreSQL", patience_s=60)
        yield
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(timeout=30)


def answers(password: str) -> bool:
    """Makes the site's database as soon as the server does."""
    try:
        with psycopg.connect(
            f"postgresql://telltale:{password}@{HUB}:{PORT}/postgres", connect_timeout=5, autocommit=True
        ) as connection:
            connection.execute("CREATE DATABASE telltale")
    except psycopg.OperationalError:
        return False
    return True


def broker(stack: ExitStack, folder: Path, password: str) -> str:
    """The address of RabbitMQ, or of Redis where there is no RabbitMQ."""
    settings = folder / "rabbitmq.conf"
    settings.write_text(f"loopback_users = none\ndefault_user = telltale\ndefault_pass = {password}\n")
    try:
        own = stack.enter_context(
            brokers.rabbitmq(RABBITMQ_NODE_IP_ADDRESS="0.0.0.0", RABBITMQ_CONFIG_FILE=str(settings))  # of the namespace
        )
        address = f"amqp://telltale:{password}@{HUB}:{own.port}//"
    except Missing as missing:
        own = stack.enter_context(brokers.redis("--bind", HOST, HUB, "--requirepass", password))
        address = f"redis://:{password}@{HUB}:{own.port}/0"
        print(f"Redis in place of RabbitMQ: {missing}", flush=True)
    return address


def started(stack: ExitStack, site: Site, folder: Path) -> list[Machine]:
    """Everything runs, and every worker has a connection to the database."""
    bridge()
    site.state_dir.mkdir(mode=0o700)
    stack.enter_context(database(folder, site.password))
    migrating = site.begin(stack, "migrate", "--verbosity", "0")
    site.extra["BROKER_URL"] = broker(stack, folder, secrets.token_hex(12))
    if migrating.wait() != 0:
        raise RuntimeError((site.state_dir / "migrate---verbosity-0.log").read_text())
    machines = [Machine(name, f"{NET}.{at}") for at, name in enumerate(WORKERS, start=11)]
    running = [site.begin(stack, "run", part) for part in ("web", "beat")]
    running += [site.begin(stack, "run", "worker", before=machine.inside) for machine in machines]
    for process in running:
        stack.callback(process.kill)
    wait_until(lambda: listens(site.port), "the web server")
    wait_until(lambda: len(at_work(site)) == len(machines), "every worker")
    return machines


def at_work(site: Site) -> set[str]:
    """The workers that have a connection to the database, by address; its machine itself is not one of them."""
    rows = site.ask("SELECT DISTINCT host(client_addr) FROM pg_stat_activity WHERE host(client_addr) <> %s", HUB)
    return {address for (address,) in rows}


def cut_off(site: Site, machine: Machine) -> bool:
    """Cut its link; whether it was caught with a family locked, which is tried for half a minute."""
    deadline = time.monotonic() + 30
    with psycopg.connect(site.address, autocommit=True) as watching:
        while time.monotonic() < deadline:
            if holds(watching, machine):
                machine.link("down")
                time.sleep(0.5)
                if holds(watching, machine):
                    return True
                machine.link("up")
                time.sleep(0.5)
    machine.link("down")
    return False


def holds(watching: "psycopg.Connection[Any]", machine: Machine, since: datetime = LONG_AGO) -> bool:
    """Whether it has a family locked, in a transaction begun after that."""
    return watching.execute(FAMILY_LOCK.encode(), [machine.address, since]).fetchone() is not None


def comes_back(site: Site, machine: Machine, up: datetime) -> float | None:
    """The seconds until it groups a report that it had not begun before; None if it does not."""
    began = time.monotonic()
    with psycopg.connect(site.address, autocommit=True) as watching:
        while time.monotonic() < began + BACK_S:
            if holds(watching, machine, up):
                return time.monotonic() - began
            time.sleep(0.005)
    return None


def tried(site: Site, machines: Sequence[Machine], name: str) -> Outcome:
    """Files, cuts one worker off in the middle of it, lets it back, and compares."""
    bodies = [
        json.dumps({**report, "expected": f"number {at}"}, ensure_ascii=False)
        for at, report in enumerate(reports(FILINGS, seed=SEED, artifacts=ARTIFACTS))
    ]
    keys = [str(uuid4()) for _ in bodies]
    client = send(Job(site.port, bodies, rate=RATE, patient_s=PATIENCE_S, keys=keys))
    time.sleep(BEFORE_S)
    was_caught = cut_off(site, machines[0])
    down = datetime.now(UTC)
    time.sleep(CUT_S)
    machines[0].link("up")
    up, last = datetime.now(UTC), time.monotonic()
    back_s = comes_back(site, machines[0], up)
    notes = [lambda: told(site, down, up, was_caught=was_caught, back_s=back_s)]
    return outcome_of(name, site, FILINGS, answers_of(client), Counter({"cut off": 1}), last, notes)


def told(site: Site, down: datetime, up: datetime, *, was_caught: bool, back_s: float | None) -> str:
    """In lines: how long the others stood still, and how long reports waited."""
    times = site.ask(TIMES)
    grouped = sorted(at for _, at in times if at)
    pause = max((later - at for at, later in pairwise(grouped)), default=timedelta()).total_seconds()
    filed, served = sum(down <= at <= up for at, _ in times), sum(down <= at <= up for at in grouped)
    waited = [(at - since).total_seconds() for since, at in times if at]
    undisturbed = percentile([(at - since).total_seconds() for since, at in times if at and at < down], 50)
    p95 = percentile(waited, 95)
    caught = "with" if was_caught else "without"
    back = "it did NOT group again" if back_s is None else f"it grouped again after {back_s:.1f} s"
    lines = (
        f"cut off for {CUT_S:.0f} s {caught} a family locked; {back}",
        f"meanwhile {filed} filed, {served} grouped; the longest time in which none was: {pause:.1f} s",
        f"filed → grouped: p95 {p95:.1f} s, at most {max(waited):.1f} s; p50 before the cut {undisturbed:.2f} s",
    )
    return "\n  ".join(lines)


def within(folder: Path, options: dict[str, str]) -> None:
    """Everything, in namespaces that end with us."""
    print(machine(), flush=True)
    began = time.monotonic()
    with ExitStack() as stack:
        site = Site(folder, options)
        machines = started(stack, site, folder)
        print(f"three workers, PostgreSQL and {site.extra['BROKER_URL'].partition(':')[0]} by TCP", flush=True)
        outcome = tried(site, machines, "plain" if options else "noticed")
        show([outcome])
    print(f"Measured in {time.monotonic() - began:.0f} s.")
    if not outcome.is_kept:
        sys.exit("Failed.")


def enter() -> int:
    """Become this program again in there, where it is the first process: when it ends, so does all that it started."""
    own = ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
    command = [*own, sys.executable, "-m", "bench.network", *sys.argv[1:]]
    with tempfile.TemporaryDirectory(prefix="telltale-network-", ignore_cleanup_errors=True) as folder:
        try:
            return subprocess.run(command, env={**os.environ, INSIDE: folder}, timeout=SECONDS, check=False).returncode
        except subprocess.TimeoutExpired:
            print(f"Failed: not done within {SECONDS} s.")
            return 1


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    if folder := os.environ.get(INSIDE):
        within(Path(folder), PLAIN if "plain" in sys.argv else {})
    elif missing := [tool for tool in TOOLS if shutil.which(tool) is None]:
        print(f"Left out: there is no {', '.join(missing)} here (iproute2, util-linux).")
    elif os.geteuid() != 0:
        print("Left out: only root may lay a bridge between network namespaces.")
    else:
        sys.exit(enter())


if __name__ == "__main__":
    main()
