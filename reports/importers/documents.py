"""One JSON document of any size, read piece by piece in bounded memory.

Only the pieces asked for are decoded, each as a whole; of everything else no more than the ends are looked for. (A
streaming parser from a library would do this too, but none takes NaN, which Inspect writes for a score that there is
not; its own reader then takes the whole document into memory.)
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from reports.importers import decoding
from reports.importers.decoding import TOO_LONG, Broken, decoded
from reports.importers.lines import BYTE_ORDER_MARK

EACH = "*"  # in a path: every one of a list
CHUNK = 262_144  # bytes
DEPTH_MAX = 10_000  # no honest document comes near, and decoding gives up long before
KEY_MAX = 1_000  # bytes; a longer key is none that anybody asks for
CUT_OFF = "not JSON: the file seems to be cut off here"
_SPACE = re.compile(rb"[\s,:]*+")
_REST_OF_STRING = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.S)
_UP_TO_BRACKET = re.compile(rb'[^"{}\[\]]*+(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"[^"{}\[\]]*+)*+', re.S)
_SCALAR = re.compile(rb"[^\s,:\]}]*+")

Path = tuple[str, ...]


class Read(Protocol):
    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Piece:
    """A value that was asked for, the ``index``-th from 1 under its path; ``reason`` where it cannot be decoded."""

    path: Path
    index: int
    value: Any = None
    reason: str = ""


class Document:
    """``without`` names members that are left out of the pieces themselves, when they are objects."""

    def __init__(self, stream: Read, *, without: Collection[str] = ()) -> None:
        self.stream = stream
        self.without = frozenset(without)
        self.held = b""
        self.at = 0

    def pieces(self, *wanted: Path) -> Iterator[Piece]:
        """The pieces under the paths wanted, in file order. Raises :class:`Broken` if the document ends too soon."""
        self.begin()
        yield from self.walk((), 1, frozenset(wanted))

    def top(self) -> Iterator[str]:
        """The keys of a document that is an object, which is told if it is none: :class:`Broken`."""
        if self.begin() != b"{":
            raise Broken("not a JSON object")
        for key in self.members():
            yield key
            self.skip()

    def each(self) -> Iterator[Piece]:
        """Every one of a list; or of values that stand one after another, as lines do, or alone."""
        if self.begin() == b"[":
            yield from self.walk((), 1, frozenset([(EACH,)]))
            return
        number = 0
        while self.is_more():
            number += 1
            yield self.piece((EACH,), number)

    def is_more(self) -> bool:
        self.go_past(_SPACE)
        return self.at < len(self.held)

    def begin(self) -> bytes:
        self.more()
        if self.held.startswith(BYTE_ORDER_MARK):
            self.at = len(BYTE_ORDER_MARK)
        opening = self.next()
        if opening not in b"{[":
            raise Broken("not a JSON document")
        return opening

    def walk(self, path: Path, index: int, wanted: frozenset[Path]) -> Iterator[Piece]:
        """The pieces of the value that begins here. ``wanted`` is what is left of their paths."""
        if () in wanted:
            yield self.piece(path, index)
        elif (opening := self.next()) == b"{":
            for key in self.members():
                inner = frozenset(rest[1:] for rest in wanted if rest[0] == key)
                if inner:
                    yield from self.walk((*path, key), 1, inner)
                else:
                    self.skip()
        elif opening == b"[" and (inner := frozenset(rest[1:] for rest in wanted if rest[0] == EACH)):
            for number in self.elements():
                yield from self.walk((*path, EACH), number, inner)
        else:
            self.skip()

    def piece(self, path: Path, index: int) -> Piece:
        try:
            return Piece(path, index, self.whole())
        except NotKept as refusal:
            return Piece(path, index, reason=str(refusal))

    def whole(self) -> Any:
        """The value that begins here, less what is to be left out. Raises :class:`NotKept` when it is past it."""
        if not self.without or self.next() != b"{":
            return self.value(decoding.BYTES_MAX)
        found: dict[str, Any] = {}
        left, refusal = decoding.BYTES_MAX, None
        for key in self.members():
            if key in self.without or refusal:
                self.skip()
                continue
            before = left
            try:
                found[key], left = self.sized(before)
            except NotKept as reason:
                refusal = reason
        if refusal:
            raise refusal
        return found

    def value(self, limit: int) -> Any:
        return self.sized(limit)[0]

    def sized(self, limit: int) -> tuple[Any, int]:
        """The value that begins here, and what of ``limit`` bytes it leaves."""
        kept = Kept(limit)
        self.skip(kept)
        if kept.is_too_long:
            raise NotKept(TOO_LONG)
        try:
            return decoded(bytes(kept.text)), limit - len(kept.text)
        except Broken as refusal:
            raise NotKept(str(refusal)) from None

    def members(self) -> Iterator[str]:
        """The keys of the object that begins here; whoever takes one reads or skips its value before the next."""
        self.at += 1
        while (opening := self.next()) != b"}":
            if opening != b'"':
                raise Broken("not JSON: a key is missing")
            kept = Kept(KEY_MAX)
            self.skip(kept)
            yield self.key(kept)
        self.at += 1

    def key(self, kept: "Kept") -> str:
        try:
            return "" if kept.is_too_long else str(decoded(bytes(kept.text)))
        except Broken:
            return ""

    def elements(self) -> Iterator[int]:
        """Counts the list that begins here; whoever takes a number reads or skips its value before the next."""
        self.at += 1
        number = 0
        while self.next() != b"]":
            number += 1
            yield number
        self.at += 1

    def skip(self, kept: "Kept | None" = None) -> None:
        """Go past the value that begins here, keeping its text if that is asked."""
        opening = self.next()
        if opening in b"]}":
            raise Broken("not JSON: a value is missing")
        if opening not in b'"{[':
            self.go_past(_SCALAR, kept)
            return
        start = self.at
        self.at += 1
        is_string, depth = opening == b'"', int(opening != b'"')
        while depth or is_string:
            if self.at >= len(self.held) or (self.at == len(self.held) - 1 and self.held.endswith(b"\\")):
                start = self.hand_on(start, kept)
            char = self.go_to_end_of(_REST_OF_STRING if is_string else _UP_TO_BRACKET)
            if is_string:
                is_string = char != b'"'
            else:
                is_string = char == b'"'  # of which the end is not held
                depth += (char in (b"{", b"[")) - (char in (b"}", b"]"))
                if depth > DEPTH_MAX:
                    raise Broken("nested too deeply")
        if kept:
            kept.add(self.held[start : self.at])

    def go_to_end_of(self, pattern: re.Pattern[bytes]) -> bytes:
        """Go past what matches and the character that ends it; that character, b"" where the rest is not held."""
        end = match_end(pattern, self.held, self.at)
        char = self.held[end : end + 1].removeprefix(b"\\")  # one that ends what is held says nothing yet
        self.at = end + len(char)
        return char

    def hand_on(self, start: int, kept: "Kept | None") -> int:
        """Keep what was gone past, and hold the next of the file. Returns where what is not yet kept begins."""
        if kept:
            kept.add(self.held[start : self.at])
        if not self.more():
            raise Broken(CUT_OFF)
        return 0

    def go_past(self, pattern: re.Pattern[bytes], kept: "Kept | None" = None) -> None:
        while True:
            start = self.at
            self.at = match_end(pattern, self.held, start)
            if kept:
                kept.add(self.held[start : self.at])
            if self.at < len(self.held) or not self.more():
                return

    def next(self) -> bytes:
        """The next character that is no space, comma or colon, without going past it."""
        self.go_past(_SPACE)
        char = self.held[self.at : self.at + 1]
        if not char:
            raise Broken(CUT_OFF)
        return char

    def more(self) -> bool:
        """Hold the next of the file, after what is not yet gone past; False at its end."""
        chunk = self.stream.read(CHUNK)
        self.held = self.held[self.at :] + chunk
        self.at = 0
        return bool(chunk)


class NotKept(Exception):
    """Why a value that was gone past could not be decoded."""


class Kept:
    """The text of a value, as far as ``limit`` bytes."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.text = bytearray()
        self.is_too_long = False

    def add(self, text: bytes) -> None:
        if self.is_too_long or len(self.text) + len(text) > self.limit:
            self.is_too_long = True
            self.text.clear()
        else:
            self.text += text


def match_end(pattern: re.Pattern[bytes], text: bytes, start: int) -> int:
    """Where the longest match from ``start`` on ends; all patterns here match the empty text too."""
    found = pattern.match(text, start)
    return found.end() if found else start
