"""A report's words cut into pieces that can be ticked one by one: sentences, and wherever a passage begins or ends."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from reports.redaction import MARK, Cut, merged

# Of one report, so that all of them ticked twice are still one request (DATA_UPLOAD_MAX_NUMBER_FIELDS). What is longer
# is ticked by whole parts, or selected with the mouse.
MOST_PIECES = 220
# After a full stop and a space, after one of a script that writes none, and after line ends.
BOUNDARY = re.compile(r"(?<=[.!?…؟۔।])[\"')\]”’»]*+\s++|(?<=[。！？])|\n++")


@dataclass(frozen=True, slots=True)
class Piece:
    """What stands from ``start`` to ``end`` of a part: published as a whole or not at all, removed as a whole or not.

    ``text`` is a mark where it was removed and nobody asked for it.
    """

    part: str
    start: int
    end: int
    text: str
    is_quoted: bool
    is_redacted: bool

    @property
    def place(self) -> str:
        return f"{self.part}:{self.start}:{self.end}"

    @property
    def gaps(self) -> list[Cut]:
        return [(0, len(self.text))] if self.is_redacted and self.text == MARK else []


def sentences(text: str) -> list[int]:
    """Where sentences end, the last at the end of the text."""
    return sorted({found.end() for found in BOUNDARY.finditer(text) if found.end()} | {len(text)})


def pieces_of(
    parts: Mapping[str, str],
    quoted: Mapping[str, Sequence[Cut]],
    redacted: Mapping[str, Sequence[Cut]],
    *,
    is_asked: bool = False,
) -> dict[str, list[Piece]]:
    """Every part in pieces that make it up without a gap."""
    left = MOST_PIECES - len(parts)
    told = {}
    for part, text in parts.items():
        shown, hidden = (merged(spans.get(part, ()), size=len(text)) for spans in (quoted, redacted))
        ends = sentences(text)
        ends = ends if len(ends) - 1 <= left else [len(text)]
        left -= len(ends) - 1
        told[part] = list(_cut(part, text, ends, shown, hidden, is_asked))
    return told


def _cut(
    part: str, text: str, ends: Sequence[int], shown: Sequence[Cut], hidden: Sequence[Cut], is_asked: bool
) -> Iterable[Piece]:
    edges = sorted({0, *ends, *(edge for span in (*shown, *hidden) for edge in span)})
    for start, end in pairwise(edges):
        is_redacted = _covers(hidden, start)
        words = MARK if is_redacted and not is_asked else text[start:end]
        yield Piece(part, start, end, words, _covers(shown, start), is_redacted)


def _covers(spans: Sequence[Cut], place: int) -> bool:
    return any(start <= place < end for start, end in spans)
