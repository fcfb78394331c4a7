"""Quotation as evidence: runs of telling words, and which of them a report puts in the artifact's mouth.

Two accounts of one failure often share nothing but the wrong output itself. Its words in a row are rarer than each
alone, so a report is also described by the runs it holds: pairs and triples of neighbouring telling words, and any
five words in a row where telling ones are thin.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple, Self

from reports.text import Token, tokens
from triage.grouping.boilerplate import telling_words

_MOST_WORDS = 400  # words of one field that count
_WINDOW = 5  # words in a row that are a run though hardly any of them is telling
_FEW_TELLING = 2
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
    """Words in a row: ``text[start:end]``. ``is_said`` if all of it is quoted, ``is_long`` if it is telling alone."""

    words: tuple[str, ...]
    start: int
    end: int
    is_said: bool
    is_long: bool


@dataclass(frozen=True, slots=True)
class Passage:
    """One field's words in order; of each, whether it is quoted and whether it tells more than that a model spoke."""

    words: Sequence[Token]
    is_said: Sequence[bool]
    is_telling: Sequence[bool]

    @classmethod
    def of(cls, text: str, *, all_said: bool = False) -> Self:
        """The passage of a normalised text; ``all_said`` where the artifact itself speaks."""
        words = list(islice(tokens(text), _MOST_WORDS))
        quotes = [(0, len(text))] if all_said else [found.span() for found in _QUOTE.finditer(text)]
        return cls(words, list(_inside(words, quotes)), list(telling_words(text, words)))

    def terms(self) -> Iterator[tuple[str, bool]]:
        """Each term in reading order, and whether it is both quoted and telling."""
        for word, is_said, is_telling in zip(self.words, self.is_said, self.is_telling, strict=True):
            if not word.is_stop:
                yield word.term, is_said and is_telling

    def runs(self) -> Iterator[Run]:
        """Pairs and triples of neighbouring telling words; where those are thin, any five words in a row."""
        telling = [index for index, is_telling in enumerate(self.is_telling) if is_telling]
        for place in range(len(telling) - 1):
            yield self._run(telling[place : place + 2])
            if place + 2 < len(telling):
                yield self._run(telling[place : place + 3], is_long=True)
        for end in range(_WINDOW, len(self.words) + 1):
            window = range(end - _WINDOW, end)
            if self._is_thin(window):
                yield self._run(window)

    def _is_thin(self, window: Sequence[int]) -> bool:
        """Whether only stop words and at most two telling ones stand there: "I will tell everyone what you did"."""
        plain = [self.words[index].is_stop or self.is_telling[index] for index in window]
        return all(plain) and sum(self.is_telling[index] for index in window) <= _FEW_TELLING

    def _run(self, indexes: Sequence[int], *, is_long: bool = False) -> Run:
        return Run(
            tuple(self.words[index].term for index in indexes),
            self.words[indexes[0]].start,
            self.words[indexes[-1]].end,
            all(self.is_said[index] for index in indexes),
            is_long,
        )


def _inside(words: Sequence[Token], stretches: Sequence[tuple[int, int]]) -> Iterator[bool]:
    """For each word, whether it lies in one of the stretches; both in reading order."""
    place = 0
    for word in words:
        while place < len(stretches) and stretches[place][1] <= word.start:
            place += 1
        yield place < len(stretches) and stretches[place][0] <= word.start
