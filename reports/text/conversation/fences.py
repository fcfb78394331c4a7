"""Lines that are not the conversation's own: inside fenced code, and inside quotation marks that run over lines."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence

# A fence may open right after a speaker's name: "Assistant: ```python".
_FENCE = re.compile(r"(?:[^\n`~]{0,60}[:：]\**[ \t]{0,3}|[ \t]{0,3})(?P<fence>`{3,}|~{3,})(?P<rest>[^\n]{0,200})")
_QUOTED = re.compile("“[^“”]{1,2000}”|«[^«»]{1,2000}»|「[^「」]{1,2000}」|『[^『』]{1,2000}』")


def fenced(lines: Sequence[str]) -> list[bool]:
    """For each line whether it stands inside a fence. One that nothing closes fences nothing: people forget to."""
    fences = [_FENCE.match(line) if "```" in line or "~~~" in line else None for line in lines]
    closing = _longest_closing(fences)
    inside: list[bool] = []
    open_mark, open_length = "", 0
    for place, found in enumerate(fences):
        inside.append(bool(open_mark))
        if not found:
            continue
        mark, length = found["fence"][0], len(found["fence"])
        if not open_mark:
            if closing[mark][place + 1] >= length and not (mark == "`" and "`" in found["rest"]):
                open_mark, open_length = mark, length
        elif mark == open_mark and length >= open_length and _closes(found):
            open_mark = ""
    return inside


def _closes(found: re.Match[str]) -> bool:
    return not found["rest"].strip() and not found.string[: found.start("fence")].strip()


def _longest_closing(fences: Sequence[re.Match[str] | None]) -> dict[str, list[int]]:
    """For each mark and each line, the longest fence at that line or after it that could close one."""
    longest = {mark: [0] * (len(fences) + 1) for mark in "`~"}
    for place in range(len(fences) - 1, -1, -1):
        found = fences[place]
        for mark, lengths in longest.items():
            is_mark = found is not None and found["fence"][0] == mark and _closes(found)
            lengths[place] = max(lengths[place + 1], len(found["fence"]) if found and is_mark else 0)
    return longest


class Quotes:
    """Where quotation marks are open, in any script that has an opening and a closing one."""

    def __init__(self, text: str) -> None:
        spans = [found.span() for found in _QUOTED.finditer(text)]
        self._starts = [start for start, _end in spans]
        self._ends = [end for _start, end in spans]

    def __contains__(self, place: int) -> bool:
        before = bisect_right(self._starts, place) - 1
        return before >= 0 and self._starts[before] < place < self._ends[before]


def unwrapped(text: str) -> str:
    """What a fence holds, where the whole paste is one."""
    lines = text.strip().split("\n")
    first = _FENCE.fullmatch(lines[0])
    if len(lines) < 2 or first is None or first.start("fence") or lines[-1].strip() != first["fence"]:
        return text
    if any(line.strip().startswith(first["fence"]) for line in lines[1:-1]):
        return text
    return "\n".join(lines[1:-1])


def numbered(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Each line with its place in the text."""
    place = 0
    for line in lines:
        yield place, line
        place += len(line) + 1
