"""What a search answers with: issues with the words that were looked for marked in them, and artifacts by name.

Marks are places of characters in what is told; only what everybody may read is told, and nothing that is blurred.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce, Lower

from accounts.policy import Actor
from reports.lines import Line
from reports.models import Alias, Artifact, Issue
from reports.published import words_of
from reports.record import artifacts_with_pages, excerpts_by_issue, on_record
from reports.redaction import Quoted
from reports.text import terms
from reports.text.passages import Span, passage, spans_of

PASSAGE = 240  # characters
OFFERED = 5  # artifacts


@dataclass(frozen=True, slots=True)
class Passage:
    """Words of an issue, with what was looked for marked in them. ``is_quoted``: a reporter's words, not a summary."""

    text: str
    marks: tuple[Span, ...] = ()
    language: str = ""
    is_quoted: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """One issue among the results."""

    line: Line
    marks: tuple[Span, ...]  # in the title
    passage: Passage | None


def results(issues: Sequence[Issue], text: str, actor: Actor) -> list[Found]:
    """The issues as the results of a search for ``text``; from :func:`reports.record.issues_on_record`.

    A passage comes from the summary, or from a published excerpt if only that holds what was looked for.
    """
    asked = frozenset(terms(text))
    marks = {issue.pk: spans_of(issue.public_title, asked) for issue in issues}
    summaries = {issue.pk: spans_of(issue.public_summary, asked) for issue in issues}
    elsewhere = [issue for issue in issues if not summaries[issue.pk] and not marks[issue.pk]]
    excerpts = excerpts_by_issue(elsewhere, actor) if asked else {}
    return [
        Found(
            Line.of(issue),
            tuple(marks[issue.pk]),
            _in_excerpts(excerpts.get(issue.pk, ()), asked) or _of_summary(issue, summaries[issue.pk]),
        )
        for issue in issues
    ]


def _of_summary(issue: Issue, spans: Collection[Span]) -> Passage | None:
    if not issue.public_summary:
        return None
    text, marks = passage(issue.public_summary, spans, size=PASSAGE)
    return Passage(text, tuple(marks))


def _in_excerpts(excerpts: Sequence[Quoted], asked: Collection[str]) -> Passage | None:
    """The first of them that holds what was looked for, in its own language or another."""
    for quote in (quote for report in excerpts for quote in report.quotes):
        for language, told in [(quote.language, quote.text), *quote.translations]:
            if spans := spans_of(told, asked):
                text, marks = passage(told, spans, size=PASSAGE)
                return Passage(text, tuple(marks), language, is_quoted=True)
    return None


@dataclass(frozen=True, slots=True)
class Offer:
    """An artifact that may be meant, with its issues on record."""

    name: str
    kind: str
    issue_count: int
    get_absolute_url: str


def artifacts_named(text: str, actor: Actor) -> list[Offer]:
    """Artifacts with a page that the text, or a word of it, is a name of."""
    words = words_of(text)
    whole = text.replace("\x00", "").strip()
    if not words:
        return []
    low = {word: Lower(Value(word)) for word in [*words, whole]}
    named = Q(low_name__in=list(low.values())) | Q(low_title=low[whole])
    for word in words:
        org, _slash, name = word.rpartition("/")
        if org:
            named |= Q(low_org=Lower(Value(org)), low_name=Lower(Value(name)))
    names = Artifact.objects.alias(low_org=Lower("org"), low_name=Lower("name"), low_title=Lower("title"))
    aliases = Alias.objects.alias(low=Lower("name")).filter(low__in=list(low.values()))
    return _offered(Q(pk__in=names.filter(named).values("pk")) | Q(pk__in=aliases.values("artifact")), actor)


def artifacts_like(text: str, actor: Actor) -> list[Offer]:
    """Artifacts with a page that have a word of the text in their name: for when nothing else was found."""
    like = Q()
    for word in words_of(text):
        if len(word) > 2:
            like |= Q(name__icontains=word) | Q(org__icontains=word)
    return _offered(like, actor) if like else []


def _offered(which: Q, actor: Actor) -> list[Offer]:
    of_it = on_record(actor).filter(artifact=OuterRef("pk")).order_by().values("artifact")
    counted = Coalesce(Subquery(of_it.annotate(n=Count("pk")).values("n")), 0)
    named = artifacts_with_pages(actor).filter(which).order_by("org", "name", "kind")
    rows: list[Any] = list(named.annotate(issue_count=counted)[:OFFERED])  # with a count, which the type does not know
    return [Offer(str(row), row.get_kind_display(), row.issue_count, row.get_absolute_url()) for row in rows]
