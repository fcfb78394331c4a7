"""Rows out of a file, and what cannot be a row."""

import io
from typing import Any, BinaryIO

import pytest

from reports.importers import lines
from reports.importers.decoding import TOO_LONG
from reports.importers.lines import JsonLines, Row, is_text
from reports.importers.sources import Source
from reports.importers.units import Rejected


def rows_of(content: bytes) -> list[Row | Rejected]:
    return list(JsonLines(io.BytesIO(content)))


def test_each_line_is_a_row_with_its_number_and_blank_lines_are_none() -> None:
    assert rows_of(b'{"a": 1}\n\n  \r\n{"b": 2}') == [Row(1, {"a": 1}), Row(4, {"b": 2})]


def test_a_byte_order_mark_is_no_part_of_the_first_row() -> None:
    assert rows_of(b'\xef\xbb\xbf{"a": 1}\n') == [Row(1, {"a": 1})]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{'a': 1}\n", "not JSON"),
        (b'{"a": 1', "not JSON: the file seems to be cut off here"),
        (b'{"a": "\xff"}\n', "not UTF-8 text"),
        (b"[1, 2]\n", "not a JSON object"),
        (b"17\n", "not a JSON object"),
        (b'{"a": ' + b"9" * 5000 + b"}\n", "not JSON"),
        (b"[" * 100_000 + b"\n", "nested too deeply"),
    ],
)
def test_a_line_that_is_no_row_is_rejected_and_the_rest_is_read(line: bytes, reason: str) -> None:
    assert rows_of(b'{"a": 1}\n' + line) == [Row(1, {"a": 1}), Rejected(2, reason)]


def test_a_line_too_long_is_skipped_whole_and_never_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "BYTES_MAX", 1024 * 1024)
    held = []

    class Watched(io.BytesIO):
        def readline(self, size: int | None = -1, /) -> bytes:
            chunk = super().readline(size)
            held.append(len(chunk))
            return chunk

    content = b'{"a": "' + b"x" * (5 * 1024 * 1024) + b'"}\n{"b": 2}\n'
    stream: BinaryIO = Watched(content)
    source = Source(stream)

    assert list(JsonLines(source)) == [Rejected(1, TOO_LONG), Row(2, {"b": 2})]
    assert max(held) == 1024 * 1024 + 1
    assert source.bytes_read == len(content)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"", True),
        (b'{"a": "caf\xc3\xa9"}', True),
        (b'{"a": "caf\xc3', True),  # the rest of the letter comes after the bytes looked at
        (b'{"a": "caf\xe9"}', False),
        (b"\x1f\x8b\x08\x00", False),
        ("{}".encode("utf-16"), False),
    ],
)
def test_text_is_told_from_something_else(head: bytes, expected: Any) -> None:
    assert is_text(head) is expected
