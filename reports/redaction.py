"""A report's words as each reader may read them. What was redacted is not in the answer at all.

Redactions and excerpts are spans of characters, counted as Python counts them, in a part of ``Evidence.parts``. A span
may overlap another, or lie beyond words that were erased since: what it cannot mean is left out.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from django.db.models import Case, Exists, OuterRef, Prefetch, Q

from reports.models import Evidence, Excerpt, Issue, Redaction, Report, Translation
from reports.models.embargo import free_of_embargo
from reports.models.report import Span
from reports.sealed import summary_unless
from reports.text import guess_language
from reports.vocabulary import HazardLevel, Visibility

MARK = "\N{FULL BLOCK}" * 5  # as long for a letter as for a page: how much was removed is not told
TURN = "turn:"
ACCOUNT = ("summary", "what_happened", "expected")

Cut = tuple[int, int]


class Reader(StrEnum):
    """Who reads. Only a triager who asked for it, on record, reads what was redacted."""

    EVERYBODY = "everybody"
    MAINTAINER = "maintainer"
    TRIAGER = "triager"
    ASKED = "asked"


@dataclass(frozen=True, slots=True)
class Words:
    """One part as it may be read: ``text`` with a mark where words were removed, ``gaps`` says where the marks stand.

    ``start`` and ``cuts`` are the place in the original that it was made from, and what was cut out there.
    """

    part: str
    text: str
    gaps: tuple[Cut, ...] = ()
    start: int = 0
    cuts: tuple[Cut, ...] = field(default=(), repr=False)

    def moved(self, spans: Iterable[Sequence[int]]) -> list[Cut]:
        """Where spans of the original stand in ``text``; what of them was removed is left out."""
        found = []
        for start, end, *_ in spans:
            for kept_start, kept_end in left_of((int(start), int(end)), self.cuts):
                found.append((self._moved(kept_start), self._moved(kept_end)))
        return [(start, end) for start, end in found if 0 <= start < end <= len(self.text)]

    def _moved(self, place: int) -> int:
        removed = sum(end - start - len(MARK) for start, end in self.cuts if end <= place)
        return place - self.start - removed


def merged(spans: Iterable[Sequence[int]], *, size: int, start: int = 0) -> tuple[Cut, ...]:
    """The spans in order, cut to ``start`` and ``size``, those that overlap or touch made one."""
    inside = sorted((max(start, int(span[0])), min(size, int(span[1]))) for span in spans)
    joined: list[Cut] = []
    for begin, end in inside:
        if begin >= end:
            continue
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((begin, end))
    return tuple(joined)


def left_of(span: Cut, cuts: Iterable[Cut]) -> list[Cut]:
    """What is left of ``span`` without ``cuts``, which are in order and apart."""
    begin, end = span
    kept = []
    for cut_start, cut_end in cuts:
        if cut_end <= begin or cut_start >= end:
            continue
        if begin < cut_start:
            kept.append((begin, cut_start))
        begin = max(begin, cut_end)
    return [*kept, (begin, end)] if begin < end else kept


def masked(text: str, redacted: Iterable[Sequence[int]], *, part: str = "", start: int = 0, end: int = -1) -> Words:
    """``text``, or what stands in it from ``start`` to ``end``, with a mark for each run of redacted characters."""
    size = len(text) if end < 0 else min(end, len(text))
    cuts = merged(redacted, size=size, start=start)
    told, gaps, place = "", [], start
    for cut_start, cut_end in cuts:
        told += text[place:cut_start]
        gaps.append((len(told), len(told) + len(MARK)))
        told += MARK
        place = cut_end
    return Words(part, told + text[place:size], tuple(gaps), start, cuts)


def words_for(evidence: Evidence, redactions: Iterable[Span], reader: Reader) -> dict[str, Words]:
    """Every part of a report that holds words, as ``reader`` may read it."""
    hidden = {} if reader is Reader.ASKED else spans_by_part(redactions)
    return {part: masked(text, hidden.get(part, ()), part=part) for part, text in evidence.parts.items()}


def spans_by_part(spans: Iterable[Span]) -> dict[str, list[Cut]]:
    """The spans that stand, by the part they are of."""
    found: dict[str, list[Cut]] = {}
    for span in spans:
        if span.ended_at is None:
            found.setdefault(span.part, []).append((span.start, span.end))
    return found


def with_redactions() -> "Prefetch[str]":
    """For ``prefetch_related`` of reports: what :func:`redactions_of` reads."""
    standing = Redaction.objects.filter(ended_at=None).order_by("part", "start")
    return Prefetch("redactions", queryset=standing, to_attr="standing_redactions")


def with_translations() -> "Prefetch[str]":
    """For ``prefetch_related`` of reports: what :func:`translations_of` reads."""
    standing = Translation.objects.filter(ended_at=None).select_related("by").order_by("language")
    return Prefetch("translations", queryset=standing, to_attr="standing_translations")


def redactions_of(report: Report) -> list[Redaction]:
    """Those that stand. Fails loudly where nobody fetched them: unknown is not the same as none."""
    found: list[Redaction] = report.standing_redactions  # type: ignore[attr-defined] # set by the prefetch
    return found


def translations_of(report: Report, reader: Reader) -> dict[str, list[Translation]]:
    """Translations by part. One of words that were redacted may tell them, so it is kept back with them."""
    found: list[Translation] = report.standing_translations  # type: ignore[attr-defined] # set by the prefetch
    hidden = set() if reader is Reader.ASKED else {row.part for row in redactions_of(report)}
    told: dict[str, list[Translation]] = {}
    for row in found:
        if row.part not in hidden:
            told.setdefault(row.part, []).append(row)
    return told


# What is kept from people who have to read much of it, until they ask


def is_veiled(report: Report, issues: Iterable[Issue] = ()) -> bool:
    """Whether its words are not sent before somebody asks: they may harm whoever reads them, or were withdrawn."""
    if report.withdrawn_at is not None:
        return True
    levels = [report.hazard_level, *(issue.hazard_level for issue in issues)]
    return max(levels) >= HazardLevel.BLURRED


def summary_kept_back(report: str = "report") -> Q:
    """Of rows that lead to a report: its summary may not stand in a list, being redacted, withdrawn, or too hard to
    meet."""
    redacted = Redaction.objects.filter(report=OuterRef(report), part="summary", ended_at=None)
    prefix = "" if report == "pk" else f"{report}__"
    hard = Q(**{f"{prefix}hazard_level__gte": HazardLevel.BLURRED})
    return Q(Exists(redacted)) | hard | Q(**{f"{prefix}withdrawn_at__isnull": False})


def summary_in_a_list() -> Case:
    """For placements: the summary of the report as a list may tell it, "" where it may not."""
    kept_back = summary_kept_back() | Q(issue__hazard_level__gte=HazardLevel.BLURRED)
    return summary_unless(kept_back, "report__")


# What is published


@dataclass(frozen=True, slots=True)
class Quote:
    """Words that a person chose to publish. ``role`` is that of the turn, "" in the reporter's own account.

    ``goes_on`` and ``went_before``: whether the part says more, after or before.
    """

    part: str
    role: str
    text: str
    gaps: tuple[Cut, ...]
    language: str
    went_before: bool
    goes_on: bool
    translations: tuple[tuple[str, str], ...] = ()  # language and text

    @property
    def shown(self) -> str:
        """The words as a page shows them: a passage ends before the blank to the next."""
        return self.text.rstrip()

    @property
    def translated(self) -> list[dict[str, str]]:
        return [{"language": language, "text": text} for language, text in self.translations]


@dataclass(frozen=True, slots=True)
class Quoted:
    """What is published of one report. ``place`` counts from 1 on the page; ``quotes`` are empty until asked for."""

    place: int
    reported_on: date
    found_by: str
    language: str
    is_blurred: bool
    is_shown: bool
    total: int
    quotes: tuple[Quote, ...]

    @property
    def is_translated(self) -> bool:
        return any(quote.translations for quote in self.quotes)


def fit_to_quote() -> Q:
    """Of reports: those whose words may be published at all."""
    stands = Q(held_at=None, withdrawn_at=None, erased_at=None, evidence__isnull=False)
    return free_of_embargo() & stands & Q(hazard_level__lt=HazardLevel.GATED) & ~Q(visibility=Visibility.PRIVATE)


def may_be_quoted(report: Report, part: str) -> bool:
    """Whether its reporter allowed that this part is published."""
    return not (part.startswith(TURN) and report.visibility == Visibility.PUBLIC_WITHOUT_TRANSCRIPT)


def quoted(report: Report, chosen: Iterable[Excerpt], issue: Issue, *, place: int, shown: Collection[int]) -> Quoted:
    """``chosen`` of a report from :func:`with_redactions` and :func:`with_translations`, as everybody may read it."""
    told = tuple(_quotes(report, spans_by_part(chosen)))
    is_blurred = is_veiled(report, [issue])
    is_shown = not is_blurred or place in shown
    return Quoted(
        place=place,
        reported_on=report.reported_at.date(),
        found_by=report.found_by,
        language=report.language,
        is_blurred=is_blurred,
        is_shown=is_shown,
        total=len(told),
        quotes=told if is_shown else (),
    )


def _quotes(report: Report, chosen: Mapping[str, Sequence[Cut]]) -> Iterable[Quote]:
    hidden = spans_by_part(redactions_of(report))
    translated = translations_of(report, Reader.EVERYBODY)
    for part, text in report.evidence.parts.items():
        if part not in chosen or not may_be_quoted(report, part):
            continue
        for start, end in merged(chosen[part], size=len(text)):
            words = masked(text, hidden.get(part, ()), part=part, start=start, end=end)
            is_whole = not text[:start].strip() and not text[end:].strip()
            yield Quote(
                part=part,
                role=role_of(report.evidence, part),
                text=words.text,
                gaps=words.gaps,
                language=language_of(report, part, text),
                went_before=bool(text[:start].strip()),
                goes_on=bool(text[end:].strip()),
                translations=tuple((row.language, row.text) for row in translated.get(part, ())) if is_whole else (),
            )


def language_of(report: Report, part: str, text: str) -> str:
    """Of a turn its own, as far as can be told: people quote in one language and tell in another."""
    if not part.startswith(TURN):
        return report.language
    guessed = guess_language(text)
    return "" if guessed == "und" else guessed


def role_of(evidence: Evidence, part: str) -> str:
    """Whose turn it is; "" for the reporter's own account."""
    return str(evidence.transcript[int(part.removeprefix(TURN))]["role"]) if part.startswith(TURN) else ""
