"""The report that is open on the publication desk: its words in pieces, each to be published, removed or neither."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from reports.models import Issue, Report, Translation
from reports.redaction import (
    Reader,
    is_veiled,
    language_of,
    may_be_quoted,
    redactions_of,
    role_of,
    spans_by_part,
    translations_of,
)
from reports.vocabulary import HazardLevel
from triage.comparison import Side
from triage.sentences import Piece, pieces_of

# Why none of a report's words may be published, each with the sentence the desk shows.
KEPT_BACK: tuple[tuple[Callable[[Report, Issue], bool], Promise], ...] = (
    (lambda report, issue: report.is_private, gettext_lazy("Its reporter keeps it private.")),
    (lambda report, issue: report.held_at is not None, gettext_lazy("It is held.")),
    (lambda report, issue: report.withdrawn_at is not None, gettext_lazy("Its reporter has withdrawn it.")),
    (
        lambda report, issue: max(report.hazard_level, issue.hazard_level) >= HazardLevel.GATED,
        gettext_lazy("Its hazard level is gated or higher."),
    ),
    (
        lambda report, issue: report.is_embargoed,
        gettext_lazy("An embargo stands."),
    ),
)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a report in pieces to be ticked."""

    name: str
    role: str
    language: str
    pieces: list[Piece]
    may_be_quoted: bool
    translations: list[Translation]


@dataclass(frozen=True, slots=True)
class Source:
    """The report that is open. ``why_not`` says why none of its words can be published; "" if they can."""

    report: Report
    side: Side
    why_not: str = ""
    parts: list[Part] = field(default_factory=list)

    @property
    def hides_words(self) -> bool:
        return any(piece.gaps for part in self.parts for piece in part.pieces)


def source_of(report: Report, issue: Issue, revealed: Collection[int]) -> Source:
    """``report``, fetched with all that belongs to its words, as this desk shows it."""
    is_asked = report.pk in revealed
    why_not = why_not_quoted(report, issue)
    parts = report.evidence.parts if hasattr(report, "evidence") else {}
    if not parts:
        return Source(report, Side(report, [], [], is_erased=True), why_not)
    issues = [issue, *(row.issue for row in report.placements.all() if row.superseded_at is None)]
    if is_veiled(report, issues) and not is_asked:
        veiled = Side(report, [], [], is_erased=False, is_veiled=True, part_count=len(parts))
        return Source(report, veiled, why_not)
    hidden = spans_by_part(redactions_of(report))
    chosen = spans_by_part(row for row in report.excerpts.all() if row.issue_id == issue.pk)
    translated = translations_of(report, Reader.ASKED if is_asked else Reader.TRIAGER)
    told = [
        Part(
            name=part,
            role=role_of(report.evidence, part),
            language=language_of(report, part, parts[part]),
            pieces=pieces,
            may_be_quoted=not why_not and may_be_quoted(report, part),
            translations=translated.get(part, []),
        )
        for part, pieces in pieces_of(parts, chosen, hidden, is_asked=is_asked).items()
    ]
    side = Side(report, [], [], is_erased=False, is_asked=is_asked, part_count=len(parts))
    return Source(report, side, why_not, told)


def why_not_quoted(report: Report, issue: Issue) -> str:
    return next((str(words) for holds, words in KEPT_BACK if holds(report, issue)), "")
