"""Whatever is done to the ledger behind its back is found, and the first event that it was done to is named."""

from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import F
from django.utils import timezone

from ledger import sequencer, signing
from ledger.models import Checkpoint, Event, Payload, Tile
from ledger.record import record
from ledger.tree import tiles
from ledger.tree.commitments import commitment, commitments, leaf, written
from ledger.tree.hashing import leaf_hash
from ledger.tree.proofs import root
from ledger.verification import Broken, verify
from ledger.verifier import Checkpoint as Signed

pytestmark = pytest.mark.django_db
SIZES = (90, 180, 300, 600)
TABLES = ("ledger_event", "ledger_tile", "ledger_checkpoint")


@pytest.fixture(scope="module")
def ground(ground: Any) -> Any:
    """600 events under four checkpoints, and nothing that forbids to change them."""
    for before, size in zip((0, *SIZES), SIZES, strict=False):
        for at in range(before, size):
            record("look", actor="p-0011223344", nth=at)
        sequencer.keep_up()
        sequencer.sign()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in TABLES:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    return ground


def at(sequence: int) -> Any:
    return Event.objects.filter(sequence=sequence)


def moved(first: int, by: int) -> None:
    """The numbers from ``first`` on, by way of numbers that are free."""
    later = Event.objects.filter(sequence__gte=first)
    later.update(sequence=F("sequence") + 10_000)
    Event.objects.filter(sequence__gte=10_000).update(sequence=F("sequence") - 10_000 + by)


def swapped() -> None:
    at(200).update(sequence=9_999)
    at(201).update(sequence=200)
    at(9_999).update(sequence=201)


def inserted() -> None:
    moved(250, by=1)
    Event.objects.create(sequence=250, commit=commit_of(at(249).get()), actor="a", verb="look", subjects=[])


def commit_of(event: Event) -> bytes:
    payload = event.payload.content if hasattr(event, "payload") else None
    said = written(actor=event.actor, at=event.at, verb=event.verb, subjects=event.subjects, payload=payload)
    return commitment(commitments(bytes(event.key), said))


def rewritten() -> None:
    """By somebody who knows how: the commitment and the tree follow. Only the key is not theirs."""
    at(320).update(actor="p-somebody")
    at(320).update(commit=commit_of(at(320).get()))
    replanted(600)


def replanted(size: int) -> None:
    """The tree over the events as they are."""
    Tile.objects.all().delete()
    lines = Event.objects.filter(sequence__lt=size).order_by("sequence").values_list("at", "commit")
    hashes = [leaf_hash(leaf(nth, on, bytes(commit or b""))) for nth, (on, commit) in enumerate(lines)]
    for (level, number), held in tiles.grown(sequencer.kept_tile, 0, hashes).items():
        Tile.objects.create(level=level, number=number, hashes=held)


def closed_up() -> None:
    at(255).delete()
    moved(256, by=-1)


def cut(size: int, *checkpoints: int) -> None:
    Checkpoint.objects.filter(size__in=checkpoints).delete()
    Event.objects.filter(sequence__gte=size).delete()
    replanted(size)


def tile_changed(level: int, number: int, byte: int) -> None:
    held = bytearray(sequencer.kept_tile(level, number))
    held[byte] ^= 1
    Tile.objects.filter(level=level, number=number).update(hashes=bytes(held))


def forked() -> None:
    """Another history under a checkpoint that somebody else signed."""
    rewritten()
    top = root(300, tiles.nodes_of(sequencer.kept_tile))
    Checkpoint.objects.filter(size=600).update(root=top, signed_note=signing.signed_checkpoint(300, top))


def replayed() -> None:
    """An old note in place of the newest."""
    old = Checkpoint.objects.get(size=180)
    Checkpoint.objects.filter(size=600).update(root=old.root, signed_note=old.signed_note)


# What is done, and the first event that is not what it was. Where only a signature tells, any since the one before.
MUTATIONS: dict[str, tuple[Callable[[], Any], int]] = {
    "another actor": (lambda: at(123).update(actor="p-somebody"), 123),
    "another verb": (lambda: at(0).update(verb="decide"), 0),
    "another subject": (lambda: at(599).update(subjects=["issue:1"]), 599),
    "another day": (lambda: at(5).update(at=timezone.now() - timedelta(days=3)), 5),
    "another microsecond": (lambda: at(5).update(at=F("at") + timedelta(microseconds=1)), 5),
    "another payload": (lambda: Payload.objects.filter(event__sequence=77).update(content={"nth": 78}), 77),
    "no payload": (lambda: Payload.objects.filter(event__sequence=77).delete(), 77),
    "another key": (lambda: at(44).update(key=b"k" * 16), 44),
    "another commitment": (lambda: at(44).update(commit=b"c" * 32), 44),
    "another commitment of an erased one": (lambda: at(44).update(commit=b"c" * 32, key=b""), 44),
    "two edits": (lambda: (at(400).update(verb="x"), at(301).update(verb="x")), 301),
    "the first deleted": (lambda: at(0).delete(), 0),
    "one deleted": (lambda: at(255).delete(), 255),
    "one deleted, and the rest moved up": (closed_up, 255),
    "the last deleted": (lambda: at(599).delete(), 599),
    "two in each other's place": (swapped, 200),
    "one put in between": (inserted, 250),
    "edited with commitment": (lambda: (at(9).update(verb="x"), at(9).update(commit=commit_of(at(9).get()))), 9),
    "edited with commitment and tree": (rewritten, 300),
    "cut short": (lambda: Event.objects.filter(sequence__gte=450).delete(), 450),
    "cut short with its tree": (lambda: cut(450), 450),
    "cut short with its tree and a checkpoint": (lambda: cut(450, 180), 450),
    "all gone": (lambda: Event.objects.all().delete(), 0),
    "all gone with the tree": (lambda: cut(0), 0),
    "a leaf of a tile": (lambda: tile_changed(0, 1, 32 * 10), 266),
    "a node above": (lambda: tile_changed(1, 0, 32), 256),
    "a tile that is longer": (lambda: Tile.objects.filter(level=1).update(hashes=b"h" * 96), 0),
    "a tile too many": (lambda: Tile.objects.create(level=2, number=0, hashes=b"h" * 32), 600),
    "no tiles": (lambda: Tile.objects.all().delete(), 0),
    "a fork": (forked, 300),
    "an old checkpoint again": (replayed, 300),
    "another root in a checkpoint": (lambda: Checkpoint.objects.filter(size=180).update(root=b"r" * 32), 90),
    "another signature": (
        lambda: Checkpoint.objects.filter(size=180).update(signed_note=Checkpoint.objects.get(size=90).signed_note),
        90,
    ),
    "a note that is none": (lambda: Checkpoint.objects.filter(size=90).update(signed_note="signed"), 0),
    "a checkpoint of more than there is": (
        lambda: Checkpoint.objects.create(size=700, root=b"r" * 32, signed_note="signed"),
        600,
    ),
}


def test_a_ledger_that_nobody_touched_is_verified(ground: Any) -> None:
    verdict = verify()

    assert (verdict.size, verdict.root, verdict.unread) == (600, bytes(Checkpoint.objects.get(size=600).root), 0)


@pytest.mark.parametrize("name", MUTATIONS)
def test_whatever_is_changed_is_found_and_named(ground: Any, name: str) -> None:
    change, first = MUTATIONS[name]

    change()

    with pytest.raises(Broken) as found:
        verify()
    assert found.value.sequence == first


def signed_again() -> None:
    """What only the site itself could do: its key signs another history, and every trace of the first is gone."""
    Checkpoint.objects.all().delete()
    rewritten()
    sequencer.sign()


def test_what_the_site_signs_anew_is_told_by_a_checkpoint_that_others_kept(ground: Any) -> None:
    kept = [Signed.read(Checkpoint.objects.get(size=size).signed_note) for size in SIZES]

    signed_again()

    assert verify().size == 600
    assert verify(kept[0]).size == verify(kept[2]).size == 600
    with pytest.raises(Broken, match="kept"):
        verify(kept[3])


def test_what_was_cut_off_is_told_by_a_checkpoint_that_others_kept(ground: Any) -> None:
    kept = Signed.read(Checkpoint.objects.get(size=600).signed_note)

    cut(300)
    Checkpoint.objects.filter(size__gt=300).delete()

    assert verify().size == 300
    with pytest.raises(Broken, match="event 300: it is missing"):
        verify(kept)


def test_the_command_says_so(ground: Any, tmp_path: Path) -> None:
    said, kept = StringIO(), tmp_path / "checkpoint.txt"
    kept.write_text(Checkpoint.objects.get(size=180).signed_note)

    call_command("verify_ledger", stdout=said)
    call_command("verify_ledger", since=kept, stdout=said)

    first, second = said.getvalue().splitlines()
    assert first.startswith("ledger verified: 600 events, root ")
    assert first == second


def test_the_command_names_the_first_bad_event_and_fails(ground: Any, tmp_path: Path) -> None:
    at(123).update(actor="p-somebody")

    with pytest.raises(CommandError, match="First bad event: event 123: what it says was changed"):
        call_command("verify_ledger")
    kept = tmp_path / "checkpoint.txt"
    kept.write_text("nothing")
    with pytest.raises(CommandError, match="no size"):
        call_command("verify_ledger", since=kept)
    kept.write_bytes(b"\xff")
    with pytest.raises(CommandError, match="decode"):
        call_command("verify_ledger", since=kept)


def test_an_empty_ledger_is_verified(ground: Any) -> None:
    cut(0)
    Checkpoint.objects.all().delete()

    said = StringIO()
    call_command("verify_ledger", stdout=said)

    assert said.getvalue() == "ledger verified: 0 events, root 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
