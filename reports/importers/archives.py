"""A zip from a stranger, read where it lies: nothing is extracted, and nothing inflates beyond what is asked for."""

import struct
import zlib
from collections.abc import Iterator
from typing import IO, BinaryIO, cast
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

import zstandard

from reports.importers.documents import Read
from reports.importers.sources import Unreadable

ZIP_ZSTANDARD = 93
DIRECTORY_MAX = 8 * 1024 * 1024  # bytes of the list of what is inside: 100,000 samples of an evaluation
EXPANDS_AT_MOST = 200  # times its own size; the repetitive logs of evaluations reach 50
SMALL = 64 * 1024 * 1024  # bytes that even the smallest zip may hold
WINDOW_MAX = 64 * 1024 * 1024  # bytes that a decompressor may look back
CHUNK = 65_536  # bytes
_END = b"PK\x05\x06"
_END_SIZE, _COMMENT_MAX, _LOCAL_SIZE = 22, 65_535, 30  # bytes
_IS_ENCRYPTED = 0x1


class Archive:
    """What a zip holds, by name. Raises :class:`Unreadable` if it is none, or is made to do harm."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self.stream = stream
        try:
            if directory_size(stream, size) > DIRECTORY_MAX:
                raise Unreadable("The zip lists more than an evaluation can hold.")
            self.inside = {each.filename: each for each in ZipFile(stream).infolist()}
        except (BadZipFile, struct.error, ValueError, NotImplementedError, OSError) as broken:
            raise Unreadable("The file is no whole zip: it may be cut off.") from broken
        if sum(each.file_size for each in self.inside.values()) > max(SMALL, size * EXPANDS_AT_MOST):
            raise Unreadable("The zip would unpack to more than a log can honestly hold.")

    def named(self, beginning: str, end: str = "") -> Iterator[ZipInfo]:
        """Those whose name begins and ends so, in the order of the zip."""
        return (each for name, each in self.inside.items() if name.startswith(beginning) and name.endswith(end))

    def open(self, each: ZipInfo) -> Read:
        """What is inside one. Raises :class:`Unreadable`, on opening or reading."""
        if each.flag_bits & _IS_ENCRYPTED:
            raise Unreadable("is encrypted")
        self.stream.seek(max(0, each.header_offset))  # before the file begins, where its beginning is missing
        local = self.stream.read(_LOCAL_SIZE)
        if each.header_offset < 0 or len(local) < _LOCAL_SIZE or not local.startswith(b"PK\x03\x04"):
            raise Unreadable("is not where the zip says")
        name_length, extra_length = struct.unpack_from("<HH", local, 26)
        packed = Packed(self.stream, each.header_offset + _LOCAL_SIZE + name_length + extra_length, each.compress_size)
        if each.compress_type not in READERS:
            raise Unreadable(f"is compressed in a way that is not read (method {each.compress_type})")
        return Inside(READERS[each.compress_type](packed), each.file_size)


def directory_size(stream: BinaryIO, size: int) -> int:
    """Bytes of the list at the end of a zip, which is read into memory at one go."""
    start = max(0, size - _END_SIZE - _COMMENT_MAX)
    stream.seek(start)
    tail = stream.read()
    end = tail.rfind(_END)
    if end < 0:
        raise BadZipFile
    told: int = struct.unpack_from("<L", tail, end + 12)[0]
    if told != 0xFFFFFFFF and struct.unpack_from("<H", tail, end + 10)[0] != 0xFFFF:
        return told
    stream.seek(max(0, start + end - 20))
    mark, _disk, where = struct.unpack_from("<4sLQ", stream.read(20))
    if mark != b"PK\x06\x07":
        return told
    stream.seek(where)
    wide: int = struct.unpack_from("<Q", stream.read(56), 40)[0]
    return wide


class Packed:
    """The compressed bytes of one part, wherever somebody else has read in the meantime."""

    def __init__(self, stream: BinaryIO, start: int, size: int) -> None:
        self.stream, self.at, self.left = stream, start, size

    def read(self, size: int = -1) -> bytes:
        self.stream.seek(self.at)
        chunk = self.stream.read(min(self.left, size if size >= 0 else CHUNK))
        self.at += len(chunk)
        self.left -= len(chunk)
        return chunk


class Inflating:
    """Deflated bytes, inflated as far as is asked for."""

    def __init__(self, packed: Packed) -> None:
        self.packed = packed
        self.inflate = zlib.decompressobj(-zlib.MAX_WBITS)

    def read(self, size: int) -> bytes:
        while not self.inflate.eof:
            chunk = self.inflate.unconsumed_tail or self.packed.read(CHUNK)
            found = self.inflate.decompress(chunk, size)
            if found or not chunk:
                return found
        return b""


def zstandard_reader(packed: Packed) -> Read:
    unpacking = zstandard.ZstdDecompressor(max_window_size=WINDOW_MAX)
    return unpacking.stream_reader(cast(IO[bytes], packed), read_size=CHUNK, read_across_frames=True)


READERS = {ZIP_STORED: lambda packed: packed, ZIP_DEFLATED: Inflating, ZIP_ZSTANDARD: zstandard_reader}


class Inside:
    """The bytes of one part, no more than the zip says that it holds."""

    def __init__(self, reader: Read, size: int) -> None:
        self.reader = reader
        self.left = size

    def read(self, size: int) -> bytes:
        try:
            chunk = self.reader.read(size)
        except (zlib.error, zstandard.ZstdError) as broken:
            raise Unreadable("cannot be unpacked") from broken
        self.left -= len(chunk)
        if self.left < 0:
            raise Unreadable("holds more than the zip says")
        return chunk
