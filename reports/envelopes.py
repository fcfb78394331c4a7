"""Envelopes: what is sealed under a key of its own for each report, and that key under a key of the site.

AES-256-GCM with random nonces of 96 bits. What is sealed is bound to its place (which report, which part of it): one
ciphertext laid where another was does not open. Once a report's key is gone, nothing sealed with it opens again.

The site's first key follows from the secret of the key file; later ones are lines of that file, ``evidence 2 <hex>``,
so that whoever keeps the file keeps them all. See docs/evidence.md.
"""

import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

LENGTH = 32  # bytes of a key
NONCE = 12  # bytes in front of what was sealed with them
PURPOSE = "evidence"  # the word a line of the key file begins with

_read: dict[Path, tuple[tuple[int, int], dict[int, bytes]]] = {}  # by file: when it was written and how long; its keys


class Unreadable(Exception):
    """What was sealed cannot be opened: its key is gone or another's, or it was changed or laid elsewhere."""


def new_key() -> bytes:
    return AESGCM.generate_key(bit_length=8 * LENGTH)


def sealed(what: bytes, *, key: bytes, place: str) -> bytes:
    """Nonce, ciphertext and tag. ``place`` has to be told again to open it."""
    nonce = secrets.token_bytes(NONCE)
    return nonce + AESGCM(key).encrypt(nonce, what, place.encode())


def opened(what: bytes, *, key: bytes, place: str) -> bytes:
    """What was sealed for that place. Raises :class:`Unreadable`."""
    try:
        return AESGCM(key).decrypt(bytes(what[:NONCE]), bytes(what[NONCE:]), place.encode())
    except (InvalidTag, ValueError) as failure:  # ValueError: too short to have been sealed
        raise Unreadable(place) from failure


def wrapped(key: bytes, *, report_id: int) -> tuple[bytes, int]:
    """A report's key under the newest key of the site, and which that is."""
    version = max(site_keys())
    return sealed(key, key=site_keys()[version], place=_place_of_key(report_id, version)), version


def unwrapped(what: bytes, *, version: int, report_id: int) -> bytes:
    """A report's key. Raises :class:`Unreadable`, also where the key file does not hold the site's key any more."""
    if version not in site_keys():
        raise Unreadable(f"key {version} of the site")
    return opened(what, key=site_keys()[version], place=_place_of_key(report_id, version))


def _place_of_key(report_id: int, version: int) -> str:
    return f"{report_id} key {version}"


def site_keys() -> dict[int, bytes]:
    """The keys of the site by number. The file is read again when it has changed: no process needs a new start."""
    path = Path(settings.KEY_FILE)
    if not path.exists():  # taken away while the site runs: what it read at its start is all it has
        return {1: settings.EVIDENCE_KEY}
    written = path.stat()
    stamp = (written.st_mtime_ns, written.st_size)
    known = _read.get(path)
    if known is None or known[0] != stamp:
        known = _read[path] = (stamp, {1: settings.EVIDENCE_KEY} | _later_keys(path))
    return known[1]


def _later_keys(path: Path) -> dict[int, bytes]:
    lines = [line.split() for line in path.read_text().splitlines()[1:]]
    return {int(line[1]): bytes.fromhex(line[2]) for line in lines if line[:1] == [PURPOSE]}


def add_site_key() -> int:
    """Write one key more into the key file, for everything that is wrapped from now on. Returns its number."""
    path = Path(settings.KEY_FILE)
    version = max(site_keys()) + 1
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    draft.touch(mode=0o600)
    draft.write_text(f"{path.read_text().rstrip()}\n{PURPOSE} {version} {secrets.token_hex(LENGTH)}\n")
    with open(draft, "rb") as file:
        os.fsync(file.fileno())
    draft.replace(path)  # whole or not at all: the first line is the secret of the site
    return version
