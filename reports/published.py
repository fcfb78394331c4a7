"""What the public can search, and searching it. Rows of :class:`~reports.models.PublicText` are written here alone.

A row holds the terms of what everybody may read of an issue: its title, its summary, and excerpts less what is
redacted. It is made anew in the transaction in which any of that changes, and goes when the issue is no longer public.
What is found is looked up through ``visible_to`` all the same.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log1p

from django.db import connection, transaction
from django.db.models import Exists, F, Func, IntegerField, OuterRef, Q, Value
from django.utils import timezone

from accounts.policy import ANONYMOUS, Actor
from reports.models import Excerpt, Issue, PublicText
from reports.models.issue import IssueQuerySet
from reports.record import excerpts_of
from reports.text import terms

ANALYSER = 1  # of the terms; rows cut by another are made anew
TERMS_AT_MOST = 2_000  # of one issue, the title's first
AT_ONCE = 500  # rows made in one go: about a second
EVERY_PLACE = range(1, 10_000)  # excerpts that are blurred are public to whoever asks for them
ASKED_AT_MOST = 32  # terms of a search
FOUND_AT_MOST = 500
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
    made = [_made(issue) for issue in shown[:AT_ONCE]]
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
    """What changed by the clock alone, or was made before there were rows; how many were made anew. Safe to repeat."""
    public = Issue.objects.visible_to(ANONYMOUS)
    PublicText.objects.exclude(issue__in=public).delete()
    now = timezone.now()
    free_since = Excerpt.objects.filter(
        issue=OuterRef("pk"), ended_at=None, report__embargo_until__range=(OuterRef("public_text__made_at"), now)
    )
    behind = Q(public_text=None) | ~Q(public_text__analyser=ANALYSER) | Exists(free_since)
    waiting = list(public.filter(behind).order_by("pk").values_list("pk", flat=True)[:most])
    with transaction.atomic():
        locked = Issue.objects.select_for_update(of=["self"]).filter(pk__in=waiting).order_by("pk")
        refresh(issue.pk for issue in locked)
    return len(waiting)


def _made(issue: Issue) -> PublicText:
    title = list(dict.fromkeys(terms(issue.public_title)))
    words = dict.fromkeys(title)
    for text in _told(issue):
        words.update(dict.fromkeys(terms(text)))
        if len(words) >= TERMS_AT_MOST:
            break
    return PublicText(
        issue=issue, family_id=issue.family_id, title=title, words=list(words)[:TERMS_AT_MOST], analyser=ANALYSER
    )


def _told(issue: Issue) -> Iterable[str]:
    """What everybody may read of the issue beside its title."""
    yield issue.public_summary
    for report in excerpts_of(issue, ANONYMOUS, shown=EVERY_PLACE):
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


def search(text: str, actor: Actor = ANONYMOUS) -> IssueQuerySet:
    """Public issues that hold most of what the text asks for, those that hold the more telling words first.

    The actor decides what is shown, and never what is looked through: that is public for everybody.
    """
    asked = list(dict.fromkeys(terms(text)))[:ASKED_AT_MOST]
    shelf = shelf_of(asked)
    weights = {term: shelf.rarity(term) for term in asked}
    sums = added_up(shelf, weights)
    enough = LEAST * sum(weights.values())
    best = sorted((pk for pk, weight in sums.items() if weight >= enough), key=lambda pk: (-sums[pk], -pk))
    scores = _with_titles({pk: sums[pk] for pk in best[:FOUND_AT_MOST]}, weights)
    ranked = sorted(scores, key=lambda pk: (-scores[pk], -pk))
    place = Func(Value(ranked), F("pk"), function="array_position", output_field=IntegerField())
    return Issue.objects.visible_to(actor).filter(pk__in=ranked).order_by(place)


def _with_titles(sums: dict[int, float], weights: dict[str, float]) -> dict[int, float]:
    titles = PublicText.objects.filter(issue__in=sums).values_list("issue", "title")
    extra = {pk: sum(weights.get(term, 0.0) for term in title) for pk, title in titles}
    return {pk: weight + (TITLED - 1) * extra.get(pk, 0.0) for pk, weight in sums.items()}
