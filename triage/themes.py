"""Themes: issues that tell of kindred failures, across families and languages: to look at, never to place by.

Rows are the queue: an issue waits until it has a ``theme_place``, if only in a theme of its own. The themes of a site
are changed by one at a time. Of two themes that meet the older stays, and whoever knew the younger is led to it.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple, Self

import numpy as np
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, Max, OuterRef, Q
from django.utils import timezone
from numpy.typing import NDArray

from reports.models import Issue, Placement
from reports.models.issue import IssueQuerySet
from reports.vocabulary import Status
from triage import embeddings, index
from triage.background import background
from triage.grouping.linkage import METHOD, Groups, Points, centred, merges, moves, nearest
from triage.grouping.postings import Bags
from triage.grouping.rarity import Rarity
from triage.grouping.vector import ANALYSER, Vector
from triage.locks import lock_themes
from triage.models import EmbeddingSpace, TermVector, Theme, ThemeIssue

LIVE = Q(status__in=[Status.NEW, Status.CONFIRMED, Status.RESOLVED])  # a dismissed issue speaks for nothing
NEWEST = 10_000  # issues among which the sweep looks for those that wait; the nightly pass looks among all
SPOKEN_FOR = 3  # first reports of an issue, which stand for it
SAMPLE = 50  # members of a theme, which stand for it: always the same ones
NEARBY = 8  # themes that are measured exactly, for an issue or for a theme that changed
ASKED = 3  # members of a theme whose neighbours are looked up
BY_MEANING = 100  # neighbours asked of the embedder beside the index's 300
CENTRE_OF = 1_000  # newest reports whose meanings tell what all reports of the site have in common
CENTRE_EVERY = 100  # reports after which that is looked at again
ASKER = 0  # stands for the theme that an issue has not got yet; themes count from 1

ONE_ISSUE = """
SELECT m.theme_id, m.issue_id, v.report_id, v.terms
FROM (SELECT %(asker)s::bigint AS theme_id, %(issue)s::bigint AS issue_id) m
"""
# Multiplied by a large odd number and cut, ids come in an order that means nothing and is the same every time.
SOME_OF_THEMES = """
SELECT m.theme_id, m.issue_id, v.report_id, v.terms
FROM unnest(%(themes)s::bigint[]) AS t(id) CROSS JOIN LATERAL (
  SELECT ti.theme_id, ti.issue_id FROM triage_themeissue ti
  JOIN reports_issue i ON i.id = ti.issue_id AND i.status NOT IN ('merged', 'dismissed')
  WHERE ti.theme_id = t.id
  ORDER BY (ti.issue_id * 2654435761) & 4294967295, ti.issue_id LIMIT %(sample)s
) m
"""
FIRST_REPORTS = """
CROSS JOIN LATERAL (
  SELECT v.report_id, v.terms FROM reports_placement p
  JOIN triage_termvector v ON v.report_id = p.report_id AND v.analyser = %(analyser)s
  WHERE p.issue_id = m.issue_id AND p.superseded_at IS NULL
  ORDER BY p.report_id LIMIT %(first)s
) v
ORDER BY m.theme_id, m.issue_id, v.report_id
"""
MET = """
WITH met AS (
  SELECT ti.theme_id, v.report_id, v.terms
  FROM triage_termvector v
  JOIN reports_placement p ON p.report_id = v.report_id AND p.superseded_at IS NULL
  JOIN reports_issue i ON i.id = p.issue_id AND i.status NOT IN ('merged', 'dismissed')
  JOIN triage_themeissue ti ON ti.issue_id = p.issue_id AND ti.theme_id <> %(except)s
  WHERE v.report_id = ANY(%(reports)s) AND v.analyser = %(analyser)s
)
SELECT m.theme_id, m.report_id, m.terms, s.size
FROM met m JOIN (
  SELECT theme_id, count(*) AS size FROM triage_themeissue
  WHERE theme_id IN (SELECT theme_id FROM met) GROUP BY theme_id
) s USING (theme_id)
ORDER BY m.theme_id, m.report_id
"""


class Said(NamedTuple):
    """A report that stands for ``point``, an issue or itself, within a theme: its packed terms."""

    theme: int
    point: int
    report: int
    terms: bytes


@dataclass(frozen=True, slots=True, eq=False)
class Crowd:
    """Themes and their members as numbers: themes ascending, which is by age, and members within them.

    ``homes[i]`` is the place in ``themes`` of the theme of member ``members[i]``, which is point i.
    """

    themes: list[int]
    members: list[int]
    homes: NDArray[np.intp]
    points: Points
    groups: Groups

    @classmethod
    def of(cls, said: Sequence[Said], rarity: Rarity) -> Self:
        """``said`` in ascending order of themes and points."""
        themes = list(dict.fromkeys(each.theme for each in said))
        members = list(dict.fromkeys((each.theme, each.point) for each in said))
        numbers = {member: number for number, member in enumerate(members)}
        issues = np.array([numbers[each.theme, each.point] for each in said], dtype=np.intp)
        bags = Bags.unpack([each.terms for each in said])
        points = Points.of(bags, rarity.of(bags.terms), issues, meanings_of([each.report for each in said]))
        homes = np.searchsorted(themes, [theme for theme, _ in members])
        return cls(themes, [member for _, member in members], homes, points, Groups.of(points, homes, len(themes)))

    def apart(self, theme: int) -> Groups:
        """The members of one theme, each by itself."""
        return Groups.each(self.points.only(np.flatnonzero(self.homes == self.themes.index(theme))))


def waiting_issues() -> IssueQuerySet:
    """Issues without a theme that have something to be compared by."""
    readable = Placement.objects.active().filter(issue=OuterRef("pk"), report__term_vector__analyser=ANALYSER)
    return Issue.objects.filter(LIVE, Exists(readable), theme_place=None)


def place_waiting(*, most: int, everywhere: bool = False) -> int:
    """Give the issues that wait a theme each, the oldest first, at most so many. Returns how many got one.

    Looks among the newest of the site unless told to look ``everywhere``.
    """
    found = waiting_issues().order_by("pk")
    if not everywhere:
        newest = Issue.objects.aggregate(newest=Max("pk"))["newest"] or 0
        found = found.filter(pk__gt=newest - NEWEST)
    return sum(place(issue_id) for issue_id in list(found.values_list("pk", flat=True)[:most]))


@transaction.atomic
def place(issue_id: int) -> bool:
    """Put an issue into the theme it is most like on average, or into one of its own. False if it has a theme."""
    lock_themes()
    if ThemeIssue.objects.filter(issue=issue_id).exists():
        return False
    theme_id, score = likest(issue_id) or (Theme.objects.create().pk, 0.0)
    ThemeIssue.objects.create(theme_id=theme_id, issue_id=issue_id, score=min(score, 1.0), method=METHOD)
    return True


def likest(issue_id: int) -> tuple[int, float] | None:
    """(theme, mean likeness) of the theme that an issue belongs to by its first reports, if there is one."""
    asker = said(ONE_ISSUE, asker=ASKER, issue=issue_id)
    rarity = rarity_by(index.rarities())
    near = {theme for report in asker for theme in themes_near(report)}
    if not near:
        return None
    crowd = Crowd.of([*asker, *said_in(near)], rarity)
    means = crowd.groups.means(crowd.apart(ASKER))[0]
    means[0] = -np.inf  # the asker's own
    best = nearest(means, crowd.points.levels.join)
    return None if best is None else (crowd.themes[best], float(means[best]))


def changed_themes(*, since: datetime, after: int = 0, most: int | None = None) -> list[int]:
    """Themes that an issue has come to since then, in ascending order from the one ``after`` on."""
    changed = ThemeIssue.objects.filter(joined_at__gte=since, theme_id__gt=after)
    return list(changed.order_by("theme_id").values_list("theme_id", flat=True).distinct()[:most])


@transaction.atomic
def link(theme_ids: Collection[int]) -> None:
    """The merge pass over themes that changed: kindred ones become one, and members go where they are more at home.

    Compares those themes with one another and with the ones near them, so give it a hundred at a time.
    """
    lock_themes()
    ThemeIssue.objects.filter(issue__status=Status.MERGED).delete()  # what they became part of has a theme itself
    told = said_in(theme_ids)
    if not told:
        return
    changed = {report.theme for report in told}
    rarity = rarity_by(index.rarities())
    near = changed.union(*(themes_near(report) for report in askers(told)))
    crowd = Crowd.of(said_in(near), rarity)
    homes = {theme: theme for theme in crowd.themes}
    for stays, goes in merges(crowd.groups.sums(crowd.groups), crowd.groups.sizes, crowd.points.levels.merge):
        older, younger = crowd.themes[stays], crowd.themes[goes]
        merge(younger, older)
        homes = {theme: older if home == younger else home for theme, home in homes.items()}
    rehome({homes[theme] for theme in changed}, set(homes.values()), rarity)


def merge(younger: int, older: int) -> None:
    """Make two themes one: whatever leads to the younger, leads to the older from now on."""
    ThemeIssue.objects.filter(theme=younger).update(theme=older, joined_at=timezone.now())
    Theme.objects.filter(Q(pk=younger) | Q(merged_into=younger)).update(merged_into=older)


def rehome(changed: set[int], near: set[int], rarity: Rarity) -> None:
    """Members of changed themes go to another one that is near if they are more like that than like their own."""
    crowd = Crowd.of(said_in(near), rarity)
    asked = np.flatnonzero(np.isin(np.array(crowd.themes, dtype=np.int64)[crowd.homes], list(changed)))
    each = Groups.each(crowd.points.only(asked))
    sums, own = crowd.groups.sums(each), crowd.homes[asked]
    sums[np.arange(len(own)), own] -= each.selves()
    for number, home in moves(sums, own, crowd.groups.sizes, crowd.points.levels.move):
        moved = ThemeIssue.objects.filter(issue_id=crowd.members[asked[number]])
        moved.update(theme_id=crowd.themes[home], joined_at=timezone.now(), method=METHOD)


def askers(told: Iterable[Said]) -> list[Said]:
    """The first report of the first few members of each theme."""
    first: dict[int, dict[int, Said]] = {}
    for each in told:
        members = first.setdefault(each.theme, {})
        if len(members) < ASKED:
            members.setdefault(each.point, each)
    return [each for members in first.values() for each in members.values()]


def themes_near(asker: Said) -> list[int]:
    """The themes whose members a report meets most strongly for the size of the theme, by words and by meaning."""
    found = index.candidates(Vector.from_bytes(asker.terms), report_id=asker.report, family_id=None)
    reports = {*found.report_ids, *neighbours_by_meaning(asker.report)}
    met = rows(MET, **{"reports": list(reports), "analyser": ANALYSER, "except": asker.theme})
    if not met:
        return []
    told = [Said(theme, report, report, terms) for theme, report, terms, _ in met]
    crowd = Crowd.of([asker._replace(theme=ASKER), *told], rarity_by(found.rarities))
    sizes = {ASKER: 1} | {theme: size for theme, _, _, size in met}
    strength = crowd.groups.sums(crowd.apart(ASKER))[0] / [sizes[theme] for theme in crowd.themes]
    ranked = sorted(zip((-strength[1:]).tolist(), crowd.themes[1:], strict=True))
    return [theme for _, theme in ranked[:NEARBY]]


def rarity_by(counts: index.Rarities) -> Rarity:
    """How telling terms are; on a young site by what reports say in general."""
    return Rarity(counts, background())


def neighbours_by_meaning(report_id: int) -> list[int]:
    """The reports of the site that mean most nearly the same, as far as an embedder has read them."""
    found = embeddings.vectors_of([report_id]).get(report_id) if settings.EMBEDDER else None
    return [] if found is None else embeddings.neighbours(found, family_id=None, exclude=report_id, most=BY_MEANING)


def meanings_of(report_ids: Sequence[int]) -> NDArray[np.float64] | None:
    """What each report means beyond what the site's reports have in common; None without an embedder."""
    found = embeddings.vectors_of(report_ids) if settings.EMBEDDER else {}
    if not found:
        return None
    nothing = np.zeros(len(next(iter(found.values()))))
    total, count = centre()
    return centred(np.array([found.get(report, nothing) for report in report_ids], dtype=np.float64), total, count)


def centre() -> tuple[NDArray[np.float64], int]:
    """(sum, count) of the newest reports' meanings, looked at again each hundred reports."""
    newest = TermVector.objects.aggregate(newest=Max("report_id"))["newest"] or 0
    return _centre(connection.settings_dict["NAME"], embeddings.ready_space(), newest - newest % CENTRE_EVERY)


@lru_cache(maxsize=2)
def _centre(database: str, space: EmbeddingSpace | None, newest: int) -> tuple[NDArray[np.float64], int]:
    """``database`` and ``space`` only tell one answer from another."""
    known = TermVector.objects.filter(report_id__lte=newest).order_by("-report_id")
    found = embeddings.vectors_of(list(known.values_list("report_id", flat=True)[:CENTRE_OF]))
    vectors = [found[report] for report in sorted(found)]
    return (np.sum(vectors, axis=0, dtype=np.float64), len(vectors)) if vectors else (np.zeros(1), 0)


def said_in(theme_ids: Iterable[int]) -> list[Said]:
    """What stands for each theme, ascending; themes in which nobody is left are left out."""
    return said(SOME_OF_THEMES, themes=sorted(theme_ids), sample=SAMPLE)


def said(of_whom: str, **values: Any) -> list[Said]:
    return [Said(*row) for row in rows(of_whom + FIRST_REPORTS, **values, analyser=ANALYSER, first=SPOKEN_FOR)]


def rows(statement: str, **values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found
