"""A bundle: events with their proofs, to be verified by ``ledger/verifier.py`` away from the site and for ever.

It holds the lines of what is asked for as everybody may read them, and opens of each event the fields that its reader
may read; no key of an event leaves the house whole. The manifest, a signed note, says what it is about and fixes every
file, so that a line that is left out at the end is missed too.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from ledger import proving
from ledger.models import Checkpoint, Event
from ledger.signing import public_key, signed_note
from ledger.tree.commitments import leaf

FORMAT = "telltale bundle 1"  # the first line of the manifest, which no checkpoint begins with
README = """A bundle of the ledger of {origin}: {about}.

events.jsonl      the lines of the ledger, each with its proof, and what is opened of it
decisions.jsonl   what is opened, as values that can be read
checkpoint        what the proofs lead to, signed by the site
key               the site's public key; compare it with one from elsewhere
manifest          the SHA-256 of each file, signed by the site

To verify it, without the site: get verify.py (it is /ledger/verify.py of any such site, and ledger/verifier.py in the
sources of Telltale), have it read, and run

    pip install cryptography
    python verify.py bundle THIS.zip --key 'KEY FROM ELSEWHERE'

"told" in a line of decisions.jsonl is the site's word in plain language: the manifest fixes it, the ledger does not.
"""
Files = Iterator[tuple[str, Iterable[bytes]]]


@dataclass(frozen=True, slots=True)
class Opened:
    """What a reader is shown of one event: no ``fields`` leaves its line alone; ``told`` says it for people."""

    fields: Sequence[str] = ()
    told: Mapping[str, Any] | None = None


def bundle(about: str, events: Iterable[Event], opened: Callable[[Event], Opened], checkpoint: Checkpoint) -> Files:
    """The files one after another, each to be read before the next. ``events`` in the order of their numbers, all of
    them below the size of ``checkpoint``. ``about`` is one line; "period" at its start says that no number is missing.
    """
    lines: dict[str, tuple[str, int]] = {}
    decisions: list[bytes] = []

    def kept(name: str, parts: Iterable[bytes]) -> Iterator[bytes]:
        digest, count = hashlib.sha256(), 0
        for part in parts:
            digest.update(part)
            count += part.count(b"\n")
            yield part
        lines[name] = (digest.hexdigest(), count)

    def file(name: str, parts: Iterable[bytes]) -> tuple[str, Iterable[bytes]]:
        return name, kept(name, parts)

    yield file("README.txt", [README.format(origin=settings.LEDGER_ORIGIN, about=about).encode()])
    yield file("key", [f"{public_key()}\n".encode()])
    yield file("checkpoint", [checkpoint.signed_note.encode()])
    yield file("events.jsonl", _events(events, opened, checkpoint, decisions))
    yield file("decisions.jsonl", decisions)
    listed = "".join(f"{digest} {count} {name}\n" for name, (digest, count) in lines.items())
    yield "manifest", [signed_note(f"{FORMAT}\n{settings.LEDGER_ORIGIN}\n{about}\n{listed}").encode()]


def _events(
    events: Iterable[Event], opened: Callable[[Event], Opened], checkpoint: Checkpoint, decisions: list[bytes]
) -> Iterator[bytes]:
    path = proving.paths(checkpoint)
    for place, event in enumerate(events):
        sequence: int = event.sequence  # type: ignore[assignment] # only numbered ones stand under a checkpoint
        shown = opened(event) if event.key else Opened()
        said = proving.opening(event, shown.fields) if shown.fields else {}
        line = leaf(sequence, event.at, bytes(event.commit or b"")).decode()
        yield _line({"line": place, "seq": sequence, "leaf": line, "hashes": path(sequence), **said})
        if shown.fields:
            values = {name: json.loads(each["value"]) for name, each in said["opened"].items()}
            told = {"told": shown.told} if shown.told else {}
            decisions.append(_line({"line": len(decisions), "seq": sequence, **values, **told}))


def _line(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
