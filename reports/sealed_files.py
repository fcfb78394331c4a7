"""Files sealed on disk, piece by piece, with the key of the report they lie beside.

A sealed file is a mark, a salt, and pieces of 64 KiB, each with its tag. Its key follows from the report's key, the
salt and the file's name; the nonce of a piece counts it and says whether it is the last, so that none can be left out,
put elsewhere or cut off.
"""

import hashlib
import hmac
import io
import os
import secrets
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from reports import quarantine
from reports.envelopes import Unreadable
from reports.models import Attachment, EvidenceKey
from reports.quarantine import Room

MARK = b"\x00telltale sealed 1\n"  # no picture begins so, and no text is kept with a NUL in it
SALT = 16  # bytes
PIECE = 65_536  # bytes of what is sealed at a time
TAG = 16  # bytes more of each piece once it is sealed


class SealedFile(io.RawIOBase):
    """What a sealed file holds, from its beginning to its end. Reading raises Unreadable where it was changed."""

    def __init__(self, file: BinaryIO, *, key: bytes, name: str) -> None:
        """``file`` stands behind its mark."""
        super().__init__()
        self._file, self._place = file, name.encode()
        self._key = _file_key(key, file.read(SALT), name)
        self._count, self._rest = 0, b""
        self._next = file.read(PIECE + TAG)
        if not self._next:  # cut off before its first piece: an empty file has one, too
            raise Unreadable("a file")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview[int]") -> int:  # type: ignore[override] # what readers hand in
        if not self._rest and self._next:
            self._rest = self._opened()
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size

    def close(self) -> None:
        self._file.close()
        super().close()

    def _opened(self) -> bytes:
        sealed, self._next = self._next, self._file.read(PIECE + TAG)
        try:
            told = AESGCM(self._key).decrypt(_nonce(self._count, is_last=not self._next), sealed, self._place)
        except (InvalidTag, ValueError) as failure:
            raise Unreadable("a file") from failure
        self._count += 1
        return told


def _file_key(key: bytes, salt: bytes, name: str) -> bytes:
    return hmac.digest(key, salt + name.encode(), hashlib.sha256)


def _nonce(count: int, *, is_last: bool) -> bytes:
    return count.to_bytes(11, "big") + bytes([is_last])


def write_sealed(source: BinaryIO, target: BinaryIO, *, key: bytes, name: str) -> None:
    """Seal all that ``source`` holds into ``target``. An empty file is one piece of nothing."""
    salt = secrets.token_bytes(SALT)
    box, count = AESGCM(_file_key(key, salt, name)), 0
    target.write(MARK + salt)
    piece = source.read(PIECE)
    while True:
        following = source.read(PIECE)
        target.write(box.encrypt(_nonce(count, is_last=not following), piece, name.encode()))
        if not following:
            return
        piece, count = following, count + 1


def seal_ready(row: Attachment) -> None:
    """Seal what a worker made of the file, in place of it. Done twice, it is done once; no key, and nothing is done."""
    key = EvidenceKey.objects.filter(report=row.report_id).first()
    path, half = (quarantine.path_of(room, row.name) for room in (Room.READY, Room.HALF))
    if key is None or not path.exists():
        return
    with open(path, "rb") as plain:
        if plain.read(len(MARK)) == MARK:
            return
        plain.seek(0)
        half.unlink(missing_ok=True)
        with open(half, "xb", opener=quarantine.owner_only) as made:
            write_sealed(plain, made, key=key.key, name=row.name)
            made.flush()
            os.fsync(made.fileno())
    half.replace(path)
    quarantine.keep_names(Room.READY)


def open_ready(row: Attachment) -> BinaryIO:
    """The bytes of a file that is ready, sealed or not. Raises FileNotFoundError, and Unreadable for what cannot be."""
    file = open(quarantine.path_of(Room.READY, row.name), "rb")  # noqa: SIM115 -- the caller closes it
    if file.read(len(MARK)) != MARK:
        file.seek(0)
        return file
    try:
        key = EvidenceKey.objects.get(report=row.report_id).key
    except EvidenceKey.DoesNotExist:
        file.close()
        raise Unreadable("a file whose key is gone") from None
    return io.BufferedReader(SealedFile(file, key=key, name=row.name))
