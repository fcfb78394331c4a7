"""Where the words of a report stand beyond the report: in titles, statements and notes that people wrote about it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import translation

from reports.models import Affected, Answer, EvidenceRequest, Issue, Report, Reproduction, Signal
from reports.sealing import unseal
from reports.text.quoting import Said

REMOVED = "[…]"  # in place of what somebody wrote and of what nothing may be left; the same in every language
# What people write beside an issue, by the column that names the issue.
WRITTEN: tuple[tuple[type[models.Model], tuple[str, ...]], ...] = (
    (Affected, ("statement", "untested_reason")),
    (Answer, ("text",)),
    (Reproduction, ("evidence",)),
    (Signal, ("reason_words",)),
    (EvidenceRequest, ("plan", "reason")),
)


@dataclass(frozen=True, slots=True)
class Echo:
    """A column of a row that says what the report says, and what shall stand there instead."""

    row: models.Model
    column: str
    instead: str


def said_by(report: Report) -> Said:
    """All that its reporter wrote, and how to reach and to name them."""
    return Said([*_words_of(report), *(message.text for message in report.messages.all())])


def _words_of(report: Report) -> Iterator[str]:
    if hasattr(report, "evidence"):
        yield from report.evidence.parts.values()
    if hasattr(report, "credit"):
        yield report.credit.name
    if hasattr(report, "contact"):
        try:
            yield unseal(bytes(report.contact.sealed_email))
        except InvalidToken:  # sealed with a key that the site has no more: nobody can have copied it from here
            return


def echoes(issues: Iterable[Issue], said: Said) -> Iterator[Echo]:
    """In titles and summaries of the issues, and in what was written beside them."""
    chosen = list(issues)
    for issue in chosen:
        for column in ("public_title", "public_summary"):
            if said.in_(getattr(issue, column)):
                yield Echo(issue, column, plain_title(issue) if column == "public_title" else "")
    for kind, columns in WRITTEN:
        beside = Q(issue__in=chosen)
        if kind is Signal:  # one of a theme, or of a cell of a table, may be about any report
            beside |= Q(issue=None) & ~Q(reason_words="")
        for row in kind._default_manager.filter(beside).order_by("pk"):
            for column in columns:
                if said.in_(getattr(row, column)):
                    yield Echo(row, column, REMOVED)


def plain_title(issue: Issue) -> str:
    """Kind and artifact, in the language of the record, whoever asks."""
    with translation.override(settings.LANGUAGE_CODE):
        return f"{issue.get_kind_display()} · {issue.family}"


def without(told: Any, said: Said, instead: dict[str, str], column: str = "") -> Any:
    """The same JSON without what the report says. ``instead`` has what stands there by the name of a column."""
    if isinstance(told, dict):
        return {name: without(value, said, instead, name) for name, value in told.items()}
    if isinstance(told, list):
        return [without(value, said, instead, column) for value in told]
    if isinstance(told, str) and said.in_(told):
        return instead.get(column, REMOVED)
    return told
