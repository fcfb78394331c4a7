"""Where in a text the terms of a search stand, and the passage of a long text that shows them best."""

import re
from bisect import bisect_left
from collections.abc import Collection

from reports.text.analysis import tokens
from reports.text.normalising import normalise_with_offsets

Span = tuple[int, int]

LONGEST_READ = 20_000  # characters; nobody is shown what stands further down
_EDGE = re.compile(r"[\s,.;:!?،؛؟。，、；：！？]")
_NEAR = 24  # characters that are given up so that a passage begins or ends between words


def spans_of(text: str, asked: Collection[str]) -> list[Span]:
    """Where terms of ``asked`` stand in ``text``, in order and apart.

    Pairs of characters that overlap, as in Chinese, make one span.

    >>> spans_of("It invents rulings", {"rul"}), spans_of("它说悉尼是首都", {"悉尼", "尼是"})
    ([(11, 18)], [(2, 5)])
    """
    if not asked:
        return []
    normalised, origin = normalise_with_offsets(text[:LONGEST_READ])
    joined: list[Span] = []
    for token in tokens(normalised):
        if token.is_stop or token.term not in asked:
            continue
        start, end = origin[token.start], origin[token.end]
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        elif start < end:
            joined.append((start, end))
    return joined


def passage(text: str, spans: Collection[Span], *, size: int) -> tuple[str, list[Span]]:
    """At most about ``size`` characters of the text around most of the spans, and where the spans stand in them.

    What is left out is shown by an ellipsis. Without spans it is the beginning.

    >>> passage("one two three four five six seven eight", [(34, 39)], size=12)
    ('… seven eight', [(8, 13)])
    """
    if len(text) <= size:
        return text, list(spans)
    start, end = _window(text, sorted(spans), size)
    before = "… " if start else ""
    after = " …" if end < len(text) else ""
    moved = len(before) - start
    kept = [
        (max(begin, start) + moved, min(stop, end) + moved) for begin, stop in spans if begin < end and stop > start
    ]
    return f"{before}{text[start:end]}{after}", kept


def _window(text: str, spans: list[Span], size: int) -> Span:
    starts = [start for start, _end in spans]
    held = [bisect_left(starts, start + size) - at for at, start in enumerate(starts)]
    first = starts[held.index(max(held))] if held else 0
    start = min(max(0, first - size // 4), max(0, len(text) - size))
    end = min(len(text), start + size)
    if start and (edge := _EDGE.search(text, start, min(start + _NEAR, first + 1))):
        start = edge.end()
    if end < len(text):
        edges = [edge.start() for edge in _EDGE.finditer(text, max(start + 1, end - _NEAR), end)]
        end = edges[-1] if edges else end
    return start, end
