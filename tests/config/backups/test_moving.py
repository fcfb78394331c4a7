"""A site leaves its embedded server: for an 18 on TCP with a password, and for a 15 that is older."""

import json
from pathlib import Path

import pytest

from tests.config.backups.conftest import Server, manage

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo site with a file beside a report and a ledger that is numbered, and a backup of it with its key apart."""
    folder = tmp_path_factory.mktemp("moving")
    state = str(folder / "state")
    assert manage("load_demo", STATE_DIR=state).returncode == 0
    filled = manage("shell", "--verbosity", "0", "--command", PLANT, STATE_DIR=state)
    assert filled.returncode == 0, filled.stderr
    taken = manage("backup", str(folder / "backup"), "--keys", str(folder / "keys"), STATE_DIR=state)
    assert taken.returncode == 0, taken.stderr
    return folder


PLANT = """
from ledger.sequencer import keep_up
from reports import quarantine
from reports.models import Attachment, Report
name = quarantine.lay_down(b"a line", quarantine.Room.READY)
Attachment.objects.create(report=Report.objects.first(), name=name, state="ready", format="text", size=6)
keep_up()
"""


@pytest.mark.parametrize("major", [None, 15], ids=["18 of the wheel", "15 of Debian"])
def test_every_table_is_the_same_on_a_server_of_ones_own(
    site: Path, server: Server, tmp_path: Path, major: int
) -> None:
    url = server(major)
    if major:
        assert manage("migrate", "--verbosity", "0", STATE_DIR=str(tmp_path), DATABASE_URL=url).returncode == 0

    moved = manage(
        "restore", str(site / "backup"), "--keys", str(site / "keys"), STATE_DIR=str(tmp_path), DATABASE_URL=url
    )
    again = manage("backup", str(tmp_path / "again"), STATE_DIR=str(tmp_path), DATABASE_URL=url)

    assert moved.returncode == 0, moved.stderr
    assert "ledger verified" in moved.stdout
    assert again.returncode == 0, again.stderr
    before, after = (
        json.loads((folder / "manifest.json").read_text()) for folder in (site / "backup", tmp_path / "again")
    )
    assert after["tables"] == before["tables"]
    assert sum(table["rows"] for table in after["tables"].values()) > 1_000
    assert after["postgres"] == (major or 18)
    sent, arrived = ([kept for kept in told["files"] if kept["name"].startswith("files/")] for told in (before, after))
    assert len(sent) == 1
    assert arrived == sent
    assert after["key"] == before["key"]


def test_the_drill_restores_a_backup_that_was_kept(site: Path) -> None:
    drilled = manage("drill", str(site / "backup"), "--keys", str(site / "keys"), STATE_DIR=str(site / "state"))

    assert drilled.returncode == 0, drilled.stderr
    assert "ledger verified" in drilled.stdout


def test_a_site_that_is_in_use_is_not_overwritten_unasked(site: Path) -> None:
    state = str(site / "state")

    refused = manage("restore", str(site / "backup"), STATE_DIR=state)
    replaced = manage("restore", str(site / "backup"), "--replace", STATE_DIR=state)

    assert (refused.returncode, "--replace" in refused.stderr) == (1, True)
    assert replaced.returncode == 0, replaced.stderr
