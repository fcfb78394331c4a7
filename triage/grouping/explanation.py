"""What two reports have in common, as places in both texts.

Nothing here holds a word of a report: places are offsets into the texts as filed, so that erasing a text erases it
here too.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from reports.text import is_everyday
from triage.grouping.background import Background
from triage.grouping.fields import Fields, read_with_origin
from triage.grouping.quoting import Passage, Run
from triage.grouping.vector import hash_terms

MOST_SPANS = 40  # per report; more marks than that mark nothing
_COMMON_SHARE = 0.08  # a word in more of the background's reports than this is not worth a mark by itself

SpanKind = Literal["quote", "run", "word"]


@dataclass(frozen=True, slots=True)
class Span:
    """``text[start:end]`` of a field as filed; in common as a quotation, as a run of words, or as a single word."""

    field: str
    start: int
    end: int
    kind: SpanKind


def shared(
    one: Fields,
    other: Fields,
    *,
    masks: Sequence[str],
    other_masks: Sequence[str],
    key: bytes,
    background: Background,
    is_common: Callable[[str], bool] = is_everyday,
) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """What stands in both, as places in ``one`` and as places in ``other``."""
    sides = _parts(one, masks, is_common), _parts(other, other_masks, is_common)
    found = _Shared(*sides, key, background)
    return found.spans(sides[0]), found.spans(sides[1])


@dataclass(frozen=True, slots=True)
class _Part:
    """One field of a report as it was read: its words, its runs, and where in the raw text each character stood."""

    passage: Passage
    runs: Sequence[Run]
    name: str
    origin: Sequence[int]


def _parts(fields: Fields, masks: Sequence[str], is_common: Callable[[str], bool]) -> list[_Part]:
    parts = []
    for name, raw in fields.named():
        about = "" if name == "title" else fields.title
        text, origin = read_with_origin(raw, masks=masks, about=about, is_common=is_common)
        passage = Passage.of(text, all_said=name == "output")
        parts.append(_Part(passage, list(passage.runs()), name, origin))
    return parts


class _Shared:
    """What two reports have in common, to be looked up in either."""

    def __init__(self, query: list[_Part], nearest: list[_Part], key: bytes, background: Background) -> None:
        one, other = _contents(query), _contents(nearest)
        words = sorted(set(one[0]) & set(other[0]))
        shares = background.term_shares_of(hash_terms(words, key))
        self.words = {word for word, share in zip(words, shares, strict=True) if share <= _COMMON_SHARE}
        self.runs = {run: one[1][run] or other[1][run] for run in set(one[1]) & set(other[1])}

    def spans(self, parts: list[_Part]) -> tuple[Span, ...]:
        """The shared places of one side, in reading order: runs first choice, then rare words outside them."""
        spans: list[Span] = []
        for part in parts:
            shared = [run for run in part.runs if run.words in self.runs]
            marked = _merged([(run.start, run.end, "quote" if self.runs[run.words] else "run") for run in shared])
            covered = {index for start, end, _ in marked for index in range(start, end)}
            marked += [
                (token.start, token.end, "word")
                for token in part.passage.words
                if token.term in self.words and token.start not in covered
            ]
            # one character as filed may have become several ("¼"), and a mark may end within them
            origin = part.origin
            spans += [Span(part.name, origin[at], max(origin[end], origin[at] + 1), kind) for at, end, kind in marked]
        spans.sort(key=lambda span: {"quote": 0, "run": 1, "word": 2}[span.kind])
        return tuple(spans[:MOST_SPANS])


def _contents(parts: list[_Part]) -> tuple[list[str], dict[tuple[str, ...], bool]]:
    """The terms of a report, and its runs with whether each is quoted somewhere in it."""
    words: list[str] = []
    found: dict[tuple[str, ...], bool] = {}
    for part in parts:
        words += (term for term, _ in part.passage.terms())
        for run in part.runs:
            found[run.words] = found.get(run.words, False) or run.is_said
    return words, found


def _merged(marks: list[tuple[int, int, SpanKind]]) -> list[tuple[int, int, SpanKind]]:
    """Overlapping marks made one; a quotation in it makes the whole a quotation."""
    merged: list[tuple[int, int, SpanKind]] = []
    for start, end, kind in sorted(marks):
        if merged and start < merged[-1][1]:
            first, last, before = merged[-1]
            merged[-1] = (first, max(last, end), "quote" if "quote" in (kind, before) else "run")
        else:
            merged.append((start, end, kind))
    return merged
