"""From text to terms: the words, word stems and character bigrams that reports are compared by."""

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from reports.text.normalising import normalise
from reports.text.stemming import stem
from reports.text.stopping import STOP_CHARACTERS, STOP_WORDS

# Scripts written without spaces between words (Chinese, Japanese, Korean particles, Thai, Lao, Khmer, Burmese): their
# terms are overlapping pairs of characters.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
_MARKS = "\u0300-\u036f\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0900-\u0963\u0966-\u0dff"
_CHUNK = re.compile(
    rf"(?P<number>\d+(?:[.,:]\d+)+)|(?P<unspaced>[{_UNSPACED}\U00020000-\U0003ffff]+)"
    rf"|(?P<word>[^\W_{_UNSPACED}](?:[^\W_{_UNSPACED}]|[{_MARKS}]|['’](?=\w))*)"
)
_ACCENTS = re.compile("[\u0300-\u036f]")
_LATIN_WITH_ACCENTS = re.compile("[\u00e0-\u024f]")
_THOUSANDS = re.compile(r"[.,](?=\d{3}(?!\d))")
_LONGEST_WORD = 40  # characters; base64 and the like say no more than their beginning


class Token(NamedTuple):
    """A term and where it stands: ``text[start:end]`` of the normalised text."""

    term: str
    start: int
    end: int
    is_stop: bool = False


def terms(text: str) -> list[str]:
    """The terms of a text in reading order, repeats included, stop words left out.

    >>> terms("The models' answers weren't correct: 1,250 mg")
    ['model', 'answer', 'werent', 'correct', '1250', 'mg']
    >>> terms("它说悉尼是首都")
    ['它说', '说悉', '悉尼', '尼是', '是首', '首都']
    """
    return [token.term for token in tokens(normalise(text)) if not token.is_stop]


def tokens(normalised: str) -> Iterator[Token]:
    """The terms of an already normalised text with their places, and between them the stop words, marked as such."""
    for chunk in _CHUNK.finditer(normalised):
        if chunk.lastgroup == "unspaced":
            yield from _bigrams(chunk[0], chunk.start())
        elif chunk.lastgroup == "number":
            yield Token(_number(chunk[0]), chunk.start(), chunk.end())
        else:
            word = chunk[0].replace("'", "").replace("’", "")
            is_stop = word in STOP_WORDS
            yield Token(word if is_stop else _term(word), chunk.start(), chunk.end(), is_stop)


def _bigrams(run: str, start: int) -> Iterator[Token]:
    if len(run) == 1:
        if run not in STOP_CHARACTERS:
            yield Token(run, start, start + 1)
        return
    for index in range(len(run) - 1):
        pair = run[index : index + 2]
        if not STOP_CHARACTERS.issuperset(pair):
            yield Token(pair, start + index, start + index + 2)


def _number(digits: str) -> str:
    """One spelling: western digits, no thousands separators.

    >>> _number("٣.١٤"), _number("1,000,000"), _number("3.14")
    ('3.14', '1000000', '3.14')
    """
    return _western(_THOUSANDS.sub("", digits))


def _western(word: str) -> str:
    if word.isascii() or not any(map(str.isdecimal, word)):
        return word
    return "".join(str(unicodedata.decimal(letter, letter)) for letter in word)


def _term(word: str) -> str:
    word = word[:_LONGEST_WORD]
    if word.isascii():
        return stem(word)
    if _LATIN_WITH_ACCENTS.search(word):
        word = _ACCENTS.sub("", unicodedata.normalize("NFD", word))
    return stem(_western(word))
