"""What lies in a backup's folder, and what is refused before anything is touched."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from psycopg.conninfo import conninfo_to_dict

from config.backups import manifest, programs, restoring, tables, taking
from config.backups.manifest import Kept, Manifest, Told, Unfit
from reports.quarantine import Room


def a_backup(folder: Path, **changes: Any) -> Manifest:
    folder.mkdir()
    (folder / manifest.DATABASE).write_bytes(b"rows")
    told: dict[str, Any] = {
        "made_at": "2026-11-22T03:00:00+00:00",
        "version": "0.1.0",
        "postgres": 18,
        "migrations": ["reports.0001_filing_and_the_record"],
        "key": taking.fingerprint(settings.KEY_FILE),
        "ledger": 3,
        "tables": {"reports_report": Told(3, "ab-cd")},
        "files": [Kept(manifest.DATABASE, 4, manifest.sha256(folder / manifest.DATABASE))],
    }
    made = Manifest(**{**told, **changes})
    made.write(folder)
    return made


def test_a_manifest_is_read_as_it_was_written(tmp_path: Path) -> None:
    written = a_backup(tmp_path / "backup")

    assert manifest.read(tmp_path / "backup") == written
    manifest.check(tmp_path / "backup", written)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 2}', '{"format": 1, "tables": {"a": 1}, "files": []}'])
def test_what_is_no_manifest_is_said_to_be_none(tmp_path: Path, text: str) -> None:
    (tmp_path / manifest.NAME).write_text(text)

    with pytest.raises(Unfit):
        manifest.read(tmp_path)


def test_a_byte_that_changed_is_found(tmp_path: Path) -> None:
    told = a_backup(tmp_path / "backup")
    (tmp_path / "backup" / manifest.DATABASE).write_bytes(b"rowz")

    with pytest.raises(Unfit, match="is not what was backed up"):
        manifest.check(tmp_path / "backup", told)


def test_a_manifest_leads_nowhere_else(tmp_path: Path) -> None:
    told = a_backup(tmp_path / "backup", files=[Kept("../stolen", 4, "00")])

    with pytest.raises(Unfit, match="lies outside"):
        manifest.check(tmp_path / "backup", told)


def test_the_key_lies_never_with_what_it_opens(tmp_path: Path) -> None:
    backup = tmp_path / "backup"

    with pytest.raises(taking.NotTaken, match="must not lie"):
        taking.take_key(backup / "keys", backup)
    taken = taking.take_key(tmp_path / "keys", backup)
    assert taking.fingerprint(taken) == taking.fingerprint(settings.KEY_FILE)
    assert taken.stat().st_mode & 0o077 == 0


def test_what_is_no_key_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "telltale.key").write_text("of the garden gate")

    with pytest.raises(CommandError, match=r"telltale\.key does not hold a key"):
        call_command("backup", str(tmp_path / "backup"), keys=tmp_path)


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("")

    with pytest.raises(CommandError, match="is not empty"):
        call_command("backup", tmp_path)


@pytest.mark.django_db
def test_a_site_in_use_another_key_and_a_newer_telltale_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restoring, "other_connections", lambda: 0)
    told = a_backup(tmp_path / "backup")
    other = a_backup(tmp_path / "other", key="another", migrations=["reports.9999_of_tomorrow"])

    with pytest.raises(restoring.NotRestored, match="--replace"):
        restoring.refuse_what_is_there(told, None, is_empty=False, replace=False)
    with pytest.raises(restoring.NotRestored, match="another key"):
        restoring.refuse_what_is_there(other, None, is_empty=True, replace=False)
    with pytest.raises(restoring.NotRestored, match="newer Telltale"):
        restoring.refuse_other_tables(other, rows_only=False)
    with pytest.raises(restoring.NotRestored, match="came since"):
        restoring.refuse_other_tables(told, rows_only=True)
    monkeypatch.setattr(restoring, "other_connections", lambda: 3)
    with pytest.raises(restoring.NotRestored, match="Stop web, worker and beat"):
        restoring.refuse_what_is_there(told, None, is_empty=True, replace=True)


@pytest.mark.django_db
def test_a_digest_knows_rows_and_not_their_order() -> None:
    def told(*rows: tuple[int, str]) -> Told:
        with connection.cursor() as cursor:
            cursor.execute("CREATE TEMPORARY TABLE IF NOT EXISTS told (id bigint, word text)")
            cursor.execute("TRUNCATE told")
            cursor.executemany("INSERT INTO told VALUES (%s, %s)", rows)
        return tables.told_of("told")

    assert told() == Told(0, "0-0")
    assert told((1, "a"), (2, "b")) == told((2, "b"), (1, "a"))
    assert len({told((1, "a"), (2, "b")), told((1, "b"), (2, "a")), told((1, "a")), told((1, "a"), (1, "a"))}) == 4
    assert {"reports_report", "ledger_event", "django_migrations"} <= set(tables.names())
    assert not set(tables.LEFT_OUT) & set(tables.names())


def test_rows_of_tables_that_are_not_there_are_left_out_and_named() -> None:
    script = [
        b"SET transaction_timeout = 0;\n",
        b"COPY public.kept (id) FROM stdin;\n",
        b"COPY public.hostile (id) FROM stdin;\n",
        b"SET transaction_timeout = 0;\n",
        b"\\.\n",
        b'COPY public."embedding_x" (id) FROM stdin;\n',
        b"COPY public.kept (id) FROM stdin;\n",
        b"\\.\n",
        b"SELECT pg_catalog.setval('public.kept_id_seq', 1, true);\n",
    ]
    left_out: list[str] = []

    fitting = list(restoring.fitting(iter(script), {"kept"}, left_out))

    assert fitting == [*script[1:5], script[8]]
    assert left_out == ["embedding_x"]


def test_every_room_of_files_is_backed_up_but_for_the_half_made() -> None:
    assert set(Room) == {Room.WAITING, Room.READY, Room.IMPORTS, Room.HALF}  # see taking.wanted()


def test_a_password_is_no_word_of_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.settings_dict, "PASSWORD", "of nobody's business")
    monkeypatch.setitem(settings.DATABASES["default"], "PASSWORD", "of nobody's business")

    assert "password" not in conninfo_to_dict(programs.address())
    assert programs.environment()["PGPASSWORD"] == "of nobody's business"
    assert {name for name in programs.environment() if name.startswith("PG")} == {"PGPASSWORD", "PGTZ"}
    assert os.environ.get("PGPASSWORD") is None


def test_programs_of_a_newer_server_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "version_of", lambda folder: 15)

    assert programs.programs_for(15).folder.is_dir()
    with pytest.raises(programs.ProgramFailed, match="PostgreSQL 19"):
        programs.programs_for(19)


def test_a_manifest_is_plain_json(tmp_path: Path) -> None:
    a_backup(tmp_path / "backup")

    told = json.loads((tmp_path / "backup" / manifest.NAME).read_text())

    assert told["tables"] == {"reports_report": {"rows": 3, "digest": "ab-cd"}}
