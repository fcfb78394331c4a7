"""Why two reports are held to be about the same failure: numbers with a sign, and places in both texts.

Nothing here holds a word of a report: places are offsets into the texts as filed, so that erasing a text erases it
here too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from reports.text import guess_language, terms
from triage.grouping.background import Background
from triage.grouping.fields import Fields, read, read_with_origin
from triage.grouping.pool import Pool
from triage.grouping.quoting import Passage, Run
from triage.grouping.scoring import witnesses
from triage.grouping.vector import analyse, hash_terms

MOST_SPANS = 40  # per report; more marks than that mark nothing
_COMMON_SHARE = 0.08  # a word in more of the background's reports than this is not worth a mark by itself

SpanKind = Literal["quote", "run", "word"]
FeatureName = Literal["words", "quote", "title", "kind", "version", "language"]


@dataclass(frozen=True, slots=True)
class Feature:
    """One number that spoke for (sign 1), against (-1) or not at all (0). ``value`` lies in [0, 1]."""

    name: FeatureName
    value: float
    sign: Literal[-1, 0, 1]


@dataclass(frozen=True, slots=True)
class Span:
    """``text[start:end]`` of a field as filed; in common as a quotation, as a run of words, or as a single word."""

    field: str
    start: int
    end: int
    kind: SpanKind


@dataclass(frozen=True, slots=True)
class Reasons:
    """Why ``query`` is like ``nearest``: features, and what stands in both, as places in each."""

    features: tuple[Feature, ...]
    query: tuple[Span, ...]
    nearest: tuple[Span, ...]

    def as_json(self) -> dict[str, list[list[str | int | float]]]:
        """Lists of plain values: features as [name, value, sign], spans as [field, start, end, kind]."""
        return {
            "features": [[feature.name, round(feature.value, 4), feature.sign] for feature in self.features],
            "query": [[span.field, span.start, span.end, span.kind] for span in self.query],
            "nearest": [[span.field, span.start, span.end, span.kind] for span in self.nearest],
        }


def explain(
    query: Fields,
    nearest: Fields,
    *,
    masks: Sequence[str],
    nearest_masks: Sequence[str],
    key: bytes,
    background: Background,
    similarity: tuple[float, float] | None = None,
    same_kind: bool | None = None,
    same_version: bool | None = None,
) -> Reasons:
    """The reasons for a pair of reports.

    ``similarity`` is the pair's (words, quote) from ``scoring.witnesses``, as counted over the whole pool; without it
    the two are compared against the background alone. ``same_kind`` and ``same_version`` are None where unknown.
    """
    if similarity is None:
        vector = analyse(query, masks=masks, key=key)
        words, quote = witnesses(
            vector, Pool.of([analyse(nearest, masks=nearest_masks, key=key)]), background=background
        )
        similarity = float(words[0]), float(quote[0])
    sides = _parts(query, masks), _parts(nearest, nearest_masks)
    shared = _Shared(*sides, key, background)
    return Reasons(
        tuple(_features(query, nearest, masks, nearest_masks, similarity, same_kind, same_version)),
        shared.spans(sides[0]),
        shared.spans(sides[1]),
    )


def _features(
    query: Fields,
    nearest: Fields,
    masks: Sequence[str],
    nearest_masks: Sequence[str],
    similarity: tuple[float, float],
    same_kind: bool | None,
    same_version: bool | None,
) -> list[Feature]:
    words, quote = similarity
    title = _overlap(terms(read(query.title, masks=masks)), terms(read(nearest.title, masks=nearest_masks)))
    features = [
        Feature("words", words, 1 if words >= 0.1 else -1),  # below a tenth nothing but everyday words is in common
        Feature("quote", quote, 1 if quote > 0 else 0),
        Feature("title", title, 1 if title > 0 else -1),
    ]
    known: tuple[tuple[FeatureName, bool | None], ...] = (
        ("kind", same_kind),
        ("version", same_version),
        ("language", _same_language(query, nearest)),
    )
    for name, same in known:
        if same is not None:
            features.append(Feature(name, float(same), 1 if same else -1))
    return features


def _overlap(one: Sequence[str], other: Sequence[str]) -> float:
    """Jaccard index of two lists of terms."""
    either = set(one) | set(other)
    return len(set(one) & set(other)) / len(either) if either else 0.0


def _same_language(query: Fields, nearest: Fields) -> bool | None:
    languages = [guess_language(f"{fields.title}\n{fields.happened}") for fields in (query, nearest)]
    return None if "und" in languages else languages[0] == languages[1]


@dataclass(frozen=True, slots=True)
class _Part:
    """One field of a report as it was read: its words, its runs, and where in the raw text each character stood."""

    passage: Passage
    runs: Sequence[Run]
    name: str
    origin: Sequence[int]


def _parts(fields: Fields, masks: Sequence[str]) -> list[_Part]:
    parts = []
    for name, raw in fields.named():
        text, origin = read_with_origin(raw, masks=masks)
        passage = Passage.of(text, all_said=name == "output")
        parts.append(_Part(passage, list(passage.runs()), name, origin))
    return parts


class _Shared:
    """What two reports have in common, to be looked up in either."""

    def __init__(self, query: list[_Part], nearest: list[_Part], key: bytes, background: Background) -> None:
        one, other = _contents(query), _contents(nearest)
        words = sorted(set(one[0]) & set(other[0]))
        shares = background.term_shares_of(hash_terms(words, key))
        self.words = {word for word, share in zip(words, shares, strict=True) if share <= _COMMON_SHARE}
        self.runs = {run: one[1][run] or other[1][run] for run in set(one[1]) & set(other[1])}

    def spans(self, parts: list[_Part]) -> tuple[Span, ...]:
        """The shared places of one side, in reading order: runs first choice, then rare words outside them."""
        spans: list[Span] = []
        for part in parts:
            shared = [run for run in part.runs if run.words in self.runs]
            marked = _merged([(run.start, run.end, "quote" if self.runs[run.words] else "run") for run in shared])
            covered = {index for start, end, _ in marked for index in range(start, end)}
            marked += [
                (token.start, token.end, "word")
                for token in part.passage.words
                if token.term in self.words and token.start not in covered
            ]
            # one character as filed may have become several ("¼"), and a mark may end within them
            origin = part.origin
            spans += [Span(part.name, origin[at], max(origin[end], origin[at] + 1), kind) for at, end, kind in marked]
        spans.sort(key=lambda span: {"quote": 0, "run": 1, "word": 2}[span.kind])
        return tuple(spans[:MOST_SPANS])


def _contents(parts: list[_Part]) -> tuple[list[str], dict[tuple[str, ...], bool]]:
    """The terms of a report, and its runs with whether each is quoted somewhere in it."""
    words: list[str] = []
    found: dict[tuple[str, ...], bool] = {}
    for part in parts:
        words += (term for term, _ in part.passage.terms())
        for run in part.runs:
            found[run.words] = found.get(run.words, False) or run.is_said
    return words, found


def _merged(marks: list[tuple[int, int, SpanKind]]) -> list[tuple[int, int, SpanKind]]:
    """Overlapping marks made one; a quotation in it makes the whole a quotation."""
    merged: list[tuple[int, int, SpanKind]] = []
    for start, end, kind in sorted(marks):
        if merged and start < merged[-1][1]:
            first, last, before = merged[-1]
            merged[-1] = (first, max(last, end), "quote" if "quote" in (kind, before) else "run")
        else:
            merged.append((start, end, kind))
    return merged
