"""Quotation as evidence: runs of telling words, and which of them a report puts in the artifact's mouth.

Two accounts of one failure often share nothing but the wrong output itself. Its words in a row are rarer than each word
alone, so a report is also described by the pairs and triples of neighbouring telling words it holds.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple, Self

from reports.text import Token, tokens
from triage.grouping.boilerplate import telling_words

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


@dataclass(frozen=True, slots=True)
class Passage:
    """One field's words in order; of each, whether it is quoted and whether it tells more than that a model spoke."""

    words: Sequence[Token]
    is_said: Sequence[bool]
    is_telling: Sequence[bool]

    @classmethod
    def of(cls, text: str, *, all_said: bool = False, most: int = 400) -> Self:
        """The passage of a normalised text; ``all_said`` where the artifact itself speaks; at most ``most`` words."""
        words = list(islice(tokens(text), most))
        quotes = [(0, len(text))] if all_said else [found.span() for found in _QUOTE.finditer(text)]
        return cls(words, list(_inside(words, quotes)), list(telling_words(text, words)))

    def runs(self) -> Iterator[Run]:
        """The pairs and triples of neighbouring telling words, in reading order."""
        telling = [index for index, is_telling in enumerate(self.is_telling) if is_telling]
        for place in range(len(telling)):
            for length in (2, 3):
                part = telling[place : place + length]
                if len(part) == length:
                    yield Run(
                        tuple(self.words[index].term for index in part),
                        self.words[part[0]].start,
                        self.words[part[-1]].end,
                        all(self.is_said[index] for index in part),
                    )


def _inside(words: Sequence[Token], stretches: Sequence[tuple[int, int]]) -> Iterator[bool]:
    """For each word, whether it lies in one of the stretches; both in reading order."""
    place = 0
    for word in words:
        while place < len(stretches) and stretches[place][1] <= word.start:
            place += 1
        yield place < len(stretches) and stretches[place][0] <= word.start
