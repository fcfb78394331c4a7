"""What the engine reads of a report: five raw texts, trimmed so that no one of them drowns the others."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reports.text import mask, normalise, normalise_with_offsets

NAMES = ("title", "happened", "expected", "prompt", "output")
LONGEST_FIELD = 1200  # characters of a field that count, after trimming
_SCANNED = 6000  # characters of a field looked at before trimming
_KEPT_LINES = 3  # first lines kept of a fenced block or a stack trace

_FENCE = re.compile(r"[ \t]*(?:```|~~~)")
_FRAME = re.compile(r"[ \t]*(?:at [\w$.<>]+\(|file \"[^\"\n]*\", line \d+|#\d+ +0x|\.\.\. \d+ more)")


@dataclass(frozen=True, slots=True)
class Fields:
    """The texts of one report as they were filed. ``prompt`` and ``output`` are its last user and model turns."""

    title: str = ""
    happened: str = ""
    expected: str = ""
    prompt: str = ""
    output: str = ""

    def named(self) -> Iterator[tuple[str, str]]:
        """(name, raw text) of each field, in the order of ``NAMES``."""
        return ((name, getattr(self, name)) for name in NAMES)


def read(raw: str, *, masks: Sequence[str]) -> str:
    """The field normalised, its artifact's names blanked, code and traces cut to their first lines, capped."""
    text = mask(normalise(raw[:_SCANNED]), masks)
    return "".join(text[start:end] for start, end in _kept(text))[:LONGEST_FIELD]


def read_with_origin(raw: str, *, masks: Sequence[str]) -> tuple[str, Sequence[int]]:
    """What ``read`` returns, and the index in ``raw`` of each of its characters and of its end."""
    text, origin = normalise_with_offsets(raw[:_SCANNED])
    text = mask(text, masks)
    kept = _kept(text)
    places = [index for start, end in kept for index in origin[start:end]]
    end = origin[kept[-1][1]] if kept else 0
    return "".join(text[start:stop] for start, stop in kept)[:LONGEST_FIELD], [*places, end][: LONGEST_FIELD + 1]


def _kept(text: str) -> list[tuple[int, int]]:
    """The stretches of the text that stay when long code blocks and stack traces are cut."""
    if "\n" not in text:
        return [(0, len(text))]
    kept: list[tuple[int, int]] = []
    in_fence, lines_in_a_row, position = False, 0, 0
    for line in text.splitlines(keepends=True):
        is_fence = bool(_FENCE.match(line))
        in_fence ^= is_fence
        lines_in_a_row = lines_in_a_row + 1 if not is_fence and (in_fence or _FRAME.match(line)) else 0
        if lines_in_a_row <= _KEPT_LINES:
            kept.append((position, position + len(line)))
        position += len(line)
    return kept
