"""The walk of docs/verify.md, as an outsider takes it: a checkpoint of last week on paper, and nothing else."""

import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone

from ledger import sequencer, verifier
from ledger.bundles import Opened, bundle
from ledger.models import Checkpoint, Event, Tile
from ledger.record import dated, record
from ledger.tree import tiles
from reports.exporters.archive import archived
from reports.models import Report

pytestmark = pytest.mark.django_db
GUIDE = (settings.BASE_DIR / "docs" / "verify.md").read_text()
COMMANDS = re.findall(r"python verify\.py (.+)", GUIDE)


@pytest.fixture(scope="module")
def ground(ground: Any) -> Any:
    """A week ago a report was filed and something signed; things went on since."""
    with dated(timezone.now() - timedelta(days=7)):
        ground.report = ground.file(grouped=False)
        for at in range(299):
            record("look", actor="p-0011223344", nth=at)
    sequencer.keep_up()
    sequencer.sign()
    for at in range(250):
        record("look", actor="p-0011223344", nth=at)
    sequencer.keep_up()
    sequencer.sign()
    return ground


@pytest.fixture
def printed(ground: Any) -> str:
    """The checkpoint as the page showed it last week."""
    (note,) = Checkpoint.objects.filter(size=300).values_list("signed_note", flat=True)
    return note


@pytest.fixture
def site(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the program fetches from https://site.example is answered here."""

    def fetcher(source: str) -> verifier.Fetch:
        assert source == "https://site.example/ledger/"

        def fetch(path: str) -> bytes:
            answer = client.get(f"/ledger/{path}")
            if answer.status_code != 200:
                raise verifier.Refuted(f"{path}: {answer.status_code}")
            return bytes(answer.content)

        return fetch

    monkeypatch.setattr(verifier, "fetcher", fetcher)


@pytest.fixture
def commands(
    printed: str, client: Client, ground: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> list[list[str]]:
    """The commands of the guide, with this site's values where the guide has examples."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "checkpoint.txt").write_text(printed)
    session = client.session
    session["open_receipts"] = [ground.report.reference]
    session.save()
    proof = client.get(f"/reports/{ground.report.reference}/proof.json")
    (tmp_path / "my.proof.json").write_bytes(proof.content)
    key = client.get("/ledger/key").content.decode().strip()
    typed = ":".join(printed.splitlines()[1:3])
    bundled = Event.objects.filter(sequence__in=[3, 5]).order_by("sequence")
    files = bundle("issue TT-2026-00012", bundled, lambda event: Opened(("verb",)), Checkpoint.objects.latest("size"))
    Path("issue.bundle.zip").write_bytes(b"".join(archived(files)))
    ours = {
        "site.example/ledger+1a2b3c4d+AZ…": key,
        "r-….proof.json": "my.proof.json",
        "TT-2026-00012.bundle.zip": "issue.bundle.zip",
    }
    return [
        [typed if re.fullmatch(r"\d+:\S+=", word) else ours.get(word, word) for word in shlex.split(line)]
        for line in COMMANDS
    ]


def test_the_guide_asks_everything_that_can_be_asked() -> None:
    assert [shlex.split(line)[0] for line in COMMANDS] == ["since", "since", "log", "proof", "bundle"]


def test_every_step_of_the_guide_holds(site: None, commands: list[list[str]], capsys: Any) -> None:
    for command in commands:
        assert verifier.main(command) == 0, command

    said = capsys.readouterr().out
    assert said.count("holds: 127.0.0.1:8000/ledger, 550 events") == 5
    assert f'"reference": "{Report.objects.get().reference}"' in said


@pytest.fixture
def unguarded(ground: Any) -> None:
    """Nothing that forbids: the site itself is what is not trusted here."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in ("ledger_event", "ledger_tile", "ledger_checkpoint"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")


def signed_anew(change: Callable[[], Any]) -> None:
    """The site rewrites its history with all that it has, its key among it."""
    Checkpoint.objects.all().delete()
    Tile.objects.all().delete()
    Event.objects.update(sequence=None, commit=None)
    change()
    sequencer.keep_up()
    sequencer.sign()


REWRITTEN: dict[str, Callable[[], Any]] = {
    "edited": lambda: Event.objects.filter(pk=Event.objects.earliest("pk").pk).update(actor="p-somebody"),
    "removed": lambda: Event.objects.filter(pk__in=Event.objects.order_by("pk")[150:151]).delete(),
    "put in": lambda: Event.objects.create(pk=0, verb="look", actor="a", subjects=[]),
    "cut short": lambda: Event.objects.filter(pk__in=Event.objects.order_by("pk")[200:]).delete(),
}


@pytest.mark.parametrize("how", REWRITTEN)
def test_no_step_holds_once_the_site_has_written_another_history(
    unguarded: None, site: None, commands: list[list[str]], how: str
) -> None:
    signed_anew(REWRITTEN[how])

    for command in commands[:3]:
        with pytest.raises(verifier.Refuted, match=r"changed since|some are gone"):
            verifier.main(command)


def test_the_file_alone_checks_a_copy_of_the_site(client: Client, printed: str, tmp_path: Path, ground: Any) -> None:
    """As a process of its own, which finds nothing of ours; over a folder instead of a network."""
    alone, copy = tmp_path / "alone", tmp_path / "copy"
    alone.mkdir()
    (alone / "verify.py").write_bytes(client.get("/ledger/verify.py").content)
    places = [
        tiles.Place(level, number, width) for level in (0, tiles.ENTRIES) for number, width in enumerate((256, 256, 38))
    ]
    for path in ["checkpoint", "key", "consistency/300/550", *(place.path for place in places)]:
        (copy / path).parent.mkdir(parents=True, exist_ok=True)
        (copy / path).write_bytes(client.get(f"/ledger/{path}").content)
    (alone / "checkpoint.txt").write_text(printed)

    def ask(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-I", "verify.py", *words]
        return subprocess.run(command, cwd=alone, capture_output=True, text=True, check=False)

    good = ask("log", str(copy), "--since", "checkpoint.txt")
    entries = copy / tiles.Place(tiles.ENTRIES, 0).path
    entries.write_bytes(entries.read_bytes().replace(b'"on":"2', b'"on":"1', 1))
    bad = ask("log", str(copy), "--since", "checkpoint.txt")

    typed = ask("since", str(copy), f"300:{'A' * 43}=")
    (alone / "deep.json").write_text("[" * 100_000)
    hitches = [
        ask("log", str(copy / "elsewhere")),
        ask("since", str(copy), "checkpont.txt"),
        ask("since", str(copy), "3OO:AAAA"),
        ask("since", str(copy), "300:AAAA"),
        ask("proof", "no.json"),
        ask("proof", "deep.json"),
        ask("bundle", "checkpoint.txt"),
    ]
    (copy / "checkpoint").write_text(f"\x1b[2K\rholds: all\x1b[8m\n5\n{'A' * 43}=\n\n— site AAAA\n")
    steering = ask("log", str(copy))

    assert (good.returncode, good.stdout[:6]) == (0, "holds:")
    assert (typed.returncode, "does not hold: Something among the first 300" in typed.stderr) == (1, True)
    assert "compare it with what you kept" in typed.stderr
    assert [(hitch.returncode, hitch.stderr[:22]) for hitch in hitches] == [(2, "could not be checked: ")] * 7
    assert (steering.returncode, steering.stdout) == (1, "")
    assert steering.stderr.startswith(r"does not hold: The checkpoint is of \x1b[2K\rholds: all\x1b[8m, the key of ")
    assert (bad.returncode, bad.stderr) == (1, "does not hold: Event 0 is not what it was when its tile was made.\n")
