"""What doctor finds well, and what it finds wrong and how that is mended."""

import json
import socket
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from psycopg.errors import InvalidSchemaName

from accounts.models import User
from config import doctor
from config.doctor import Finding
from ledger import sequencer
from ledger.record import record
from triage import meters, presence
from triage.models import Presence

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def in_this_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "within", lambda seconds, question: question())


def verdicts(found: Iterator[Finding]) -> list[str]:
    return [each.verdict.value for each in found]


def raising(error: Exception) -> Callable[..., Any]:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


def test_the_command_says_all_and_ends_with_one_where_something_is_to_mend() -> None:
    written = StringIO()

    with pytest.raises(CommandError, match=r"^To mend: .*web, worker, beat") as ended:
        call_command("doctor", "--json", stdout=written)

    document = json.loads(written.getvalue())
    assert (ended.value.returncode, document["well"]) == (1, False)
    assert all(finding["cure"] for finding in document["findings"] if finding["verdict"] != "well")


@pytest.mark.parametrize("error", [psycopg.OperationalError("password wrong for user"), TimeoutError()])
def test_a_database_that_is_away_is_the_first_thing_said_and_nothing_is_asked_of_it(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr("psycopg.connect", raising(error))

    found = {each.check: each for each in doctor.examined()}

    assert found["database"].verdict == "mend"
    assert ("DATABASE_PASSWORD" in found["database"].cure) is isinstance(error, psycopg.Error)
    assert "password wrong" not in found["database"].found
    assert "migrations" not in found
    assert "disk" in found


def test_of_tables_that_are_not_made_yet_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "is_migrated", lambda: False)
    monkeypatch.setattr(Presence, "objects", None)

    found = {each.check: each for each in doctor.examined()}

    assert found["migrations"].verdict == "mend"
    assert "disk" in found


def test_an_old_postgresql_is_no_good(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "server_version", lambda: 140_011)

    assert doctor.database_finding().verdict == "mend"


def test_processes_that_live_and_agree_are_well() -> None:
    for part in ("web", "worker"):
        presence.appear(part)
    meters.mark("swept")

    assert [*verdicts(doctor.processes()), *verdicts(doctor.beat()), *verdicts(doctor.keys())] == ["well"] * 4


def test_another_key_and_another_clock_are_found() -> None:
    presence.appear("worker")
    Presence.objects.update(key_mark="another", skew_s=600)

    assert [*verdicts(doctor.keys()), *verdicts(doctor.clocks())] == ["mend", "mend"]
    assert doctor.clock_finding(3).verdict == "mind"


def test_a_key_that_did_not_sign_the_ledger_is_found(settings: Any) -> None:
    record("file", actor="p-0011223344")
    sequencer.keep_up()
    assert verdicts(doctor.keys()) == ["well"]

    settings.LEDGER_ORIGIN = "moved.example/ledger"
    assert verdicts(doctor.keys()) == ["well"]

    settings.LEDGER_KEY = bytes(32)
    assert verdicts(doctor.keys()) == ["well", "mend"]


@pytest.mark.parametrize(
    ("deciders", "two_person", "verdict"), [(0, True, "mend"), (1, True, "mind"), (2, True, "well"), (2, False, "mind")]
)
def test_two_people_decide(settings: Any, deciders: int, two_person: bool, verdict: str) -> None:
    settings.TWO_PERSON = two_person
    for number in range(deciders):
        User.objects.create_user(email=f"{number}@example.org").grants.create(role="triager")

    assert verdicts(doctor.people()) == [verdict]


@pytest.mark.parametrize("error", [TimeoutError(), ConnectionRefusedError(), InvalidSchemaName()])
def test_a_broker_that_is_away_or_hangs(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    monkeypatch.setattr(doctor, "current_app", SimpleNamespace(connection_for_write=raising(error)))

    assert verdicts(doctor.broker()) == ["mend"]


def test_a_key_that_others_read_and_a_folder_that_is_closed(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.KEY_FILE = tmp_path / "key"
    settings.KEY_FILE.touch(mode=0o600)
    assert verdicts(doctor.key_file()) == ["well"]
    settings.KEY_FILE.chmod(0o640)
    assert verdicts(doctor.key_file()) == ["mend"]

    settings.FILES_DIR = tmp_path / "not" / "there"
    assert verdicts(doctor.folders())[1] == "well"
    monkeypatch.setattr("tempfile.TemporaryFile", raising(PermissionError()))
    assert verdicts(doctor.folders()) == ["mend"] * 3


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        ({"SITE_URL": "https://a.example", "IS_HTTPS": True, "IS_LOOPBACK": False, "PROXY_COUNT": 1}, ["well"]),
        ({"SITE_URL": "https://a.example", "IS_HTTPS": True, "IS_LOOPBACK": False, "PROXY_COUNT": 0}, ["mend"]),
        ({"SITE_URL": "http://a.example", "IS_HTTPS": False, "IS_LOOPBACK": False}, ["mend"]),
        ({"SITE_URL": "http://127.0.0.1", "IS_HTTPS": False, "IS_LOOPBACK": True}, ["mind"]),
        ({"DEBUG": True, "IS_HTTPS": False, "IS_LOOPBACK": True}, ["mend", "mind"]),
    ],
)
def test_the_address(settings: Any, said: dict[str, Any], verdict: list[str]) -> None:
    for name, value in said.items():
        setattr(settings, name, value)

    assert verdicts(doctor.address()) == verdict


@pytest.mark.parametrize(
    ("demo", "loopback", "mfa", "verdict"),
    [
        (False, False, True, ["well"]),
        (False, False, False, ["mend"]),
        (True, True, False, ["mind"]),
        (True, False, True, ["mind", "well"]),
    ],
)
def test_safeguards(settings: Any, demo: bool, loopback: bool, mfa: bool, verdict: list[str]) -> None:
    settings.DEMO, settings.IS_LOOPBACK, settings.REQUIRE_MFA = demo, loopback, mfa

    assert verdicts(doctor.safeguards()) == verdict


def test_a_mail_server_is_greeted_and_sent_nothing(settings: Any) -> None:
    assert verdicts(doctor.mail()) == ["mind"]
    settings.EMAIL_BACKEND = "of.nobody"
    assert verdicts(doctor.mail()) == ["mend"]
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        settings.EMAIL_HOST, settings.EMAIL_PORT = nobody.getsockname()

        assert verdicts(doctor.mail()) == ["mend"]


def test_what_is_built_beforehand(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.STATIC_ROOT = tmp_path
    monkeypatch.setattr(doctor, "compiled", lambda: iter([("ar", tmp_path / "django.mo")]))
    assert [*verdicts(doctor.static_files()), *verdicts(doctor.languages())] == ["mend", "mend"]

    for name in ("staticfiles.json", "django.mo"):
        (tmp_path / name).touch()
    assert [*verdicts(doctor.static_files()), *verdicts(doctor.languages())] == ["well", "well"]


@pytest.mark.parametrize(("free", "verdict"), [(10**8, "mend"), (10**9, "mind"), (10**11, "well")])
def test_disk(monkeypatch: pytest.MonkeyPatch, free: int, verdict: str) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda folder: type("Usage", (), {"free": free}))

    assert set(verdicts(doctor.disk())) == {verdict}
