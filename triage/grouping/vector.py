"""A report as numbers: keyed hashes of its terms, of its runs of telling words and of the pieces its words are made of.

Hashes are keyed, so that a stolen copy of the index tells no words to whoever lacks the key, and salted with the
analyser's version, so that vectors of two analysers never match.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Self

import numpy as np
from numpy.typing import NDArray

from reports.text import is_everyday, normalise
from triage.grouping.fields import Fields, read
from triage.grouping.quoting import Passage, Run

ANALYSER = 2

TERM = np.dtype([("hash", "<i4"), ("weight", "u1")])  # a term in storage: five bytes; the weight's low bit is TITLED
TITLED = 1  # the term stands in the title
GRAM = np.dtype([("hash", "<u2"), ("weight", "u1")])  # a piece of a word in storage: three bytes
RUN = np.dtype("<i4")  # a run in storage: a hash whose two lowest bits are the marks below
SAID, LONG = 1, 2  # the run is quoted; it is three telling words

_FIELD_WEIGHTS = {"title": 3.0, "happened": 1.0, "expected": 1.0, "prompt": 1.0, "output": 1.0}
_QUOTED_WEIGHT = 2.0  # added for a quoted word: what the artifact said is the failure itself, the rest is about it
_MOST_RUNS = 384  # runs kept of one report, quoted ones first
_GRAM = 4  # letters a piece; three to five together gave no more (recall@10 of two trackers within .005)
_MOST_GRAMS = 800
_GRAM_SCALE = 50  # weights are 1 + ln(count), so 255 stands for a piece that occurs sixty times
_K1 = 1.2
_B = 0.6
_WORD = re.compile(r"\w+")
_MEAN_LENGTH = 40.0  # weighted terms a report; fixed, so that a vector does not depend on what else is stored
_SCALE = 100  # saturations lie below k1 + 1 = 2.2, so hundredths fit a byte


@dataclass(frozen=True, slots=True, eq=False)
class Vector:
    """One analysed report.

    ``terms``: sorted unique hashes; ``weights``: BM25 saturation of each, in hundredths, odd where the term stands in
    the title. Rarity is left out on purpose: it is only known when two vectors meet. ``runs``: sorted unique run
    hashes. ``grams``: sorted unique hashes of four-letter pieces of words; ``gram_weights``: in fiftieths.
    """

    terms: NDArray[np.int32]
    weights: NDArray[np.uint8]
    runs: NDArray[np.int32]
    grams: NDArray[np.uint16]
    gram_weights: NDArray[np.uint8]

    def to_bytes(self) -> tuple[bytes, bytes, bytes]:
        """Terms, runs and grams (five, four and three bytes each), to be stored apart and read many at a time."""
        terms, grams = np.empty(len(self.terms), dtype=TERM), np.empty(len(self.grams), dtype=GRAM)
        terms["hash"], terms["weight"] = self.terms, self.weights
        grams["hash"], grams["weight"] = self.grams, self.gram_weights
        return terms.tobytes(), self.runs.astype(RUN).tobytes(), grams.tobytes()

    @classmethod
    def from_bytes(cls, packed_terms: bytes, packed_runs: bytes = b"", packed_grams: bytes = b"") -> Self:
        """The vector that ``to_bytes`` packed. Raises ValueError if the lengths cannot be right."""
        terms, grams = np.frombuffer(packed_terms, dtype=TERM), np.frombuffer(packed_grams, dtype=GRAM)
        return cls(
            np.ascontiguousarray(terms["hash"], dtype=np.int32),
            np.ascontiguousarray(terms["weight"]),
            np.frombuffer(packed_runs, dtype=RUN).astype(np.int32),
            np.ascontiguousarray(grams["hash"], dtype=np.uint16),
            np.ascontiguousarray(grams["weight"]),
        )


def analyse(
    fields: Fields, *, masks: Sequence[str], key: bytes, is_common: Callable[[str], bool] = is_everyday
) -> Vector:
    """The vector of a report.

    ``masks`` are the structured values to be blanked in every spelling (artifact, aliases, developer, deployer,
    version), unless ``is_common`` calls one of their plain words prose; ``key`` (at most 64 bytes) is the site's secret
    for term hashes.
    """
    counts: dict[str, float] = {}
    pieces: dict[str, float] = {}
    titled: set[str] = set()
    found: list[Run] = []
    for name, raw in fields.named():
        about = "" if name == "title" else fields.title
        text, weight = read(raw, masks=masks, about=about, is_common=is_common), _FIELD_WEIGHTS[name]
        passage = Passage.of(text, all_said=name == "output")
        for term, is_quoted in passage.terms():
            counts[term] = counts.get(term, 0.0) + weight + is_quoted * _QUOTED_WEIGHT
        if name == "title":
            titled.update(counts)
        for piece in _pieces(text):
            pieces[piece] = pieces.get(piece, 0.0) + weight
        found += passage.runs()
    return Vector(*_weighted(counts, titled, key), _run_hashes(found, key), *_gram_hashes(pieces, key))


def digest(fields: Fields) -> bytes:
    """The same 16 bytes for exact copies: texts that are equal once normalised and stripped of spacing."""
    texts = ("".join(normalise(raw).split()) for _, raw in fields.named())
    return hashlib.blake2b("\x1f".join(texts).encode(), digest_size=16).digest()


def hash_terms(words: Iterable[str], key: bytes) -> NDArray[np.int32]:
    """The keyed hash of each word, in the order given."""
    return np.frombuffer(_digests(words, key, size=4), dtype=RUN).astype(np.int32)


def run_identity(runs: NDArray[np.int32]) -> NDArray[np.int32]:
    """Which run each is, whoever said it: equal numbers for equal words."""
    return runs & ~np.int32(SAID | LONG)


def _digests(words: Iterable[str], key: bytes, *, size: int) -> bytes:
    salt = b"terms-%d" % ANALYSER
    return b"".join(hashlib.blake2b(word.encode(), digest_size=size, key=key, salt=salt).digest() for word in words)


def _weighted(counts: dict[str, float], titled: set[str], key: bytes) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """Unique sorted hashes and their weights; two terms of one hash count as one term."""
    unique, places = np.unique(hash_terms(counts, key), return_inverse=True)
    frequency = np.bincount(places, weights=np.fromiter(counts.values(), dtype=float), minlength=len(unique))
    length = frequency.sum() / _MEAN_LENGTH
    saturation = frequency * (_K1 + 1) / (frequency + _K1 * (1 - _B + _B * length))
    is_titled = np.bincount(places, weights=[term in titled for term in counts], minlength=len(unique)) > 0
    # even numbers, so that the low bit is free to say where the term stands
    return unique, (np.clip(np.rint(saturation * _SCALE / 2), 1, 127).astype(np.uint8) * 2) | is_titled


def _pieces(text: str) -> Iterator[str]:
    """Every four letters in a row of each word, its edges counting as letters; a shorter word is one piece."""
    for word in _WORD.findall(text):
        padded = f" {word} "
        for start in range(max(1, len(padded) - _GRAM + 1)):
            yield padded[start : start + _GRAM]


def _gram_hashes(pieces: dict[str, float], key: bytes) -> tuple[NDArray[np.uint16], NDArray[np.uint8]]:
    """Sorted hashes of the pieces and their weights; the first of a very long report count."""
    chosen = dict(islice(pieces.items(), _MOST_GRAMS))
    hashes = np.frombuffer(_digests(chosen, key, size=2), dtype="<u2").astype(np.uint16)
    unique, places = np.unique(hashes, return_inverse=True)
    counts = np.bincount(places, weights=np.fromiter(chosen.values(), dtype=float), minlength=len(unique))
    return unique, np.clip(np.rint((1 + np.log(np.maximum(counts, 1))) * _GRAM_SCALE), 1, 255).astype(np.uint8)


def _run_hashes(found: Sequence[Run], key: bytes) -> NDArray[np.int32]:
    """Sorted hashes with their marks; a run both quoted and told counts as quoted."""
    marks: dict[tuple[str, ...], int] = {}
    for run in found:
        marks[run.words] = marks.get(run.words, 0) | run.is_said * SAID | run.is_long * LONG
    chosen = sorted(marks, key=lambda words: not marks[words] & SAID)[:_MOST_RUNS]  # stable: reading order within each
    hashes = run_identity(hash_terms(("\x1f".join(words) for words in chosen), key))
    return np.unique(hashes | np.fromiter(map(marks.__getitem__, chosen), dtype=np.int32, count=len(chosen)))
