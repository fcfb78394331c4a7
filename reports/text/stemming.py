"""Light stemming: the plural and the commonest endings go, nothing clever. Both sides lose the same letters."""

import re

_ARABIC_LETTER = re.compile("[\u0621-\u064a]")
_ARABIC_MARKS = re.compile("[\u0640\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed]")  # tatweel and vowel signs
_ARABIC_FORMS = str.maketrans("أإآٱىةؤئ", "اااايهوي")
_ARABIC_PREFIXES = ("وال", "بال", "كال", "فال", "ولل", "ال", "لل")
_ARABIC_SUFFIXES = ("هما", "تين", "ها", "ات", "ان", "ون", "ين", "يه", "هم", "ه", "ي")
_SHORTEST_STEM = 3


def stem(word: str) -> str:
    """The stem of one casefolded word without apostrophes; words of other scripts come back as they are.

    >>> [stem(word) for word in ("dosages", "cities", "answered", "answering", "class", "it")]
    ['dosage', 'city', 'answer', 'answer', 'class', 'it']
    >>> stem("والجرعات") == stem("الجرعة") == stem("جرعات")
    True
    """
    if _ARABIC_LETTER.match(word):
        return _arabic(word)
    return _latin(word)


def _latin(word: str) -> str:
    if len(word) < 4 or not word.isalpha():
        return word
    if word.endswith("ies") and len(word) > 4:
        word = word[:-3] + "y"
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for ending in ("ing", "ed"):
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            return _undouble(word[: -len(ending)])
    return word


def _undouble(word: str) -> str:
    """The "stopp" of "stopped" is "stop", yet the "fall" of "falling" stays."""
    return word[:-1] if word[-1] == word[-2] and word[-1] not in "lsz" else word


def _arabic(word: str) -> str:
    word = _ARABIC_MARKS.sub("", word).translate(_ARABIC_FORMS)
    for prefix in _ARABIC_PREFIXES:
        if word.startswith(prefix) and len(word) - len(prefix) >= _SHORTEST_STEM:
            word = word[len(prefix) :]
            break
    for suffix in _ARABIC_SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= _SHORTEST_STEM:
            return word[: -len(suffix)]
    return word
