"""One spelling for texts that read alike, so that comparing them compares what they say."""

import re
import unicodedata
from collections.abc import Callable

# Letters that pass for a Latin letter in most fonts, each line with its Latin twins below it. Capitals stand apart from
# small letters because a Cyrillic capital may look Latin while its small letter does not.
_CYRILLIC, _CYRILLIC_TWINS = "АВЕЅІЈКМНОРСТУХаеѕіјорсухԁԛԝһ", "ABESIJKMHOPCTYXaesijopcyxdqwh"
_GREEK, _GREEK_TWINS = "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧαοριυνκχ", "ABEZHIKMNOPTYXaopiuvkx"
_OTHERS, _OTHERS_TWINS = "օսցıɡɑ", "ougiga"  # Armenian small letters, then Latin letters NFKC leaves alone
_LOOK_ALIKES = str.maketrans(_CYRILLIC + _GREEK + _OTHERS, _CYRILLIC_TWINS + _GREEK_TWINS + _OTHERS_TWINS)
_ANY_LOOK_ALIKE = re.compile(f"[{_CYRILLIC}{_GREEK}{_OTHERS}]")
_LATIN = re.compile("[A-Za-z]")
_WORD = re.compile(r"\w+")

# A character with the marks and invisible controls that hang on it: the unit that may be normalised by itself.
# Hangul jamo compose with their neighbours, so a run of them stays whole.
_MARKS = (
    "\u0300-\u036f\u0483-\u0489\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u1ab0-\u1aff\u1dc0-\u1dff"
)
_INVISIBLE = "\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\U000e0000-\U000e01ef"
_CLUSTER = re.compile(f"(?:[\u1100-\u11ff]+|.)[{_MARKS}{_INVISIBLE}\u0900-\u0dff\u3099\u309a\uff9e\uff9f]*", re.DOTALL)
_HIDDEN = re.compile(f"[{_INVISIBLE}]")
_CONTROLS = {code: " " for code in (*range(0x20), *range(0x7F, 0xA0)) if code not in (0x09, 0x0A)}


def normalise(text: str) -> str:
    """The text as the engine compares it: NFKC, no invisible characters, look-alike letters folded, casefolded.

    Zero-width characters, bidi controls, soft hyphens and variation selectors go; other control characters become
    spaces. Cyrillic, Greek and Armenian letters become their Latin twins only in words that also hold a Latin letter,
    so honest words of those scripts stay as they are.

    >>> normalise("Ｆｕｌｌ wi\u200bdth, \u202eturned")
    'full width, turned'
    >>> normalise("pаypаl says привет")  # the a's of the first word are Cyrillic
    'paypal says привет'
    """
    if text.isascii():
        return text.translate(_CONTROLS).lower()
    return _casefold(_fold_look_alikes(_compose(text).translate(_CONTROLS)))


def normalise_with_offsets(text: str) -> tuple[str, list[int]]:
    """What ``normalise`` returns, and for each of its characters the index of the character of ``text`` it came from.

    The list has one index more than the string has characters: the length of ``text``, so that the end of a span can
    be looked up like its start.
    """
    if text.isascii():
        return normalise(text), list(range(len(text) + 1))
    composed, to_text = _by_cluster(text, _compose)
    folded = _fold_look_alikes(composed.translate(_CONTROLS))
    final, to_folded = _by_cluster(folded, _casefold)
    return final, [to_text[index] for index in to_folded]


def _compose(text: str) -> str:
    # Once more after the invisible ones are gone: they may have stood between a letter and its accent.
    return unicodedata.normalize("NFKC", _HIDDEN.sub("", unicodedata.normalize("NFKC", text)))


def _casefold(text: str) -> str:
    return unicodedata.normalize("NFKC", text.casefold())


def _fold_look_alikes(text: str) -> str:
    """Same length as ``text``: letters are exchanged one for one."""
    if not _ANY_LOOK_ALIKE.search(text):
        return text
    return _WORD.sub(lambda word: _fold_word(word[0]), text)


def _fold_word(word: str) -> str:
    return word.translate(_LOOK_ALIKES) if _LATIN.search(word) else word


def _by_cluster(text: str, change: Callable[[str], str]) -> tuple[str, list[int]]:
    clusters = list(_CLUSTER.finditer(text))
    changed = [change(cluster[0]) for cluster in clusters]
    origin = [cluster.start() for cluster, new in zip(clusters, changed, strict=True) for _ in new]
    return "".join(changed), [*origin, len(text)]
