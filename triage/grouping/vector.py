"""A report as numbers: keyed hashes of its terms with their weights, and of its runs of telling words.

Hashes are keyed, so that a stolen copy of the index tells no words to whoever lacks the key, and salted with the
analyser's version, so that vectors of two analysers never match.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from reports.text import normalise
from triage.grouping.fields import Fields, read
from triage.grouping.quoting import Passage, Run

ANALYSER = 1

TERM = np.dtype([("hash", "<i4"), ("weight", "u1")])  # a term in storage: five bytes
RUN = np.dtype("<i4")  # a run in storage: a hash whose two lowest bits are the marks below
SAID, LONG = 1, 2  # the run is quoted; it is three telling words

_FIELD_WEIGHTS = {"title": 3.0, "happened": 1.0, "expected": 1.0, "prompt": 1.0, "output": 1.0}
_QUOTED_WEIGHT = 2.0  # added for a quoted word: what the artifact said is the failure itself, the rest is about it
_MOST_RUNS = 384  # runs kept of one report, quoted ones first
_K1 = 1.2
_B = 0.6
_MEAN_LENGTH = 40.0  # weighted terms a report; fixed, so that a vector does not depend on what else is stored
_SCALE = 100  # saturations lie below k1 + 1 = 2.2, so hundredths fit a byte


@dataclass(frozen=True, slots=True, eq=False)
class Vector:
    """One analysed report.

    ``terms``: sorted unique hashes; ``weights``: BM25 saturation of each, in hundredths. Rarity is left out on purpose:
    it is only known when two vectors meet. ``runs``: sorted unique run hashes.
    """

    terms: NDArray[np.int32]
    weights: NDArray[np.uint8]
    runs: NDArray[np.int32]

    def to_bytes(self) -> tuple[bytes, bytes]:
        """Terms (five bytes each) and runs (four bytes each), to be stored apart and read many at a time."""
        packed = np.empty(len(self.terms), dtype=TERM)
        packed["hash"], packed["weight"] = self.terms, self.weights
        return packed.tobytes(), self.runs.astype(RUN).tobytes()

    @classmethod
    def from_bytes(cls, packed_terms: bytes, packed_runs: bytes = b"") -> Self:
        """The vector that ``to_bytes`` packed. Raises ValueError if the lengths cannot be right."""
        packed = np.frombuffer(packed_terms, dtype=TERM)
        packed_run_hashes = np.frombuffer(packed_runs, dtype=RUN)
        return cls(
            np.ascontiguousarray(packed["hash"], dtype=np.int32),
            np.ascontiguousarray(packed["weight"]),
            packed_run_hashes.astype(np.int32),
        )


def analyse(fields: Fields, *, masks: Sequence[str], key: bytes) -> Vector:
    """The vector of a report.

    ``masks`` are the structured values to be blanked in every spelling (artifact, aliases, developer, deployer,
    version); ``key`` (at most 64 bytes) is the site's secret for term hashes.
    """
    counts: dict[str, float] = {}
    found: list[Run] = []
    for name, raw in fields.named():
        passage = Passage.of(read(raw, masks=masks), all_said=name == "output")
        for term, is_quoted in passage.terms():
            counts[term] = counts.get(term, 0.0) + _FIELD_WEIGHTS[name] + is_quoted * _QUOTED_WEIGHT
        found += passage.runs()
    hashes, weights = _weighted(counts, key)
    return Vector(hashes, weights, _run_hashes(found, key))


def digest(fields: Fields) -> bytes:
    """The same 16 bytes for exact copies: texts that are equal once normalised and stripped of spacing."""
    texts = ("".join(normalise(raw).split()) for _, raw in fields.named())
    return hashlib.blake2b("\x1f".join(texts).encode(), digest_size=16).digest()


def hash_terms(words: Iterable[str], key: bytes) -> NDArray[np.int32]:
    """The keyed hash of each word, in the order given."""
    salt = b"terms-%d" % ANALYSER
    return np.frombuffer(
        b"".join(hashlib.blake2b(word.encode(), digest_size=4, key=key, salt=salt).digest() for word in words),
        dtype=RUN,
    ).astype(np.int32)


def run_identity(runs: NDArray[np.int32]) -> NDArray[np.int32]:
    """Which run each is, whoever said it: equal numbers for equal words."""
    return runs & ~np.int32(SAID | LONG)


def _weighted(counts: dict[str, float], key: bytes) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """Unique sorted hashes and their saturations; two terms of one hash count as one term."""
    unique, places = np.unique(hash_terms(counts, key), return_inverse=True)
    frequency = np.bincount(places, weights=np.fromiter(counts.values(), dtype=float), minlength=len(unique))
    length = frequency.sum() / _MEAN_LENGTH
    saturation = frequency * (_K1 + 1) / (frequency + _K1 * (1 - _B + _B * length))
    return unique, np.clip(np.rint(saturation * _SCALE), 1, 255).astype(np.uint8)


def _run_hashes(found: Sequence[Run], key: bytes) -> NDArray[np.int32]:
    """Sorted hashes with their marks; a run both quoted and told counts as quoted."""
    marks: dict[tuple[str, ...], int] = {}
    for run in found:
        marks[run.words] = marks.get(run.words, 0) | run.is_said * SAID | run.is_long * LONG
    chosen = sorted(marks, key=lambda words: not marks[words] & SAID)[:_MOST_RUNS]  # stable: reading order within each
    hashes = run_identity(hash_terms(("\x1f".join(words) for words in chosen), key))
    return np.unique(hashes | np.fromiter(map(marks.__getitem__, chosen), dtype=np.int32, count=len(chosen)))
