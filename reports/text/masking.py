"""Taking the names of the reported artifact out of a text, so that reports are compared by what happened."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache

from reports.text.normalising import normalise
from reports.text.stopping import STOP_WORDS

_PIECE = re.compile(r"[^\W\d_]+|\d+")
_SEPARATOR = r"[\W_]{0,2}"  # at most two characters, so that matching stays linear in the text
_LATIN_END = r"(?![0-9a-z\u00df-\u024f])"
_LATIN_START = r"(?<![0-9a-z\u00df-\u024f])"
_OTHER_START, _OTHER_END = r"(?<![^\W_])", r"(?![^\W_])"
_UNSPACED = re.compile("[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]")
_LATIN = re.compile("[0-9a-z\u00df-\u024f]")
_MOST_PIECES = 12
_MOST_VALUES = 200
_SHORT_WORD = 3  # letters, or digits, of which there are too few to name anything by themselves
_VERSION_NUMBER = re.compile(r"v?(\d{1,3})")

# Words that name artifacts and also mean what they say: masking them would blank honest prose.
_EVERYDAY_WORDS = """
agent ai answer api app art assistant audio base basic beta black blue bot build cat chat child class classic code
coder companion complete content copilot core data dataset default demo detect dev doc docs draft driver edit
editor eye fast flash free friend game general green guide health help helper home hub image infrastructure
instruct judge kids lab labs language large latest law learn lens light list lite live mail main math med medium
memory mini mobile model music nano nurse office online open other page paint photo plan play plus pocket preview
pro product query reader red release research robot safe scan school science scribe search server shop simple small
smart speech stable standard store story studio support system teach teacher team test text tool train translate
translator travel tutor ui ultra unknown user video view vision voice web white wiki word work world write writer
"""
_EVERYDAY = frozenset(_EVERYDAY_WORDS.split())

# What follows a brand without being part of it.
_SUFFIX_WORDS = """
ai base chat co code coder corp flash gmbh group inc instruct io it lab labs large latest lite llc ltd max medium mini
nano next org plus preview pro research small systems team tech turbo ultra vision
"""
_SUFFIXES = frozenset(_SUFFIX_WORDS.split())


def is_everyday(word: str) -> bool:
    """Whether a word that may be a name is rather prose, for sites that hold too few reports to count it.

    >>> [is_everyday(word) for word in ("writer", "ibm", "harbor")]
    [True, True, False]
    """
    return word in _EVERYDAY or len(word) <= _SHORT_WORD


def mask(text: str, values: Iterable[str], *, is_common: Callable[[str], bool] = is_everyday) -> str:
    """The text with every spelling of the values blanked out: spaces instead, so that the length stays.

    A value is found whatever its case and whether its pieces are joined, spaced, hyphenated or underscored, but only as
    a whole word. ``org/name`` is masked as a whole, by its parts, and by the front of its name ("Kimi K2" of
    "kimi-k2-instruct"). A single plain word is left alone where ``is_common`` says that it is prose: "writer" stands in
    many reports for somebody who writes. It is asked for normalised words; one that has to go in any case, such as a
    version, it must call rare. Time is linear in the text.

    >>> mask("Acme's Chat 7B and chat_7b, not chatter", ["acme/chat-7b"])
    "    's         and        , not chatter"
    >>> mask("the writer of 2026-05 wrote v2", ["Writer", "2026-05", "2"])
    'the writer of         wrote   '
    >>> mask("the writer", ["Writer"], is_common=lambda word: False)
    'the       '
    """
    values = tuple(values)
    pattern = _pattern(values, frozenset(filter(is_common, _plain_words(values))))
    return pattern.sub(lambda found: " " * len(found[0]), text) if pattern else text


@lru_cache(maxsize=1_024)
def _plain_words(values: tuple[str, ...]) -> frozenset[str]:
    """The words of the values that may be asked about: stop words are common without a question."""
    pieces = {piece for value in values for part in normalise(value).split("/") for piece in _pieces(part)}
    return frozenset(piece for piece in pieces if not piece.isdigit() and piece not in STOP_WORDS)


@lru_cache(maxsize=1_024)
def _pattern(values: tuple[str, ...], common: frozenset[str]) -> re.Pattern[str] | None:
    spellings = {spelling: None for value in values for spelling in _spellings(normalise(value), common)}
    chosen = sorted(spellings, key=lambda spelling: (-len(spelling), spelling))[:_MOST_VALUES]
    return re.compile("|".join(chosen), re.IGNORECASE) if chosen else None


def _spellings(value: str, common: frozenset[str]) -> Iterator[str]:
    """Regular expressions for the whole value and for the parts of it that can stand alone."""
    value = value.strip()
    if number := _VERSION_NUMBER.fullmatch(value):
        # A bare "2" stands for many things; only "v2" and "version 2" are surely the version.
        yield rf"{_LATIN_START}(?:v|version|ver|versión|الإصدار|版本){_SEPARATOR}{number[1]}{_LATIN_END}"
        return
    if "/" in value:
        yield from _whole(_pieces(value), common)
    for part in value.split("/"):
        yield from _fronts(_pieces(part), common)


def _pieces(value: str) -> Sequence[str]:
    return _PIECE.findall(value)[:_MOST_PIECES]


def _whole(pieces: Sequence[str], common: frozenset[str]) -> Iterator[str]:
    if len(pieces) > 1 or (pieces and _is_distinctive(pieces[0], common)):
        yield _bounded(pieces)


def _fronts(pieces: Sequence[str], common: frozenset[str]) -> Iterator[str]:
    """The whole name, and each shorter front of it that is a name by itself.

    "harbor" of "harbor-7b" and "kelp" of "kelp-labs" are; "black" of "black-forest" and "university of" are not.
    """
    yield from _whole(pieces, common)
    for end in range(1, len(pieces)):
        is_named = any(_is_distinctive(piece, common) and not piece.isdigit() for piece in pieces[:end])
        if is_named and (len(pieces[end]) == 1 or pieces[end].isdigit() or pieces[end] in _SUFFIXES):
            yield _bounded(pieces[:end])


def _is_distinctive(piece: str, common: frozenset[str]) -> bool:
    """Whether the piece alone surely means the artifact."""
    if _UNSPACED.match(piece):
        return True
    if piece.isdigit():
        return len(piece) > _SHORT_WORD
    return len(piece) > 1 and piece not in common and piece not in STOP_WORDS


def _bounded(pieces: Sequence[str]) -> str:
    """The pieces in a row, however separated. Latin names may touch letters of other scripts ("用chat-7b问")."""
    pattern = _SEPARATOR.join(map(re.escape, pieces))
    return _edge(pieces[0][0], _LATIN_START, _OTHER_START) + pattern + _edge(pieces[-1][-1], _LATIN_END, _OTHER_END)


def _edge(letter: str, latin: str, other: str) -> str:
    if _LATIN.match(letter):
        return latin
    return "" if _UNSPACED.match(letter) else other  # scripts without spaces have no edge to look for
