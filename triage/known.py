"""Public issues that look like what somebody is writing: the finder behind ``settings.KNOWN_ISSUES_FINDER``.

It reads what the public can search and nothing else: no report, no vector, no count of the engine's. So an issue that
is not public changes neither an answer nor its order, nor what it costs.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import exp, log, sqrt
from typing import Self

from django.conf import settings

from accounts.policy import ANONYMOUS
from reports.known import FEW, TEXT_AT_MOST, Asked, Found
from reports.models import Affected, Artifact, Issue, PublicText
from reports.naming import parse
from reports.published import Shelf, added_up, shelf_of
from reports.record import artifact_called
from reports.text import Token, mask, normalise, tokens
from triage.background import background
from triage.grouping.vector import hash_terms

CLOSE = 60  # that share most with the text, compared closely
COMMON = 500  # issues; a term that more hold brings none near, unless the rarer ones of the text bring few
TERMS_AT_MOST = 60  # of a text that are looked up; the summary's come first
WORDS_TOLD = 3
# A logistic model of whether a text is about an issue, by what they share (see ``like``). "size" is the logarithm of
# how many issues there are to choose from: one of few is likelier to be meant. Fitted to labelled streams of reports,
# each group's oldest standing for its issue, and measured on streams it was not fitted to: docs/quality.md.
INTERCEPT = -1.4
WEIGHTS = {"title": 4.9, "summary": 3.5, "both": 14.7, "size": -1.0}
FEWEST = 5  # issues; where there are fewer the next report is as likely to be of something new
LEAST = 0.25  # probability, as the model gives it, from which on an issue is shown

TINY = 1e-9  # in place of nothing, to divide by


@dataclass(frozen=True, slots=True)
class Text:
    """What somebody wrote, without the names of what it is about. ``tokens`` stand in ``normalised``."""

    normalised: str
    tokens: tuple[Token, ...]
    summary: frozenset[str]

    @property
    def terms(self) -> list[str]:
        return list(dict.fromkeys(token.term for token in self.tokens))[:TERMS_AT_MOST]

    def without(self, names: Collection[str]) -> "Text":
        """The same with further names blanked out."""
        return _read(mask(self.normalised, names), summary=self.summary) if names else self


@dataclass(frozen=True, slots=True)
class Row:
    """The terms of one public issue."""

    issue_id: int
    title: frozenset[str]
    words: frozenset[str]


@dataclass(frozen=True, slots=True)
class Rarities:
    """How telling each term is: among public issues, and in reports in general while there are few of them."""

    shelf: Shelf
    shares: Mapping[str, float]
    beside: float

    @classmethod
    def of(cls, shelf: Shelf, terms: Sequence[str]) -> Self:
        known = background()
        shares = known.term_shares_of(hash_terms(terms, settings.TERM_KEY)).tolist()
        return cls(shelf, dict(zip(terms, shares, strict=True)), known.weight(shelf.total))

    def of_term(self, term: str) -> float:
        """Terms that were not looked up count as rarest."""
        return self.shelf.rarity(term, beside=self.beside, share=self.shares.get(term, 0.0))


def known_issues(asked: Asked, *, limit: int = FEW) -> Sequence[Found]:
    """The likest public issues of the artifact's family; of all families if it is unknown or not listed."""
    artifact = artifact_called(asked.artifact, ANONYMOUS, kind=asked.artifact_kind)  # nobody's unconfirmed one
    text = text_of(asked, _names(asked, artifact))
    shelf = shelf_of(text.terms, family_id=(artifact.family_id or artifact.pk) if artifact else None)
    rarities = Rarities.of(shelf, text.terms)
    told = {term: rarities.of_term(term) for term in text.terms}
    rows = _nearest(shelf, told)
    if artifact is None and rows:
        text = text.without(_names_in([row.issue_id for row in rows]))
        told = {term: told[term] for term in text.terms}
    likeness = {row.issue_id: like(text, row, told, size=shelf.size) for row in rows}
    rows.sort(key=lambda row: (-likeness[row.issue_id], -row.issue_id))
    found = [row for row in rows[:limit] if likeness[row.issue_id] >= LEAST]
    return [Found(row.issue_id, shared(text, row, told), is_elsewhere=artifact is None) for row in found]


def like(text: Text, row: Row, told: Mapping[str, float], *, size: int) -> float:
    """How likely the text is about the issue, in [0, 1]. ``told``: each term of the text and how telling it is.

    By how much of the issue's title the text says, how much of the text's summary the issue says, and the cosine of
    both. A term of the issue alone counts as rarest: it was never looked up.
    """
    in_both = row.words & told.keys()
    if not in_both:
        return 0.0
    lengths = _sum_of_squares(row.words, told) * _sum_of_squares(told, told)
    features = {
        "title": _sum(row.title & in_both, told) / _sum(row.title, told),
        "summary": _sum(text.summary & in_both, told) / _sum(text.summary, told),
        "both": _sum_of_squares(in_both, told) / sqrt(lengths),
        "size": log(max(size, FEWEST)),
    }
    return 1 / (1 + exp(-INTERCEPT - sum(WEIGHTS[name] * value for name, value in features.items())))


def _sum(terms: Iterable[str], told: Mapping[str, float]) -> float:
    return sum(told.get(term, 1.0) for term in terms) or TINY


def _sum_of_squares(terms: Iterable[str], told: Mapping[str, float]) -> float:
    return sum(told.get(term, 1.0) ** 2 for term in terms) or TINY


def shared(text: Text, row: Row, told: Mapping[str, float]) -> tuple[str, ...]:
    """The passages of the text that the issue has too, the most telling first; terms that overlap are one passage."""
    found: list[tuple[int, int, tuple[str, ...]]] = []
    for token in text.tokens:
        if token.term not in row.words or token.term not in told:
            continue
        if found and token.start < found[-1][1]:
            start, _end, before = found.pop()
            found.append((start, token.end, (*before, token.term)))
        else:
            found.append((token.start, token.end, (token.term,)))
    passages: dict[tuple[str, ...], str] = {}
    for start, end, terms in found:
        passages.setdefault(terms, text.normalised[start:end])
    best = sorted(passages, key=lambda terms: -sum(told[term] for term in terms))
    return tuple(passages[terms] for terms in best[:WORDS_TOLD])


def text_of(asked: Asked, names: Collection[str]) -> Text:
    summary = mask(normalise(asked.summary[:TEXT_AT_MOST]), names)
    rest = "\n".join(mask(normalise(part[:TEXT_AT_MOST]), names) for part in (asked.what_happened, asked.transcript))
    head = _terms(summary) or _terms(rest[: len(asked.summary) or 120])
    return _read(f"{summary}\n{rest}", summary=frozenset(head))


def _read(normalised: str, *, summary: frozenset[str]) -> Text:
    found = tuple(token for token in tokens(normalised) if not token.is_stop)
    return Text(normalised, found, summary & {token.term for token in found})


def _terms(normalised: str) -> list[str]:
    return [token.term for token in tokens(normalised) if not token.is_stop]


def _nearest(shelf: Shelf, told: Mapping[str, float]) -> list[Row]:
    """Those that share most with the text and that everybody may see now."""
    rare = {term: weight for term, weight in told.items() if shelf.counts.get(term, 0) <= COMMON}
    sums = added_up(shelf, rare)
    if len(sums) < CLOSE:
        sums = added_up(shelf, told)
    least = sorted(sums.values())[-CLOSE:][:1]  # sorting bare numbers takes a tenth of the time
    near = sorted((pk for pk in sums if sums[pk] >= least[0]), key=lambda pk: (-sums[pk], -pk))[:CLOSE]
    public = Issue.objects.visible_to(ANONYMOUS).filter(pk__in=near)
    rows = PublicText.objects.filter(issue__in=public).values_list("issue", "title", "words")
    return [Row(pk, frozenset(title), frozenset(words)) for pk, title, words in rows]


def _names(asked: Asked, artifact: Artifact | None) -> list[str]:
    """What is to be blanked out, as the engine does with a report's own names: else they are all that two share."""
    values = [asked.artifact, *parse(asked.artifact), asked.version]
    if artifact is not None:
        values += [*_names_of(artifact), *artifact.aliases.values_list("name", flat=True)]
    return [value for value in dict.fromkeys(values) if value]


def _names_of(artifact: Artifact) -> list[str]:
    return [str(artifact), artifact.org, artifact.name, artifact.title, artifact.developer, artifact.deployer]


def _names_in(issue_ids: Sequence[int]) -> list[str]:
    """The public names of what these issues are about."""
    rows = Affected.objects.visible_to(ANONYMOUS).filter(issue__in=issue_ids).select_related("artifact")
    values = [value for row in rows for value in _names_of(row.artifact)]
    return [value for value in dict.fromkeys(values) if value]
