"""What a leaf says of an event: its number, its day, and a commitment that fixes the rest and tells none of it.

Each field has a key of its own, derived from the event's. Whoever is given the key and the value of one field can check
it against the leaf, and learns nothing of the others. docs/decisions/0017 says why nothing stands in the open.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ledger.tree.canonical import canonical, quoted

FIELDS = ("actor", "at", "payload", "subjects", "verb")  # in the order in which they are committed to
KEY = 32  # bytes of a field's
PURPOSE = b"telltale event 1 "  # a new number for a new way of committing
PLACES = tuple(slice(at * KEY, (at + 1) * KEY) for at in range(len(FIELDS)))
INNER, OUTER = (bytes(byte ^ pad for byte in range(256)) for pad in (0x36, 0x5C))  # the pads of HMAC, RFC 2104
INNER_REST, OUTER_REST = b"\x36" * (64 - KEY), b"\x5c" * (64 - KEY)  # up to a block of SHA-256


def written(*, actor: str, at: datetime, verb: str, subjects: list[str], payload: Any) -> dict[str, str]:
    """The fields in canonical JSON. ``payload`` is None for an event that says no more."""
    return {
        "actor": quoted(actor),
        "at": quoted(moment(at)),
        "payload": canonical(payload),
        "subjects": f"[{','.join(map(quoted, subjects))}]",
        "verb": quoted(verb),
    }


def moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def field_keys(key: bytes) -> dict[str, bytes]:
    """The key of each field; one tells nothing of the event's key, nor of another field's."""
    stream = hashlib.shake_256(PURPOSE + key).digest(KEY * len(FIELDS))  # at once, for it is asked of every event
    return {name: stream[at * KEY : (at + 1) * KEY] for at, name in enumerate(FIELDS)}


def commitments(key: bytes, fields: Mapping[str, str]) -> dict[str, bytes]:
    keys = field_keys(key)
    return {name: hmac.digest(keys[name], fields[name].encode(), hashlib.sha256) for name in FIELDS}


def commitment(each: Mapping[str, bytes]) -> bytes:
    """One hash over the commitments of all fields."""
    return hashlib.sha256(PURPOSE + b"".join(each[name] for name in FIELDS)).digest()


def committed(key: bytes, fields: Sequence[bytes]) -> bytes:
    """``commitment`` over ``commitments``, for who asks it of each of many events: ``fields`` in their order.

    HMAC by its definition, with the keys of all fields padded at once: in half the time that five calls take.
    """
    sha, stream = hashlib.sha256, hashlib.shake_256(PURPOSE + key).digest(KEY * len(FIELDS))
    inner, outer = stream.translate(INNER), stream.translate(OUTER)
    each = [
        sha(outer[place] + OUTER_REST + sha(inner[place] + INNER_REST + field).digest()).digest()
        for place, field in zip(PLACES, fields, strict=True)
    ]
    return sha(PURPOSE + b"".join(each)).digest()


def line(sequence: int, day: str, commit: str) -> bytes:
    """The line of the ledger that everybody may read, in canonical JSON; ``commit`` in hexadecimal."""
    return b'{"commit":"%s","on":"%s","seq":%d}' % (commit.encode(), day.encode(), sequence)


def leaf(sequence: int, at: datetime, commit: bytes) -> bytes:
    return line(sequence, at.astimezone(UTC).date().isoformat(), commit.hex())
