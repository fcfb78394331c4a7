"""A file of JSON objects, one a line, read in bounded memory whatever its size."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from reports.importers.decoding import BYTES_MAX, TOO_LONG, Broken, decoded
from reports.importers.units import Rejected

CHUNK = 65_536  # bytes held at a time of a line that is too long
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Lined(Protocol):
    def readline(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Row:
    """One line's object."""

    line: int
    value: dict[str, Any]


class JsonLines:
    """The rows of an open file, and what cannot be a row, in file order."""

    def __init__(self, stream: Lined) -> None:
        self.stream = stream

    def __iter__(self) -> Iterator[Row | Rejected]:
        line = 0
        while chunk := self.stream.readline(BYTES_MAX + 1):
            line += 1
            if len(chunk) > BYTES_MAX:
                self.skip_rest(chunk)
                yield Rejected(line, TOO_LONG)
                continue
            text = chunk.removeprefix(BYTE_ORDER_MARK).strip() if line == 1 else chunk.strip()
            if text:
                yield row(line, text, is_whole=chunk.endswith(b"\n"))

    def skip_rest(self, chunk: bytes) -> None:
        """Read on to the end of a line that is too long, keeping nothing of it."""
        while chunk and not chunk.endswith(b"\n"):
            chunk = self.stream.readline(CHUNK)


def row(line: int, text: bytes, *, is_whole: bool = True) -> Row | Rejected:
    try:
        value = decoded(text)
    except Broken as refusal:
        return Rejected(line, str(refusal) if is_whole else f"{refusal}: the file seems to be cut off here")
    if not isinstance(value, dict):
        return Rejected(line, "not a JSON object")
    return Row(line, value)


def is_text(head: bytes) -> bool:
    """Whether the first bytes of a file can be UTF-8 text; a character cut off at the end of them is forgiven."""
    if b"\0" in head:
        return False
    try:
        head.decode()
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data" and error.end == len(head)
    return True
