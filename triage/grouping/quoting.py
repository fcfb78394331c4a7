"""Quotation as evidence: runs of telling words, and which of them a report puts in the artifact's mouth.

Two accounts of one failure often share nothing but the wrong output itself. Its words in a row are rarer than each word
alone, so a report is also described by the pairs and triples of neighbouring telling words it holds.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from reports.text import Token, tokens
from triage.grouping.boilerplate import without_boilerplate

_LONGEST_QUOTE = 800  # characters; a bound, so that an unclosed mark stays cheap
_QUOTE = re.compile(
    "|".join(
        (
            f'"[^"\n]{{2,{_LONGEST_QUOTE}}}"',
            f"[“„][^“”\n]{{2,{_LONGEST_QUOTE}}}[“”]",
            f"«[^»]{{2,{_LONGEST_QUOTE}}}»",
            f"「[^」]{{2,{_LONGEST_QUOTE}}}」",
            f"『[^』]{{2,{_LONGEST_QUOTE}}}』",
            f"`[^`\n]{{2,{_LONGEST_QUOTE}}}`",
            rf"(?<!\w)['‘][^\n]{{4,{_LONGEST_QUOTE}}}?['’](?!\w)",  # lazy: apostrophes inside words do not close it
            r"^[ \t]*>[^\n]+",
        )
    ),
    re.MULTILINE,
)


class Run(NamedTuple):
    """Two or three telling words in a row: ``text[start:end]``; ``is_said`` if all of it is quoted."""

    words: tuple[str, ...]
    start: int
    end: int
    is_said: bool


def runs(text: str, *, all_said: bool = False) -> Iterator[Run]:
    """The pairs and triples of neighbouring telling words of a normalised text, in reading order."""
    telling = list(without_boilerplate(text, tokens(text)))
    said = [True] * len(telling) if all_said else _said(telling, [found.span() for found in _QUOTE.finditer(text)])
    for index in range(len(telling)):
        for length in (2, 3):
            part = telling[index : index + length]
            if len(part) == length:
                words = tuple(token.term for token in part)
                yield Run(words, part[0].start, part[-1].end, all(said[index : index + length]))


def _said(telling: Sequence[Token], quotes: Sequence[tuple[int, int]]) -> list[bool]:
    """For each word, whether it stands inside a quotation; both sequences are in reading order."""
    inside, quote = [], 0
    for token in telling:
        while quote < len(quotes) and quotes[quote][1] <= token.start:
            quote += 1
        inside.append(quote < len(quotes) and quotes[quote][0] <= token.start)
    return inside
