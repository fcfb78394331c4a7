"""Reading digits, signs and spaces of any script as ASCII, without losing the place where they stand."""

import re
from collections.abc import Sequence

_ZEROS = "\u0660\u06f0\u0966\u09e6\u0e50"  # Arabic-Indic, Persian, Devanagari, Bengali, Thai
_DIGITS = {ord(zero) + digit: str(digit) for zero in _ZEROS for digit in range(10)}
_FULL_WIDTH = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
_SIGNS = (
    dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2212\ufe63"), "-")
    | dict.fromkeys(map(ord, "\u00a0\u2002\u2003\u2007\u2009\u202f\u3000"), " ")
    | dict.fromkeys(map(ord, "“”„«»「」『』"), '"')
    | dict.fromkeys(map(ord, "‘’"), "'")
)
_TABLE = _DIGITS | _FULL_WIDTH | _SIGNS
_INVISIBLE = re.compile("[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_IMAGE = re.compile(r"data:[\w/+.-]{1,60};base64,[A-Za-z0-9+/=]*+")


def fold(text: str) -> tuple[str, Sequence[int]]:
    """The text with plain digits and signs, and for each of its characters the index it has in ``text``.

    Invisible characters are left out, for they come between the digits of a number that was copied out of
    right-to-left text. Files written as base64 are blanked: nobody wrote what stands in them.

    >>> fold("＋٩٦٦\\u200e1")
    ('+9661', [0, 1, 2, 3, 5])
    """
    places: Sequence[int] = range(len(text))
    if _INVISIBLE.search(text):
        places = [place for place, letter in enumerate(text) if not _INVISIBLE.match(letter)]
        text = _INVISIBLE.sub("", text)
    folded = text if text.isascii() else text.translate(_TABLE)
    return _IMAGE.sub(lambda found: " " * len(found[0]), folded.replace("\t", " ")), places
