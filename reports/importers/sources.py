"""A file on its way through an importer: open, seekable, and how far it has been read."""

import os
from collections.abc import Callable
from typing import BinaryIO

from reports.importers.lines import is_text

HEAD = 4096  # bytes looked at to tell whether a file is text


class Unreadable(Exception):
    """The file as a whole cannot be read as what it is said to be, in words that its owner can act on."""


class Source:
    """``bytes_read`` of ``size`` tell how far it is; ``counted_by`` is the word for what units are counted by in it.

    Readers of lines and of documents read through this; what reads elsewhere (a zip) says itself where it has come to.
    ``watch`` is told each time, because many a format gives nothing before its end.
    """

    def __init__(self, stream: BinaryIO, *, name: str = "", watch: Callable[[int], None] | None = None) -> None:
        self.stream = stream
        self.name = name
        self.size = stream.seek(0, os.SEEK_END)
        self.bytes_read = 0
        self.counted_by = "line"
        self.watch = watch
        stream.seek(0)

    def read(self, size: int) -> bytes:
        chunk = self.stream.read(size)
        self.come_to(self.bytes_read + len(chunk))
        return chunk

    def readline(self, size: int) -> bytes:
        chunk = self.stream.readline(size)
        self.come_to(self.bytes_read + len(chunk))
        return chunk

    def come_to(self, bytes_read: int) -> None:
        self.bytes_read = bytes_read
        if self.watch:
            self.watch(bytes_read)

    def head(self, size: int = HEAD) -> bytes:
        """The first bytes, without having read them."""
        here = self.stream.tell()
        self.stream.seek(0)
        first = self.stream.read(size)
        self.stream.seek(here)
        return first

    def refuse_what_is_no_text(self) -> None:
        """Raises :class:`Unreadable` unless the file begins as UTF-8 text."""
        if not is_text(self.head()):
            raise Unreadable(f"{self.name or 'The file'} is not UTF-8 text.")
