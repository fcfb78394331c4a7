"""A bundle holds away from the site, and whatever is changed in it is found and the first bad line named."""

import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger import sequencer, verifier
from ledger.bundles import Opened, bundle
from ledger.models import Checkpoint, Event
from ledger.proving import covering
from ledger.record import erase, record
from ledger.signing import public_key, signed_checkpoint
from ledger.tree.notes import verifier_key

pytestmark = pytest.mark.django_db
Files = dict[str, str]


def opened(event: Event) -> Opened:
    """Every third stays closed."""
    return Opened(("actor", "verb", "payload"), {"words": "Looked"}) if (event.sequence or 0) % 3 else Opened()


@pytest.fixture(scope="module")
def ground(ground: Any) -> Any:
    for at in range(300):
        record("look", actor="p-0011223344", nth=at)
    sequencer.keep_up()
    ground.files = files("period 2026-11-16 2026-11-22", first=250, last=262)
    return ground


def files(about: str, *, first: int, last: int) -> Files:
    events = Event.objects.filter(sequence__range=(first, last)).select_related("payload").order_by("sequence")
    made = bundle(about, events, opened, Checkpoint.objects.latest("size"))
    return {name: b"".join(parts).decode() for name, parts in made}


def packed(files: Files, folder: Path) -> Path:
    path = folder / "bundle.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def line(files: Files, name: str, nth: int, change: Callable[[dict[str, Any]], Any]) -> Files:
    lines = files[name].splitlines(keepends=True)
    said = json.loads(lines[nth])
    change(said)
    lines[nth] = json.dumps(said) + "\n"
    return {**files, name: "".join(lines)}


def without(files: Files, name: str, *nths: int) -> Files:
    lines = [each for nth, each in enumerate(files[name].splitlines(keepends=True)) if nth not in nths]
    return {**files, name: "".join(lines)}


def renumbered(files: Files, name: str) -> Files:
    """By somebody who knows of the counts in the lines."""
    lines = [json.dumps({**json.loads(each), "line": nth}) for nth, each in enumerate(files[name].splitlines())]
    return {**files, name: "\n".join([*lines, ""])}


def fitted(files: Files) -> Files:
    """The manifest follows, as far as somebody can bring it to without the key."""
    head, below = files["manifest"].split("\n\n")
    listed = "".join(
        f"{hashlib.sha256(files[name].encode()).hexdigest()} {files[name].count(chr(10))} {name}\n"
        for name in verifier.FILES
    )
    return {**files, "manifest": "\n".join(head.split("\n")[:3]) + f"\n{listed}\n{below}"}


def swapped(files: Files, name: str, one: int, other: int) -> Files:
    lines = files[name].splitlines(keepends=True)
    lines[one], lines[other] = lines[other], lines[one]
    return {**files, name: "".join(lines)}


def exchanged(files: Files) -> Files:
    """What two events say, each under the other's line."""
    lines = [json.loads(each) for each in files["events.jsonl"].splitlines()]
    lines[1]["opened"]["payload"], lines[3]["opened"]["payload"] = (lines[at]["opened"]["payload"] for at in (3, 1))
    return {**files, "events.jsonl": "".join(json.dumps(each) + "\n" for each in lines)}


def older(files: Files) -> Files:
    """Signed as well, by the same key."""
    note = signed_checkpoint(290, b"r" * 32)
    return {**files, "checkpoint": note}


E, D = "events.jsonl", "decisions.jsonl"
# What is done, and what is said of it. Those of which only the manifest tells are fitted too, where that could be done.
MUTATIONS: dict[str, tuple[Callable[[Files], Files], str]] = {
    "an actor": (lambda f: line(f, E, 1, lambda said: said["opened"]["actor"].update(value='"p-x"')), f"{E} line 2"),
    "a key": (lambda f: line(f, E, 1, lambda said: said["opened"]["actor"].update(key="00" * 32)), f"{E} line 2"),
    "a leaf": (lambda f: {**f, E: f[E].replace('\\"on\\":\\"20', '\\"on\\":\\"19', 1)}, f"{E} line 1"),
    "a hash": (lambda f: line(f, E, 4, lambda said: said["hashes"].reverse()), f"{E} line 5"),
    "a number": (lambda f: line(f, E, 4, lambda said: said.update(seq=1)), f"{E} line 5"),
    "a number that is none": (lambda f: line(f, E, 4, lambda said: said.update(seq=None)), f"{E} line 5"),
    "what is closed left out": (lambda f: line(f, E, 1, lambda said: said.pop("closed")), f"{E} line 2"),
    "what is opened left out": (lambda f: line(f, E, 1, lambda said: said.pop("opened")), f"{E} line 2"),
    "both left out": (
        lambda f: line(f, E, 1, lambda said: (said.pop("opened"), said.pop("closed"))),
        f"{D} line 2",
    ),
    "two lines": (lambda f: swapped(f, E, 2, 3), f"{E} line 3"),
    "two lines, renumbered": (lambda f: renumbered(swapped(f, E, 2, 3), E), f"{E} line 3"),
    "a line gone": (lambda f: without(f, E, 5), f"{E} line 6"),
    "a line gone, renumbered": (lambda f: renumbered(without(f, E, 5), E), f"{E} line 6"),
    "a line twice": (lambda f: {**f, E: f[E] + f[E].splitlines(keepends=True)[-1]}, f"{E} line 14"),
    "payloads exchanged": (exchanged, f"{E} line 2"),
    "no JSON": (lambda f: {**f, E: f[E] + "no JSON\n"}, f"{E} line 14"),
    "JSON without end": (lambda f: {**f, E: f[E] + "[" * 100_000 + "\n"}, f"{E} line 14"),
    "no line break at the end": (lambda f: {**f, E: f[E][:-1]}, f"{E} line 13"),
    "a decision": (lambda f: line(f, D, 2, lambda said: said.update(actor="p-x")), f"{D} line 3"),
    "more in a decision": (lambda f: line(f, D, 2, lambda said: said.update(at="now")), f"{D} line 3"),
    "a decision gone": (lambda f: renumbered(without(f, D, 2), D), f"{D} line 3"),
    "the last decision gone": (lambda f: fitted(without(f, D, 8)), f"{D} line 9"),
    "decisions moved": (lambda f: renumbered(swapped(f, D, 0, 1), D), f"{D} line 1"),
    "what is told": (lambda f: line(f, D, 2, lambda said: said.update(told={"words": "No"})), "manifest line 8"),
    "what is told, and the manifest": (
        lambda f: fitted(line(f, D, 2, lambda said: said.update(told={"words": "No"}))),
        "manifest is not signed",
    ),
    "the last lines gone": (lambda f: fitted(without(f, E, 11, 12)), f"{D} line 9"),
    "the last lines gone from both": (
        lambda f: fitted(without(without(f, E, 11, 12), D, 8)),
        "manifest is not signed",
    ),
    "an old checkpoint": (older, f"{E} line 1"),
    "a checkpoint of nobody": (
        lambda f: {**f, "checkpoint": f["checkpoint"].replace("300", "301")},
        "is not signed by",
    ),
    "the README": (lambda f: {**f, "README.txt": "Believe us."}, "manifest line 4"),
    "what it is about": (lambda f: {**f, "manifest": f["manifest"].replace("2026-11-16", "2026-11-15")}, "not signed"),
    "a file too many": (lambda f: {**f, "run.sh": "rm"}, "other files"),
    "a file too few": (lambda f: {name: text for name, text in f.items() if name != D}, "other files"),
}


def test_a_bundle_holds_and_is_the_same_whenever_it_is_made(ground: Any, tmp_path: Path, capsys: Any) -> None:
    path = packed(ground.files, tmp_path)

    assert verifier.main(["bundle", str(path), "--key", public_key()]) == 0
    assert capsys.readouterr().out.startswith("period 2026-11-16 2026-11-22: 13 events stand in the ledger")
    assert verifier.main(["bundle", str(path)]) == 0
    assert "compare it with one from elsewhere" in capsys.readouterr().out
    record("look", actor="p-0011223344")
    assert files("period 2026-11-16 2026-11-22", first=250, last=262) == ground.files


@pytest.mark.parametrize("name", MUTATIONS)
def test_whatever_is_changed_is_found_and_named(ground: Any, tmp_path: Path, name: str) -> None:
    change, expected = MUTATIONS[name]
    mutated = change(ground.files)

    assert mutated != ground.files
    with pytest.raises(verifier.Refuted) as refusal:
        verifier.check_bundle(packed(mutated, tmp_path), verifier.Key.read(public_key()))
    assert expected in str(refusal.value)


def test_another_key_is_not_ours(ground: Any, tmp_path: Path) -> None:
    name = public_key().partition("+")[0]

    with pytest.raises(verifier.Refuted, match="not signed by"):
        verifier.check_bundle(packed(ground.files, tmp_path), verifier.Key.read(verifier_key(name, b"k" * 32)))


def test_what_is_no_archive_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "no.zip").write_bytes(b"no archive")

    with pytest.raises(verifier.Refuted, match="no bundle"):
        verifier.check_bundle(tmp_path / "no.zip", None)


def test_a_period_misses_no_number_and_others_may(ground: Any, tmp_path: Path) -> None:
    events = Event.objects.filter(sequence__in=[3, 5, 9]).order_by("sequence")
    newest = Checkpoint.objects.latest("size")

    def made(about: str) -> Path:
        return packed(
            {name: b"".join(parts).decode() for name, parts in bundle(about, events, opened, newest)}, tmp_path
        )

    assert verifier.check_bundle(made("issue TT-2026-00001"), None)[1:] == ("issue TT-2026-00001", 3)
    with pytest.raises(verifier.Refuted, match=r"line 2: event 5 follows event 3"):
        verifier.check_bundle(made("period 2026-11-16 2026-11-22"), None)


def test_an_erased_event_is_its_line_alone(ground: Any, tmp_path: Path) -> None:
    erase(Event.objects.filter(sequence=251))
    made = files("period 2026-11-16 2026-11-22", first=250, last=262)

    assert "opened" not in json.loads(made["events.jsonl"].splitlines()[1])
    assert verifier.check_bundle(packed(made, tmp_path), None)[2] == 13


def test_the_oldest_checkpoint_that_covers_an_event_stays_the_one(ground: Any) -> None:
    record("look", actor="p-0011223344")
    sequencer.keep_up()
    sequencer.sign()

    found = [covering(at) for at in (0, 299, 300, 301)]
    assert [each.size if each else None for each in found] == [300, 300, 301, None]
