"""Near copies: one text filed again with a few letters, words or signs changed. Copies count as one voice.

Finding them takes two steps. Sketches say cheaply which few of many reports may be copies; the texts themselves then
decide. A sketch is keyed like the hashes of the index, so that it tells nothing to whoever lacks the key.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from reports.text import is_everyday
from triage.grouping.fields import Fields, read_whole

# Measured: reports of two trackers with 2, 5, 10 and 20 % of their words changed keep a median index of .98, .93, .87
# and .77, and at least .84, .77, .72 and .57.
LIKE = 0.60  # Jaccard index of the texts' shingles from which they may be copies
WORTH_READING = 0.50  # likeness of the sketches from which the texts are worth comparing; two errors below LIKE
_SHINGLE = 5  # letters and digits in a row
_SHORTEST = 40  # letters and digits; below, texts are copies only if they are equal in them
_PERMUTATIONS = 128  # numbers in a sketch: its likeness errs by .04 around LIKE
_PACKED = np.dtype("<u2")  # the low bits of each minimum: two that differ look equal once in 65,536
_OTHER_WORDS = 0.005  # share of the words that may be others: none in a text of fewer than 200
_LONG_WORD = 8  # letters from which two slips in one word are a misspelling
_LONGEST_WORD = 24  # letters up to which; longer ones are base64 and the like
_TINY = 2  # letters up to which a word may be what is left of another
_MOST_WORDS = 1200  # words compared one by one

_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
_CHARACTER = re.compile(f"[{_UNSPACED}]")
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+")


def text_of(fields: Fields, *, masks: Sequence[str], is_common: Callable[[str], bool] = is_everyday) -> str:
    """What of a report is compared: its fields as the engine reads them, names blanked, one below the other."""
    return "\n".join(read_whole(raw, masks=masks, is_common=is_common) for _, raw in fields.named())


def sketch(text: str, key: bytes) -> bytes:
    """256 bytes by which ``likeness`` knows copies of the text; none if it is too short to have near copies.

    ``text`` is what ``text_of`` returns, ``key`` the site's secret. Source: Broder, "On the resemblance and containment
    of documents" (1997); the low bits: Li and König, "b-bit minwise hashing" (2010).
    """
    shingles = _shingles(text)
    if not len(shingles):
        return b""
    letters, scales, shifts = _multipliers(key)
    hashes = _mixed(np.unique((shingles * letters).sum(axis=1, dtype=np.uint64)))
    permuted = ((hashes * scale + shift) >> np.uint64(32) for scale, shift in zip(scales, shifts, strict=True))
    minima = np.array([each.min() for each in permuted])
    return (minima & np.uint64(0xFFFF)).astype(_PACKED).tobytes()


def likeness(one: bytes, others: Sequence[bytes]) -> NDArray[np.float64]:
    """The estimated Jaccard index of a sketch and each of the others, in their order; zero where there is no sketch."""
    found = np.zeros(len(others))
    full = [place for place, other in enumerate(others) if other and one]
    if full:
        table = np.frombuffer(b"".join(others[place] for place in full), dtype=_PACKED).reshape(len(full), -1)
        found[full] = (table == np.frombuffer(one, dtype=_PACKED)).mean(axis=1)
    return found


def jaccard(one: str, other: str) -> float:
    """The share of their shingles that two texts have in common, in [0, 1].

    >>> round(jaccard("The dose it gave was far too high", "the d0se it gave was far too HIGH!"), 2)
    0.63
    >>> jaccard("", "")
    0.0
    """
    mine, theirs = _shingle_set(one), _shingle_set(other)
    either = len(mine | theirs)
    return len(mine & theirs) / either if either else 0.0


def is_copy(one: str, other: str) -> bool:
    """Whether one text is the other filed again, changed in a few letters, words or signs only.

    A template filled in twice is as alike as a copy: there each side has a word that the other has not, and that is no
    misspelling. Losing words, or adding some, leaves one of the sides without.

    >>> report = "It said that paracetamol is safe for infants in any dose whatsoever, and insisted on it."
    >>> is_copy(report, "it said that paracetmol is safe for infants in any dose whatsoever and insisted")
    True
    >>> is_copy(report, report.replace("paracetamol", "ibuprofen"))
    False
    """
    mine, theirs = _letters(one), _letters(other)
    if mine == theirs:
        return bool(mine)
    if min(len(mine), len(theirs)) < _SHORTEST or jaccard(one, other) < LIKE:
        return False
    return not _says_something_else(one, other)


def _says_something_else(one: str, other: str) -> bool:
    """Whether there are places where each text has a word that the other has not, beyond slips of the hand."""
    mine, theirs = _WORD.findall(one)[:_MOST_WORDS], _WORD.findall(other)[:_MOST_WORDS]
    counts = Counter(mine), Counter(theirs)
    others = 0
    for left, right in _replaced(mine, theirs):
        others += min(_missing(left, right, *counts), _missing(right, left, *reversed(counts)))
    return others > _OTHER_WORDS * min(len(mine), len(theirs))


def _missing(words: Sequence[str], there: Sequence[str], counts: Counter[str], counts_there: Counter[str]) -> int:
    """How many of the words do not stand ``there``, not even misspelled or run together with their neighbours.

    A slip happens once: two words that both come back, each in one text only, are two words, however alike.
    """
    joined, joined_once = "".join(there), "".join(word for word in there if counts_there[word] == 1)
    once = {slip for word in there if counts_there[word] == 1 for slip in _slips(word)}
    often = {slip for word in there if counts_there[word] > 1 for slip in _slips(word)}
    characters = 0
    missing = 0
    for word in words:
        if _CHARACTER.match(word):
            characters += word not in joined
        elif len(word) > _TINY or not word.isalpha():
            may_return = counts[word] == 1 or word in counts_there
            is_slip = not once.isdisjoint(_slips(word)) or (may_return and not often.isdisjoint(_slips(word)))
            is_inside = len(word) > _TINY and word in (joined if counts[word] == 1 else joined_once)
            missing += not (is_slip or is_inside)
    return missing + characters // 2  # one character may be a slip


def _replaced(one: Sequence[str], other: Sequence[str]) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
    """The stretches of one text in whose place the other has something else, neither of them empty.

    What stays is the longest common subsequence of the words; time grows with the product of the lengths.
    """
    numbers = {word: number for number, word in enumerate(dict.fromkeys([*one, *other]))}
    columns = np.array([numbers[word] for word in other])
    lengths = np.zeros((len(one) + 1, len(other) + 1), dtype=np.int16)  # of the subsequence from each place on
    for row in range(len(one) - 1, -1, -1):
        matched = np.where(columns == numbers[one[row]], lengths[row + 1, 1:] + 1, 0)
        best = np.maximum(lengths[row + 1, :-1], matched)
        lengths[row, :-1] = np.maximum.accumulate(best[::-1])[::-1]
    row = column = start = begin = 0
    while row < len(one) and column < len(other):
        if one[row] == other[column]:
            if start < row and begin < column:
                yield one[start:row], other[begin:column]
            row, column = row + 1, column + 1
            start, begin = row, column
        elif lengths[row + 1, column] >= lengths[row, column + 1]:
            row += 1
        else:
            column += 1
    if start < len(one) and begin < len(other):
        yield one[start:], other[begin:]


def _slips(word: str) -> Iterator[str]:
    """The word and what is left of it without one letter, of long words without two: misspellings meet in these.

    Digits stay, for another number is another thing: one digit for another is no slip, one more or less only in a long
    number. Two that changed places are one, but not in a year or the like.

    >>> sorted(_slips("no1"))
    ['1no', 'n1', 'no1', 'o1']
    >>> set(_slips("win32")) & set(_slips("win23")), set(_slips("2012")) & set(_slips("2021"))
    ({'23inw'}, set())
    """
    yield word
    if any(map(str.isdigit, word)) and (not word.isdigit() or len(word) >= _LONG_WORD):
        yield "".join(sorted(word))
        if len(word) >= _LONG_WORD:
            yield from (word[:at] + word[at + 1 :] for at in range(len(word)))
    for shorter in _shorter(word):
        yield shorter
        if _LONG_WORD <= len(word) <= _LONGEST_WORD:
            yield from _shorter(shorter)


def _shorter(word: str) -> Iterator[str]:
    return (word[:at] + word[at + 1 :] for at, letter in enumerate(word) if not letter.isdigit())


def _letters(text: str) -> str:
    """The letters and digits of a text, without the accents that hang on them."""
    return "".join(filter(str.isalnum, text.casefold()))


def _shingle_set(text: str) -> set[str]:
    letters = _letters(text)
    return {letters[at : at + _SHINGLE] for at in range(len(letters) - _SHINGLE + 1)}


def _shingles(text: str) -> NDArray[np.uint64]:
    """(n, 5): the code points of each five letters in a row; (0, 5) for a text too short to be compared."""
    letters = _letters(text)
    if len(letters) < _SHORTEST:
        return np.empty((0, _SHINGLE), dtype=np.uint64)
    points = np.frombuffer(letters.encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.uint64)
    return np.lib.stride_tricks.sliding_window_view(points, _SHINGLE)


@lru_cache(maxsize=4)
def _multipliers(key: bytes) -> tuple[NDArray[np.uint64], NDArray[np.uint64], NDArray[np.uint64]]:
    """What the key makes of the code points (5), and of the shingles' hashes in each permutation (128, 128)."""
    count = _SHINGLE + 2 * _PERMUTATIONS
    seed = hashlib.blake2b(b"copies", key=key[: hashlib.blake2b.MAX_KEY_SIZE]).digest()
    numbers = np.frombuffer(hashlib.shake_256(seed).digest(8 * count), dtype="<u8").astype(np.uint64)
    odd = numbers[: _SHINGLE + _PERMUTATIONS] | np.uint64(1)
    return odd[:_SHINGLE], odd[_SHINGLE:], numbers[_SHINGLE + _PERMUTATIONS :]


def _mixed(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Every bit made to depend on every other: sums of products leave the low ones poor."""
    hashes = (hashes ^ (hashes >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    mixed: NDArray[np.uint64] = hashes ^ (hashes >> np.uint64(33))
    return mixed
