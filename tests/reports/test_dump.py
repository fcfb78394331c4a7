"""The record as files: whole or not at all, the same bytes for the same record, nothing in them that is not public."""

import csv
import gc
import hashlib
import json
import weakref
from collections.abc import Iterator
from copy import deepcopy
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from reports import dump
from reports.exporters.tables import COLUMNS, Line
from reports.lineage import descend
from reports.models import Affected, Artifact, Issue, Lineage, Reproduction, Version
from reports.naming import artifact_named
from reports.vocabulary import Relation

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.DUMPS_DIR = tmp_path / "dumps"
    return Path(settings.DUMPS_DIR)


@pytest.fixture(scope="module")
def stood(ground: Any) -> list[Issue]:
    return [ground.make_issue("Invents rulings"), ground.make_issue("Leaks addresses", status="resolved")]


@pytest.fixture
def issues(stood: list[Issue]) -> list[Issue]:
    return deepcopy(stood)


@pytest.fixture
def artifact(ground: Any) -> Artifact:
    return deepcopy(ground.artifact)  # type: ignore[no-any-return] # the ground is untyped


def kept() -> dict[str, bytes]:
    return {each.name: each.path.read_bytes() for each in dump.files()}


def told(table: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in kept()[f"{table}.jsonl"].splitlines()]


def test_the_files_say_what_the_record_says(issues: list[Issue], artifact: Artifact) -> None:
    child = Artifact.objects.create(kind="model", org="acme", name="chat-7b-q4", confirmed_at=timezone.now())
    Lineage.objects.create(child=child, parent=artifact, relation="quantised_from")
    Reproduction.objects.create(issue=issues[0], artifact=artifact, tries=9, failures=2, evidence="It did.")

    assert dump.write_dump()

    assert set(kept()) == {*dump.FILES, "SHA256SUMS"}
    assert [row["title"] for row in told("issues")] == ["Invents rulings", "Leaks addresses"]
    assert [(row["number"], row["status"]) for row in told("affected")] == [
        (issues[0].number, "affected"),
        (issues[1].number, "fixed"),
    ]
    assert [(row["tries"], row["failures"], row["version"]) for row in told("reproductions")] == [(9, 2, None)]
    assert [row["name"] for row in told("artifacts")] == ["acme/chat-7b", "acme/chat-7b-q4"]
    assert [row["version"] for row in told("versions")] == ["2026-05", "2026-06"]
    assert [row["relation"] for row in told("lineage")] == ["quantised_from"]
    assert told("tombstones") == []


def test_both_forms_of_a_table_agree_and_their_digests_are_right(issues: list[Issue]) -> None:
    dump.write_dump()
    files = kept()

    lines = [line.split() for line in files.pop("SHA256SUMS").decode().splitlines()]
    sums = {name: digest for digest, name in lines}

    assert sums == {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    for table, columns in COLUMNS.items():
        rows = list(csv.reader(StringIO(files[f"{table}.csv"].decode(), newline="")))
        assert rows[0] == list(columns)
        assert len(rows) - 1 == len(told(table))
        assert all(list(row) == list(columns) for row in told(table))


def test_the_same_record_gives_the_same_bytes_and_changes_nothing(issues: list[Issue], folder: Path) -> None:
    dump.write_dump()
    before, place, changed = kept(), (folder / "LATEST").readlink(), dump.changed_at()

    assert not dump.write_dump()

    assert (kept(), (folder / "LATEST").readlink(), dump.changed_at()) == (before, place, changed)
    assert {each.name for each in folder.iterdir()} == {"LATEST", str(place)}


def test_what_leaves_the_record_leaves_the_files(issues: list[Issue], triager: Any, folder: Path) -> None:
    from triage.decisions import decide
    from triage.tasks import renew_dump

    renew_dump()  # nothing is kept yet
    (folder / "theirs").mkdir()
    decide(issues[0], "unpublish", by=triager, reason="mistaken")

    renew_dump()

    assert [row["number"] for row in told("issues")] == [issues[1].number]
    assert [(row["number"], row["reason"]) for row in told("tombstones")] == [(issues[0].number, "mistaken")]
    left = [path for path in folder.rglob("*") if path.is_file()]
    assert not any(b"rulings" in path.read_bytes() for path in left)
    assert (folder / "theirs").exists()  # what is not ours is not deleted


def test_what_is_only_new_waits_for_the_night(issues: list[Issue], ground: Any) -> None:
    from triage.tasks import renew_dump, write_dump

    write_dump()
    ground.make_issue("Deletes the wrong folder")

    renew_dump()
    assert len(told("issues")) == 2
    write_dump()
    assert len(told("issues")) == 3


def test_a_word_that_was_taken_back_is_noticed(issues: list[Issue], artifact: Artifact) -> None:
    dump.write_dump()

    for row, change in [
        (Issue.objects.filter(pk=issues[0].pk), {"public_title": "Invents court rulings"}),
        (Affected.objects.filter(issue=issues[0]), {"statement": "We look into it."}),
        (Artifact.objects.filter(pk=artifact.pk), {"intended_use": "Chat"}),
    ]:
        assert not dump.outdated()
        row.update(**change)
        assert dump.outdated()
        dump.write_dump()


def test_hidden_rows_change_no_byte(issues: list[Issue], artifact: Artifact, ground: Any) -> None:
    dump.write_dump()
    before = kept()

    now = timezone.now()
    unpublished, embargoed, new, unjudged, never = (ground.make_issue("canary") for _ in range(5))
    Issue.objects.filter(pk=unpublished.pk).update(published_at=None)
    Issue.objects.filter(pk=embargoed.pk).update(embargo_until=now + timedelta(days=1))
    Issue.objects.filter(pk=new.pk).update(status="new", number=None, published_at=None, confirmed_at=None)
    Affected.objects.filter(issue=unjudged).update(status="under_investigation", resolution="", stated_at=None)
    Issue.objects.filter(pk=never.pk).update(
        status="dismissed", dismissal="spam", dismissed_at=now, published_at=None, confirmed_at=None
    )
    hidden = Artifact.objects.create(kind="model", org="acme", name="canary")
    Affected.objects.create(issue=issues[0], artifact=hidden, status="affected", statement="canary")
    Lineage.objects.create(child=hidden, parent=artifact, relation="fine_tuned_from")
    Version.objects.create(artifact=hidden, name="canary", position=1)
    Version.objects.create(artifact=artifact, name="canary")
    Reproduction.objects.create(issue=issues[0], artifact=hidden, tries=3, failures=3)
    Reproduction.objects.create(issue=embargoed, artifact=artifact, tries=3, failures=3)
    Reproduction.objects.create(issue=issues[0], artifact=artifact, tries=3, failures=3, ended_at=now)
    report = ground.file(summary="It invents rulings, canary", visibility="private", version="canary-9")
    Reproduction.objects.create(issue=issues[0], artifact=artifact, tries=3, failures=3, report=report)

    assert not dump.outdated()
    assert not dump.write_dump()
    assert kept() == before


def test_a_family_is_told_by_way_of_what_has_a_page_alone(artifact: Artifact) -> None:
    hidden, child, grandchild = (artifact_named("model", f"acme/{name}") for name in ("hidden", "child", "grandchild"))
    Artifact.objects.filter(pk__in=[child.pk, grandchild.pk]).update(confirmed_at=timezone.now())
    for younger, parent in [(hidden, artifact), (child, hidden), (grandchild, child)]:
        descend(younger, parent, Relation.FINE_TUNED_FROM)

    dump.write_dump()

    families = {row["name"]: row["family"] for row in told("artifacts")}
    assert families == {"acme/chat-7b": "acme/chat-7b", "acme/child": "acme/child", "acme/grandchild": "acme/child"}


def test_a_dump_half_written_is_never_the_latest(
    issues: list[Issue], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dump.write_dump()
    before = kept()

    def broken() -> Iterator[Line]:
        yield Line("issues", dict.fromkeys(COLUMNS["issues"], "half"))
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(dump, "lines", broken)

    with pytest.raises(CommandError, match="No space left"):
        call_command("dump")
    assert kept() == before
    assert not list(folder.glob(".draft-*"))


def test_lines_are_written_one_by_one(folder: Path) -> None:
    """However many there are: of a thousand none is kept once the next is asked for."""

    alive: weakref.WeakSet[Any] = weakref.WeakSet()
    most = 0

    class Held:
        """What can be counted while it is alive."""

    class Row(dict[str, object]):
        def __init__(self, row: dict[str, str], held: Held) -> None:
            super().__init__(row)
            self.held = held

    def many() -> Iterator[Line]:
        nonlocal most
        for place in range(1_000):
            value = Held()
            alive.add(value)
            row = dict.fromkeys(COLUMNS["lineage"], f"x{place}")
            yield Line("lineage", Row(row, value))
            del value, row
            most = max(most, len(alive))

    folder.mkdir()
    dump.written(folder, many())
    gc.collect()

    assert most <= 2
    assert (folder / "lineage.jsonl").read_text().count("\n") == 1_000


def test_a_cell_runs_nothing(issues: list[Issue]) -> None:
    Issue.objects.filter(pk=issues[0].pk).update(public_title='=HYPERLINK("http://evil.example")')

    dump.write_dump()

    (row, _other) = csv.DictReader(StringIO(kept()["issues.csv"].decode(), newline=""))
    assert row["title"].startswith("'=")
    assert row["disputed"] == "no"


def test_the_command_says_what_became_of_it(issues: list[Issue], capsys: pytest.CaptureFixture[str]) -> None:
    call_command("dump")
    call_command("dump")

    first, again = capsys.readouterr().out.splitlines()
    assert ": written, 15 files, " in first
    assert ": unchanged, 15 files, " in again


def test_the_page_lists_the_files_and_says_how_to_check_them(
    client: Client, issues: list[Issue], settings: Any
) -> None:
    assert "Nothing is written yet." in client.get("/dumps/").content.decode()
    assert client.get("/dumps/LATEST/issues.csv").status_code == 404
    dump.write_dump()
    settings.DUMPS_LICENCE = "CC BY 4.0 <b>"

    page = client.get("/dumps/").content.decode()

    for each in dump.files()[:-1]:
        assert each.digest in page
        assert f'href="/dumps/LATEST/{each.name}"' in page
    assert "sha256sum --check" in page
    assert "CC BY 4.0 &lt;b&gt;" in page
    assert "<b>" not in page


def test_a_file_is_sent_as_it_lies_and_not_twice(client: Client, issues: list[Issue]) -> None:
    dump.write_dump()
    file = dump.files()[0]

    answer: Any = client.get(f"/dumps/LATEST/{file.name}")

    assert answer.getvalue() == file.path.read_bytes()
    assert answer["ETag"] == f'"{file.digest}"'
    assert answer["Content-Length"] == str(file.size)
    assert answer["Content-Disposition"] == f'attachment; filename="telltale-{file.name}"'
    assert client.get(f"/dumps/LATEST/{file.name}", headers={"If-None-Match": answer["ETag"]}).status_code == 304


@pytest.mark.parametrize("name", [".words", "..", "../LATEST", "issues.sql", "%2e%2e%2ftelltale.key", "%00", "x" * 300])
def test_nothing_else_lies_there(client: Client, issues: list[Issue], name: str) -> None:
    dump.write_dump()

    assert client.get(f"/dumps/LATEST/{name}").status_code == 404
