"""The embedded server, started, shared, killed and found again. Real processes, no stand-ins."""

import contextlib
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from config import postgres, privileges
from config.bare_start import NOBODY
from config.processes import is_alive, wait_for_end
from manage import misses_its_site

BASE = Path(__file__).resolve().parents[2]
IS_ROOT = os.geteuid() == 0
WAYS = ["namespace", "nobody"] if IS_ROOT else [""]

HOLD = """
import sys
from pathlib import Path
from config import postgres
with postgres.running(Path(sys.argv[1]), fsync=sys.argv[2] == "fsync"):
    print(postgres.server_pid(Path(sys.argv[1])), flush=True)
    sys.stdin.read()
"""


Launcher = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def state_dir(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "state"
    postgres.stop(postgres.Place(tmp_path / "state"))


@pytest.fixture
def launcher(state_dir: Path) -> Iterator[Launcher]:
    """Starts a process that holds the server until its input is closed; it says the server's pid in one line."""
    with contextlib.ExitStack() as stack:

        def launch(durability: str = "") -> "subprocess.Popen[str]":
            process = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", HOLD, str(state_dir), durability],
                    cwd=BASE,
                    text=True,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                )
            )
            stack.callback(process.kill)
            return process

        yield launch


def said_pid(process: "subprocess.Popen[str]") -> int:
    assert process.stdout is not None
    return int(process.stdout.readline())


def ask(state_dir: Path, question: str, database: str = "telltale") -> object:
    with psycopg.connect(postgres.url(state_dir, database), autocommit=True) as connection:
        row = connection.execute(question).fetchone()
        return row[0] if row else None


def tell(state_dir: Path, statement: str) -> None:
    with psycopg.connect(postgres.url(state_dir), autocommit=True) as connection:
        connection.execute(statement)


def pid_of(state_dir: Path) -> int:
    pid = postgres.server_pid(state_dir)
    assert pid is not None
    return pid


def test_first_start_makes_both_databases_and_leaving_stops_the_server(state_dir: Path) -> None:
    with postgres.running(state_dir, fsync=False):
        version = ask(state_dir, "SHOW server_version")
        encoding = ask(state_dir, "SHOW server_encoding")
        checksums = ask(state_dir, "SHOW data_checksums")
        listens = ask(state_dir, "SHOW listen_addresses")
        queue = ask(state_dir, "SELECT to_regnamespace('pgmq')::text", "telltale_broker")
        waits_for_disk = ask(state_dir, "SHOW synchronous_commit", "telltale_broker")
        pid = pid_of(state_dir)

    assert str(version).startswith("18")
    assert (encoding, checksums, listens) == ("UTF8", "on", "")
    assert (queue, waits_for_disk) == ("pgmq", "off")
    assert not is_alive(pid)
    assert postgres.server_pid(state_dir) is None


def test_only_the_owner_may_enter_the_socket_folder(state_dir: Path) -> None:
    with postgres.running(state_dir, fsync=False):
        mode = stat.S_IMODE(postgres.Place(state_dir).sockets.stat().st_mode)

    assert mode == 0o700


def test_the_last_one_out_stops_the_server_whoever_started_it(state_dir: Path, launcher: Launcher) -> None:
    starter = launcher()
    pid = said_pid(starter)

    with postgres.running(state_dir):
        attached_to = pid_of(state_dir)
        starter.communicate()
        alive_without_starter = is_alive(pid)

    assert attached_to == pid
    assert alive_without_starter
    assert not is_alive(pid)


def test_two_starters_at_once_share_one_server(launcher: Launcher) -> None:
    first, second = launcher(), launcher()

    assert said_pid(first) == said_pid(second)


def test_a_killed_launcher_leaves_a_server_to_attach_to(state_dir: Path, launcher: Launcher) -> None:
    starter = launcher()
    pid = said_pid(starter)
    starter.kill()
    starter.wait()

    with postgres.running(state_dir):
        attached_to = pid_of(state_dir)

    assert attached_to == pid
    assert not is_alive(pid)


def test_what_was_committed_survives_the_kill_of_the_server(state_dir: Path) -> None:
    with postgres.running(state_dir):
        tell(state_dir, "CREATE TABLE kept AS SELECT generate_series(1, 777) AS number")
        killed = pid_of(state_dir)
        os.kill(killed, signal.SIGKILL)
        wait_for_end(killed, timeout_s=5)

        postgres.revive(state_dir)

        assert ask(state_dir, "SELECT count(*) FROM kept") == 777
        assert pid_of(state_dir) != killed


def test_what_was_committed_survives_the_kill_of_server_and_launcher(state_dir: Path, launcher: Launcher) -> None:
    starter = launcher("fsync")
    pid = said_pid(starter)
    tell(state_dir, "CREATE TABLE kept AS SELECT generate_series(1, 777) AS number")
    starter.kill()
    os.kill(pid, signal.SIGKILL)

    with postgres.running(state_dir):
        assert ask(state_dir, "SELECT count(*) FROM kept") == 777


def test_a_zombie_counts_as_dead(state_dir: Path, launcher: Launcher) -> None:
    starter = launcher()
    pid = said_pid(starter)
    os.kill(pid, signal.SIGKILL)
    wait_for_end(pid, timeout_s=5)

    with postgres.running(state_dir, fsync=False):
        still_listed = Path(f"/proc/{pid}").exists()  # its parent never asks for it
        assert pid_of(state_dir) != pid

    assert still_listed


def test_a_pid_file_that_names_another_program_does_not_block(state_dir: Path) -> None:
    with postgres.running(state_dir, fsync=False):
        place = postgres.Place(state_dir)
        left = place.pid_file.read_text().split("\n", 1)[1]
    with subprocess.Popen(["sleep", "60"]) as stranger:
        place.pid_file.write_text(f"{stranger.pid}\n{left}")
        (place.sockets / ".s.PGSQL.5432.lock").write_text(f"{stranger.pid}\n{left}")

        with postgres.running(state_dir, fsync=False):
            assert pid_of(state_dir) != stranger.pid
        assert stranger.poll() is None
        stranger.kill()


def test_a_backend_deep_in_a_query_does_not_outlive_its_server_for_long(
    state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "ORPHAN_TIMEOUT_S", 0.2)
    with postgres.running(state_dir, fsync=False):
        pid = pid_of(state_dir)
        connection = psycopg.connect(postgres.url(state_dir))
        backend = connection.info.backend_pid
        connection.pgconn.send_query(b"SELECT sum(sqrt(n)) FROM generate_series(1, 2000000000) AS n")
        os.kill(pid, signal.SIGKILL)
        wait_for_end(pid, timeout_s=5)

        postgres.revive(state_dir, fsync=False)

        assert not is_alive(backend)
        connection.close()


def test_a_cluster_half_made_is_made_again(state_dir: Path) -> None:
    half = state_dir / "postgres" / "data.new-left"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18")

    with postgres.running(state_dir, fsync=False):
        assert ask(state_dir, "SELECT 1") == 1
    assert not half.exists()


def test_another_major_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    data = tmp_path / "postgres" / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("17\n")

    with pytest.raises(postgres.PostgresUnavailable, match="written by PostgreSQL 17"), postgres.running(tmp_path):
        pass
    assert [path.name for path in data.iterdir()] == ["PG_VERSION"]


@pytest.mark.parametrize("name", ["x" * 100, "a folder, with 'signs'", "Größe"])
def test_any_folder_will_do(tmp_path: Path, name: str) -> None:
    state_dir = tmp_path / name

    with postgres.running(state_dir, fsync=False):
        sockets = postgres.Place(state_dir).sockets
        answer = ask(state_dir, "SELECT 1")

    assert answer == 1
    assert sockets.parent == Path("/tmp")
    assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    shutil.rmtree(sockets)


def test_a_socket_folder_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state_dir = tmp_path / ("x" * 100)
    sockets = postgres.Place(state_dir).sockets
    sockets.mkdir()
    owner = sockets.stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1 if not IS_ROOT else 0)
    if IS_ROOT:
        os.chown(sockets, 12345, 12345)

    with pytest.raises(postgres.PostgresUnavailable, match="belongs to user"):
        postgres.make_sockets(postgres.Place(state_dir), privileges.Way(Path("/")))
    sockets.rmdir()


@pytest.mark.parametrize("way", WAYS)
def test_the_server_is_never_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    """Whichever way is open; nobody may not enter the folder of this test, so its files then lie elsewhere."""
    elsewhere = Path(tempfile.mkdtemp(dir="/tmp"))
    elsewhere.chmod(0o711)
    monkeypatch.setattr(privileges, "ELSEWHERE", elsewhere)
    monkeypatch.setenv(privileges.WISH_VARIABLE, way)
    state_dir = tmp_path / "state"
    tmp_path.chmod(0o700)

    with postgres.running(state_dir, fsync=False):
        runs_as = Path(f"/proc/{pid_of(state_dir)}").stat().st_uid
        owner = (state_dir / "postgres" / "data").stat().st_uid
        in_namespace = os.readlink(f"/proc/{pid_of(state_dir)}/ns/user") != os.readlink("/proc/self/ns/user")
        is_elsewhere = (state_dir / "postgres").is_symlink()

    assert owner == {"namespace": 0, "nobody": NOBODY}.get(way, os.geteuid())
    assert runs_as in {owner, NOBODY}
    assert in_namespace == (way == "namespace")
    assert is_elsewhere == (way == "nobody")
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700
    shutil.rmtree(elsewhere)


def test_a_user_without_an_account_gets_one_in_a_namespace(monkeypatch: pytest.MonkeyPatch) -> None:
    """initdb asks /etc/passwd who we are; containers often run as a number that nobody wrote there."""
    plain = privileges.Way(privileges.find_wheel() / f"pginstall{privileges.MAJOR}" / "bin")
    with_account = privileges.way_of_user(plain)
    monkeypatch.setattr(pwd, "getpwuid", {}.__getitem__)

    without_account = privileges.way_of_user(plain)

    assert with_account == plain
    assert without_account.options == ("--namespace",)


def test_data_made_one_way_is_served_the_other_way(monkeypatch: pytest.MonkeyPatch) -> None:
    state_dir = Path(tempfile.mkdtemp(dir="/tmp"))
    for round_, way in enumerate([*WAYS, *WAYS]):
        monkeypatch.setenv(privileges.WISH_VARIABLE, way)
        with postgres.running(state_dir, fsync=False):
            tell(state_dir, "CREATE TABLE IF NOT EXISTS kept (number integer)")
            tell(state_dir, f"INSERT INTO kept VALUES ({round_})")
            counted = ask(state_dir, "SELECT count(*) FROM kept")

    assert counted == len(WAYS) * 2
    assert not (state_dir / "postgres").is_symlink()  # /tmp may be walked through, so nothing had to move
    shutil.rmtree(state_dir)


def test_when_nothing_works_the_words_name_the_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(privileges.Way, "refusal", lambda way: "Operation not permitted")
    monkeypatch.setattr(privileges, "ELSEWHERE", tmp_path)

    with pytest.raises(postgres.PostgresUnavailable) as unavailable, postgres.running(tmp_path / "state"):
        pass
    assert "Operation not permitted" in str(unavailable.value)
    assert "DATABASE_URL" in str(unavailable.value)


def test_a_server_that_cannot_start_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(postgres.SERVER_SETTINGS, "shared_buffers", "many")

    starting = postgres.running(tmp_path / "state", fsync=False)
    with pytest.raises(postgres.PostgresUnavailable, match="invalid value for parameter"), starting:
        pass


@pytest.mark.parametrize(
    ("words", "named", "misses"),
    [
        ("grant triager ann@example.org", "", True),
        ("grant triager ann@example.org", "elsewhere", False),
        ("doctor", "", True),
        ("backup copies", "misspelt", True),
        ("grant --help", "", False),
        ("migrate", "", False),
        ("", "", False),
    ],
)
def test_a_command_about_a_site_makes_none_unless_it_is_told_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str, named: str, misses: bool
) -> None:
    for name in ("STATE_DIR", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    if named:
        monkeypatch.setenv("STATE_DIR", str(tmp_path))

    assert misses_its_site(words.split(), tmp_path) is misses


def test_the_command_line_says_it_without_a_trace(tmp_path: Path) -> None:
    (tmp_path / "postgres").write_text("in the way")

    result = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=BASE,
        env={**os.environ, "STATE_DIR": str(tmp_path), "DATABASE_URL": ""},
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 1
    assert result.stderr.startswith("The embedded PostgreSQL cannot be used: ")
    assert "Traceback" not in result.stderr
