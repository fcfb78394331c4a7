"""Searching the queue: what a text asks for, what of it was not understood, and the issues that are meant.

    is:new artifact:acme/* kind:privacy_leak voices:>3 assigned:me age:<7d -source:api "exact words"

How it is written: ``triage.grammar``. What can be asked: ``triage.questions``. Terms add up; a comma means "or", a
minus "not". What is not understood is explained and finds nothing: to ignore half of what was asked would be a lie.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, Q, Window
from django.utils.functional import cached_property
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.policy import Actor
from reports.models import Issue
from reports.models.issue import IssueQuerySet
from reports.vocabulary import Status
from triage import grammar, phrases, questions
from triage.grammar import Term
from triage.queue import PAGE, asleep, titled, waiting_count

WAITING = "is:waiting"
LONGEST = grammar.LONGEST
SORT = "sort"
# Values of "is" that say which status is meant: where none is asked, what became part of another is left out.
OF_A_STATUS = {*Status.values, "open", "waiting", "look"}
# What is not read off a column of the issue: it takes longer to find than to put in order.
COSTLY = {"artifact", "version", "source", "language", "found"}


@dataclass(frozen=True, slots=True)
class Chip:
    """One term as it is shown, with the search as it is without it. ``wrong`` says what was not understood."""

    text: str
    label: str
    words: str
    is_negated: bool
    without: str
    wrong: str = ""


@dataclass(frozen=True, slots=True)
class Query:
    """A search as it was understood. ``errors``: each word that was not, with a sentence that says what is allowed."""

    terms: tuple[Term, ...] = ()
    errors: tuple[tuple[str, str], ...] = ()

    @property
    def text(self) -> str:
        """The one way to write it; ``parse`` makes the same of it."""
        return grammar.write(self.terms)

    @property
    def chips(self) -> list[Chip]:
        wrong = dict(self.errors)
        return [
            Chip(
                text=str(term),
                label=str(label_of(term)),
                words="" if str(term) in wrong else words_of(term),
                is_negated=term.is_negated,
                without=grammar.write([*self.terms[:at], *self.terms[at + 1 :]]),
                wrong=wrong.get(str(term), ""),
            )
            for at, term in enumerate(self.terms)
        ]

    @property
    def words(self) -> tuple[Term, ...]:
        """What is looked for in titles and reports."""
        return tuple(term for term in self.terms if not term.name)

    @property
    def order(self) -> tuple[str, ...]:
        """The columns to sort by: the last that was asked for, else the most urgent first."""
        asked = [term for term in self.terms if term.name == SORT and not self.errors]
        if not asked:
            return questions.SORTS["priority"][1]
        columns = questions.SORTS[asked[-1].values[0]][1]
        return tuple(map(turned, columns)) if asked[-1].is_negated else columns

    def values(self, name: str) -> tuple[str, ...]:
        """What was asked of that word, not counting what is not wanted."""
        return tuple(value for term in self.terms if term.name == name and not term.is_negated for value in term.values)

    def having(self, name: str, *values: str) -> "Query":
        """The same search asking just these values of a word; none takes the word out, and leaves its negation."""
        kept = [term for term in self.terms if term.name != name or term.is_negated]
        return parse(grammar.write([*kept, Term(name, values)] if values else kept))


def parse(text: str) -> Query:
    """What a search asks. Never raises: what is not understood stands in ``errors``."""
    terms, errors = [], []
    read = [known_number(term) for term in grammar.read(text)]
    for term in read:
        told, wrong = checked(term, beside=read)
        terms.append(told)
        if wrong:
            errors.append((str(told), wrong))
    if len(grammar.clean(text)) < len(text.strip()) and len(text) > grammar.LONGEST:
        sentence = gettext("A search has %(most)d characters at most. The rest was left out, so nothing is shown.")
        errors.append(("", sentence % {"most": grammar.LONGEST}))
    return Query(tuple(terms), tuple(errors))


def found(query: Query, actor: Actor) -> IssueQuerySet:
    """The issues it asks for, of those the actor may see, in the order it asks for. None if it was not understood."""
    issues = Issue.objects.visible_to(actor)
    if query.errors:
        return issues.none()
    asked = [term for term in query.terms if term.name and term.name != SORT]
    for term in asked:
        meant = questions.rows(term.name, term.values, actor)
        issues = issues.filter(~meant if term.is_negated else meant)
    if query.words:
        issues = issues.filter(phrases.saying(query.words, actor))
    if not any(names_a_status(term) for term in asked):
        issues = issues.exclude(status=Status.MERGED)
    return issues.order_by(*query.order)


def count(query: Query, actor: Actor) -> int:
    """How many it finds."""
    return waiting_count() if is_all_that_waits(query, actor) else found(query, actor).count()


def sums(query: Query, actor: Actor) -> tuple[IssueQuerySet, IssueQuerySet]:
    """Issues to be counted, and issues to be taken off, which say how many it finds: each lies in an index."""
    if is_all_that_waits(query, actor):
        return Issue.objects.filter(waits=True), Issue.objects.filter(asleep(), waits=True)
    return found(query, actor), Issue.objects.none()


def is_all_that_waits(query: Query, actor: Actor) -> bool:
    """Then it is counted by its index."""
    return query.text == WAITING and actor.is_triager


class Found(Paginator):  # type: ignore[type-arg] # generic in the stubs only
    """The pages of a search. Counted without the titles and the order, which nobody needs for that."""

    def __init__(self, query: Query, actor: Actor) -> None:
        self.found = found(query, actor)  # once: it may have looked words up
        self.is_waiting = is_all_that_waits(query, actor)
        self.is_costly = bool(query.words) or any(term.name in COSTLY for term in query.terms)
        self.known: dict[int, list[int]] = {}  # by the number of the page
        super().__init__(self.found, PAGE)

    @cached_property
    def count(self) -> int:
        return waiting_count() if self.is_waiting else self.found.count()

    def get_page(self, number: float | str | None) -> "Page[Issue]":
        if self.is_costly:
            asked = re.fullmatch("[1-9][0-9]{0,6}", str(number))
            self.look_once(int(asked[0]) if asked else 1)
        return super().get_page(number)

    def look_once(self, number: int) -> None:
        """The page and how many there are from one statement, so that what takes long to find is not found twice."""
        total = self.found.annotate(total=Window(Count("*"))).values_list("pk", "total")
        rows = list(total[(number - 1) * PAGE : number * PAGE])
        if rows:  # beyond the last page the nearest is shown, which has to be counted first
            self.known[number], self.count = [pk for pk, _total in rows], rows[0][1]

    def page(self, number: int | str) -> "Page[Issue]":
        """Which issues stand on it comes first: PostgreSQL would work out the titles of all pages before it."""
        page = super().page(number)
        start = (page.number - 1) * PAGE
        known = self.known.get(page.number)
        unasked = self.found.values("pk")[start : start + PAGE]
        here = Issue.objects.filter(Q(pk__in=unasked) if known is None else Q(pk__in=known))
        page.object_list = titled(here.order_by(*self.found.query.order_by)).select_related("family")
        return page


def page(query: Query, actor: Actor, number: str | int | None = 1) -> "Page[Issue]":
    """One page of what it finds, for ``triage.queue.rows``; the nearest there is, whatever is asked."""
    return Found(query, actor).get_page(number)


def names_a_status(term: Term) -> bool:
    if term.is_negated:
        return False
    return term.name == "number" or (term.name == "is" and OF_A_STATUS.issuperset(term.values))


def turned(column: str) -> str:
    return column.removeprefix("-") if column.startswith("-") else f"-{column}"


# What a term means, or why it means nothing


def known_number(term: Term) -> Term:
    """A public number needs no word before it."""
    is_number = not term.name and not term.is_exact and questions.PUBLIC_NUMBER.fullmatch(term.values[0])
    return replace(term, name="number", values=(term.values[0].upper(),)) if is_number else term


def checked(term: Term, *, beside: Sequence[Term]) -> tuple[Term, str]:
    """The term as it is understood, and "" or the sentence that says what is wrong with it among the others."""
    if not term.name:
        return term, phrases.why_not(term, beside=[other for other in beside if not other.name])
    question = questions.QUESTIONS.get(term.name)
    if question is None:
        return term, unknown_word(term)
    if not term.values:
        sentence = gettext("“%(word)s:” needs something behind it: %(allowed)s.")
        return term, sentence % {"word": term.name, "allowed": question.allowed}
    if term.name == SORT and len(term.values) > 1:
        return term, gettext("One order at a time: %(allowed)s.") % {"allowed": question.allowed}
    values = tuple(dict.fromkeys(question.spelled(value) for value in term.values))
    strange = [value for value in values if not question.is_known(value)]
    return replace(term, values=values), unknown_value(term.name, strange[0]) if strange else ""


def unknown_word(term: Term) -> str:
    low = term.name.lower()
    known = list(questions.QUESTIONS)
    near = questions.ELSEWHERE.get(low) or next(iter(get_close_matches(low, known, n=1, cutoff=0.6)), "")
    if low in questions.STATES:
        near = f"is:{low}"
    named: dict[str, Any] = {"word": term.name, "near": near.rstrip(":") if ":" in near else f"{near}:"}
    if near:
        return gettext("“%(word)s:” cannot be asked. Did you mean “%(near)s”?") % named
    named["known"] = ", ".join(f"{name}:" for name in known)
    return gettext("“%(word)s:” cannot be asked. What can be: %(known)s. Put words to look for between quotes.") % named


def unknown_value(name: str, value: str) -> str:
    question = questions.QUESTIONS[name]
    bare = value.lower().lstrip("<>=")
    near = next(iter(get_close_matches(bare, question.offered, n=1, cutoff=0.6)), "")
    named = {"word": name, "value": value, "near": near, "allowed": question.allowed}
    if near:
        return gettext("“%(word)s:” knows no “%(value)s”. Did you mean “%(near)s”? It takes: %(allowed)s.") % named
    return gettext("“%(word)s:” knows no “%(value)s”. It takes: %(allowed)s.") % named


def label_of(term: Term) -> Any:
    question = questions.QUESTIONS.get(term.name)
    if not term.name:
        return _("Exact words") if term.is_exact else _("Word")
    return question.label if question else term.name


def words_of(term: Term) -> str:
    if not term.name:
        return term.values[0]
    question = questions.QUESTIONS[term.name]
    return gettext(" or ").join(question.words(value) for value in term.values)
