"""What the public can search, and searching it. Rows of :class:`~reports.models.PublicText` are written here alone.

A row holds the terms of what everybody may read of an issue: its title, its summary, and excerpts less what is
redacted. It is made anew in the transaction in which any of that changes, and goes when the issue is no longer public.
What is found is looked up through ``visible_to`` all the same.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import log1p

from django.contrib.postgres.fields import ArrayField
from django.db import connection, transaction
from django.db.models import BigIntegerField, BooleanField, Exists, F, Func, IntegerField, OuterRef, Q, Value
from django.db.models.functions import Lower

from accounts.policy import ANONYMOUS, Actor
from reports.models import Affected, Excerpt, Issue, PublicText
from reports.models.issue import IssueQuerySet
from reports.record import excerpts_by_issue
from reports.redaction import Quoted
from reports.text import terms

ANALYSER = 1  # of the terms; rows cut by another are made anew
TERMS_AT_MOST = 2_000  # of one issue, the title's first
AT_ONCE = 500  # rows made in one go: about a second
EVERY_PLACE = range(1, 10_000)  # excerpts that are blurred are public to whoever asks for them
ASKED_AT_MOST = 32  # terms of a search
WORDS_AT_MOST = 16  # of a search, that are looked up as names
AROUND_A_NAME = "\"'“”‘’«»()[]{},;:!?،؛؟。，、！？"
FOUND_AT_MOST = 500
IDS = ArrayField(BigIntegerField())
TITLED = 2.0  # times as much as elsewhere a term in the title counts
LEAST = 0.5  # of what the terms of a search weigh, which an issue has to hold

HOLDING = """
SELECT t.at - 1, count(*), array_agg(p.issue_id) FILTER (WHERE %(family)s::bigint IS NULL OR p.family_id = %(family)s)
FROM unnest(%(terms)s::text[]) WITH ORDINALITY AS t (term, at)
JOIN reports_publictext p ON p.words @> ARRAY[t.term]
GROUP BY 1
"""


def refresh(issue_ids: Iterable[int]) -> None:
    """Make the rows of these issues what they should be. Call it in the transaction that changes what is public.

    Rows of what is no longer public go at once, however many; of what has become public so many are made as a request
    has time for, and :func:`catch_up` makes the others.
    """
    wanted = set(issue_ids)
    if not wanted:
        return
    shown = list(Issue.objects.visible_to(ANONYMOUS).filter(pk__in=wanted).order_by("pk"))
    gone = wanted - {issue.pk for issue in shown}
    if gone:
        PublicText.objects.filter(issue__in=gone).delete()
    excerpts = excerpts_by_issue(shown[:AT_ONCE], ANONYMOUS, shown=EVERY_PLACE)
    made = [_made(issue, excerpts[issue.pk]) for issue in shown[:AT_ONCE]]
    if made:
        PublicText.objects.bulk_create(
            made,
            update_conflicts=True,
            unique_fields=["issue"],
            update_fields=["family", "title", "words", "analyser", "made_at"],
        )
    if left := [issue.pk for issue in shown[AT_ONCE:]]:
        PublicText.objects.filter(issue__in=left).delete()  # it may hold what is public no longer


def refresh_quoting(report_ids: Iterable[int]) -> None:
    """The same for the issues that quote these reports: for when one is withdrawn, erased, held or released."""
    quoting = Excerpt.objects.filter(report__in=list(report_ids), ended_at=None)
    refresh(quoting.values_list("issue", flat=True).distinct())


def catch_up(*, most: int = AT_ONCE) -> int:
    """What was made before there were rows, or missed; how many were made anew. Safe to repeat."""
    public = Issue.objects.visible_to(ANONYMOUS)
    PublicText.objects.exclude(issue__in=public).delete()
    free_since = Excerpt.objects.filter(
        issue=OuterRef("pk"), ended_at=None, report__embargo_lifted_at__gt=OuterRef("public_text__made_at")
    )
    behind = Q(public_text=None) | ~Q(public_text__analyser=ANALYSER) | Exists(free_since)
    waiting = list(public.filter(behind).order_by("pk").values_list("pk", flat=True)[:most])
    with transaction.atomic():
        locked = Issue.objects.select_for_update(of=["self"]).filter(pk__in=waiting).order_by("pk")
        refresh(issue.pk for issue in locked)
    return len(waiting)


def _made(issue: Issue, excerpts: Iterable[Quoted]) -> PublicText:
    title = list(dict.fromkeys(terms(issue.public_title)))
    words = dict.fromkeys(title)
    for text in _told(issue, excerpts):
        words.update(dict.fromkeys(terms(text)))
        if len(words) >= TERMS_AT_MOST:
            break
    return PublicText(
        issue=issue, family_id=issue.family_id, title=title, words=list(words)[:TERMS_AT_MOST], analyser=ANALYSER
    )


def _told(issue: Issue, excerpts: Iterable[Quoted]) -> Iterable[str]:
    """What everybody may read of the issue beside its title."""
    yield issue.public_summary
    for report in excerpts:
        for quote in report.quotes:
            yield quote.text
            yield from (text for _language, text in quote.translations)


# Searching


@dataclass(frozen=True, slots=True)
class Shelf:
    """Public texts to choose from: ``total`` of the site, ``size`` those of the family that was asked for.

    ``counts``: in how many of the site each term stands; ``holding``: in which of the family.
    """

    total: int
    size: int
    counts: Mapping[str, int]
    holding: Mapping[str, Sequence[int]]

    def rarity(self, term: str, *, beside: float = 0.0, share: float = 0.0) -> float:
        """How telling a term is, in ]0, 1]; one that stands nowhere is 1.

        ``beside``: so many other texts are thought to lie beside these, of which a ``share`` holds the term.
        """
        total = self.total + beside
        held = min(self.counts.get(term, 0) + share * beside, total)
        return log1p((total - held + 0.5) / (held + 0.5)) / log1p((total + 0.5) / 0.5)


def shelf_of(asked: Sequence[str], *, family_id: int | None = None) -> Shelf:
    """Where the terms stand, in the family or everywhere. Each term costs a look into the index, and what it finds."""
    with connection.cursor() as cursor:
        cursor.execute(HOLDING, {"terms": list(asked), "family": family_id})
        found = cursor.fetchall()
    total = PublicText.objects.count()
    return Shelf(
        total,
        total if family_id is None else PublicText.objects.filter(family=family_id).count(),
        {asked[at]: count for at, count, _issues in found},
        {asked[at]: issues for at, _count, issues in found if issues},
    )


def added_up(shelf: Shelf, weights: Mapping[str, float]) -> dict[int, float]:
    """Of each issue that holds any of the terms, the sum of what they weigh."""
    sums: dict[int, float] = defaultdict(float)
    for term, weight in weights.items():
        for issue_id in shelf.holding.get(term, ()):
            sums[issue_id] += weight
    return sums


def search(text: str, actor: Actor = ANONYMOUS, *, among: IssueQuerySet | None = None) -> IssueQuerySet:
    """Public issues that hold most of what the text asks for, those that hold the more telling words first.

    An issue holds the name of an artifact that it is about. ``among`` are those to choose from, which the actor sees;
    else all that they see. The actor decides what is shown, and never what is looked through: that is public for
    everybody. At most ``FOUND_AT_MOST``.
    """
    issues = Issue.objects.visible_to(actor) if among is None else among
    ranked = _ranked(list(dict.fromkeys(terms(text)))[:ASKED_AT_MOST], text, issues)
    place = Func(Value(ranked, output_field=IDS), F("pk"), function="array_position", output_field=IntegerField())
    return issues.filter(_one_of(ranked)).order_by(place)


def _ranked(asked: list[str], text: str, issues: IssueQuerySet) -> list[int]:
    """Keys of those that hold enough of the terms, the best first."""
    if not asked:
        return []
    shelf = _with_names(shelf_of(asked), asked, text)
    weights = {term: shelf.rarity(term) for term in asked}
    sums = added_up(shelf, weights)
    enough = LEAST * sum(weights.values())
    fit = [pk for pk, weight in sums.items() if weight >= enough]
    shown = set(issues.filter(_one_of(fit)).order_by().values_list("pk", flat=True))
    best = sorted(shown, key=lambda pk: (-sums[pk], -pk))[:FOUND_AT_MOST]
    scores = _with_titles({pk: sums[pk] for pk in best}, weights)
    return sorted(scores, key=lambda pk: (-scores[pk], -pk))


def _one_of(keys: Sequence[int]) -> Func:
    """Of rows: their key is one of these. One value of the statement, however many they are."""
    return Func(
        F("pk"),
        Value(list(keys), output_field=IDS),
        template="(%(expressions)s))",
        arg_joiner=" = ANY(",
        output_field=BooleanField(),
    )


def words_of(text: str) -> list[str]:
    """What stands between the spaces of a search, as a name may stand there."""
    bare = (word.strip(AROUND_A_NAME) for word in text.replace("\x00", "").split())
    return list(dict.fromkeys(word for word in bare if word))[:WORDS_AT_MOST]


def _with_names(shelf: Shelf, asked: Sequence[str], text: str) -> Shelf:
    """The same shelf, where an issue also holds the terms of an org or artifact it is about, if that was asked for.

    Who is named stands beside an issue and not in its text; people look for "chat-7b rent" all the same.
    """
    names = [Lower(Value(part)) for word in words_of(text) for part in {word, *word.split("/", 1)} if part]
    if not names:
        return shelf
    about = Affected.objects.visible_to(ANONYMOUS).alias(org=Lower("artifact__org"), name=Lower("artifact__name"))
    rows = about.filter(Q(org__in=names) | Q(name__in=names)).values_list("issue", "artifact__org", "artifact__name")
    held: dict[str, set[int]] = defaultdict(set)
    for issue_id, org, name in rows:
        for term in _terms_of_name(org, name).intersection(asked):
            held[term].add(issue_id)
    holding = {**shelf.holding, **{term: sorted(held[term].union(shelf.holding.get(term, ()))) for term in held}}
    counts = {**shelf.counts, **{term: max(shelf.counts.get(term, 0), len(holding[term])) for term in held}}
    return replace(shelf, holding=holding, counts=counts)


@lru_cache(maxsize=1_000)
def _terms_of_name(org: str, name: str) -> frozenset[str]:
    return frozenset(terms(f"{org} {name}"))


def _with_titles(sums: dict[int, float], weights: dict[str, float]) -> dict[int, float]:
    titles = PublicText.objects.filter(issue__in=sums).values_list("issue", "title")
    extra = {pk: sum(weights.get(term, 0.0) for term in title) for pk, title in titles}
    return {pk: weight + (TITLED - 1) * extra.get(pk, 0.0) for pk, weight in sums.items()}
