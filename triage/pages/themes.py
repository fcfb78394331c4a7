"""Themes to watch: what the engine holds to be kindred failures, the fastest growing first. For triagers alone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf.locale import LANG_INFO
from django.core.paginator import Paginator
from django.db.models import Count, Max, Min, Q, QuerySet, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import get_language_info
from django.views.decorators.http import require_safe

from accounts.actors import actor_of, needs
from accounts.policy import Act, Actor
from reports.models import Artifact, Issue, Placement
from reports.models.issue import IssueQuerySet
from triage.models import Theme, ThemeIssue
from triage.queue import SPARK_LEAST, SPARK_WEEKS, title_in_words, titled, weekly_voices
from triage.themes import LIVE

PAGE = 20  # cards
ISSUES_ON_CARD = 5
ISSUES_ON_PAGE = 50
NAMES = 6  # artifacts and languages named; more are counted
WORTH_A_LOOK = {"voices__gte": 3, "issues__gte": 2}  # one issue is watched in the queue
HEARD_OF_LATELY = {"month__gt": 0}
NAMED_ALSO = {"zh": ["zh-hans"]}  # Django has no name for Chinese as such
WEEK, MONTH = timedelta(days=7), timedelta(days=28)
OF_ISSUE = "issue__theme_place__theme"
HEARD = Q(report__held_at=None)
GROWING_FIRST = ("-week", "-month", "-voices", OF_ISSUE)


@dataclass(frozen=True, slots=True)
class Card:
    """A theme as it is shown. ``more`` are counts of what is not named."""

    theme_id: int
    title: str
    issues: Sequence[tuple[Issue, str]]
    more_issues: int
    voices: int
    week: int
    month: int
    families: int
    artifacts: Sequence[str]
    more_artifacts: int
    languages: Sequence[str]
    first: datetime
    last: datetime
    weeks: Sequence[int]

    @property
    def has_line(self) -> bool:
        return sum(self.weeks) >= SPARK_LEAST


@needs(Act.DECIDE)
@require_safe
def themes(request: HttpRequest) -> HttpResponse:
    """Cards of what grows; with ``?all=1`` also of what nobody has met for four weeks."""
    actor, now, is_all = actor_of(request), timezone.now(), bool(request.GET.get("all"))
    found = watched(actor, now=now)
    page = Paginator(found if is_all else found.filter(**HEARD_OF_LATELY), PAGE).get_page(request.GET.get("page"))
    context = {"cards": cards(page, actor, now=now), "page": page, "is_all": is_all}
    return render(request, "triage/themes.html", context)


@needs(Act.DECIDE)
@require_safe
def theme(request: HttpRequest, pk: int) -> HttpResponse:
    """One theme with all its issues. What became part of another leads there; where nobody is left is nothing."""
    found = get_object_or_404(Theme, pk=pk)
    if found.merged_into_id:
        return redirect("theme", found.merged_into_id, permanent=True)
    actor, now = actor_of(request), timezone.now()
    told = cards(counted(actor, now=now).filter(**{OF_ISSUE: pk}), actor, now=now)
    if not told:
        raise Http404
    issues = titled(members(actor).filter(theme_place__theme=pk)).select_related("family")
    page = Paginator(issues.order_by("-voice_count", "pk"), ISSUES_ON_PAGE).get_page(request.GET.get("page"))
    context = {"card": told[0], "page": page, "issues": [(issue, title_in_words(issue)) for issue in page]}
    return render(request, "triage/theme.html", context)


def members(actor: Actor) -> IssueQuerySet:
    """Issues that count in a theme, for whoever may see them."""
    return Issue.objects.visible_to(actor).filter(LIVE)


def counted(actor: Actor, *, now: datetime) -> "QuerySet[Placement, dict[str, Any]]":
    """A row a theme: its voices, each person once however many issues they speak in, and when they were heard."""
    placed = Placement.objects.active().visible_to(actor).filter(HEARD, issue__in=members(actor))
    voices = "report__voice_key"
    rows: QuerySet[Placement, dict[str, Any]] = (
        placed.exclude(**{OF_ISSUE: None})
        .values(OF_ISSUE)
        .annotate(
            voices=Count(voices, distinct=True),
            week=Count(voices, distinct=True, filter=Q(report__reported_at__gt=now - WEEK)),
            month=Count(voices, distinct=True, filter=Q(report__reported_at__gt=now - MONTH)),
            issues=Count("issue", distinct=True),
            families=Count("issue__family", distinct=True),
            first=Min("report__reported_at"),
            last=Max("report__reported_at"),
        )
    )
    return rows


def watched(actor: Actor, *, now: datetime) -> "QuerySet[Placement, dict[str, Any]]":
    """Themes of several issues in which several people speak, the most voices of the last seven days first."""
    company = ThemeIssue.objects.filter(issue__in=members(actor)).values("theme")
    company = company.annotate(issues=Count("issue"), voices=Sum("issue__voice_count"))  # whose voices may be the same
    worth = company.filter(**WORTH_A_LOOK).values("theme")
    found = counted(actor, now=now).filter(**{f"{OF_ISSUE}__in": worth})
    return found.filter(**WORTH_A_LOOK).order_by(*GROWING_FIRST)


def cards(rows: Iterable[dict[str, Any]], actor: Actor, *, now: datetime) -> list[Card]:
    """The cards of some themes, in their order, in four queries however many they are."""
    shown = list(rows)
    theme_ids = [row[OF_ISSUE] for row in shown]
    found = titled(members(actor).filter(theme_place__theme__in=theme_ids)).select_related("family", "theme_place")
    issues: dict[int, list[Issue]] = {}
    for issue in found.order_by("first_reported_at", "pk"):
        issues.setdefault(issue.theme_place.theme_id, []).append(issue)
    weeks = weekly_voices([issue.pk for group in issues.values() for issue in group], today=now)
    named = names(theme_ids, actor)
    return [card(row, issues[row[OF_ISSUE]], weeks, named) for row in shown]


def card(
    row: dict[str, Any], issues: Sequence[Issue], weeks: dict[int, list[int]], named: dict[int, list[tuple[str, str]]]
) -> Card:
    """``issues`` the oldest first: it heads the card."""
    loudest = sorted(issues, key=lambda issue: (-issue.voice_count, issue.pk))[:ISSUES_ON_CARD]
    artifacts = sorted({name for name, _ in named.get(row[OF_ISSUE], [])})
    spoken = sorted({in_words(code) for _, code in named.get(row[OF_ISSUE], []) if code})
    lines = [weeks.get(issue.pk, [0] * SPARK_WEEKS) for issue in issues]
    return Card(
        theme_id=row[OF_ISSUE],
        title=title_in_words(issues[0]),
        issues=[(issue, title_in_words(issue)) for issue in loudest],
        more_issues=len(issues) - len(loudest),
        voices=row["voices"],
        week=row["week"],
        month=row["month"],
        families=row["families"],
        artifacts=artifacts[:NAMES],
        more_artifacts=max(0, len(artifacts) - NAMES),
        languages=spoken,
        first=row["first"],
        last=row["last"],
        weeks=[sum(week) for week in zip(*lines, strict=True)],
    )


def names(theme_ids: Sequence[int], actor: Actor) -> dict[int, list[tuple[str, str]]]:
    """(artifact, language) of the reports of each theme, each pair once."""
    placed = Placement.objects.active().visible_to(actor).filter(HEARD, issue__in=members(actor))
    pairs = list(
        placed.filter(**{f"{OF_ISSUE}__in": theme_ids})
        .values_list(OF_ISSUE, "report__artifact", "report__language")
        .distinct()
    )
    artifacts = Artifact.objects.in_bulk({artifact for _, artifact, _ in pairs})
    told: dict[int, list[tuple[str, str]]] = {}
    for theme_id, artifact, language in pairs:
        told.setdefault(theme_id, []).append((str(artifacts[artifact]), language))
    return told


def in_words(code: str) -> str:
    """A language by its name, whatever its region, where Django knows one; else by its code.

    >>> in_words("tlh")
    'tlh'
    """
    stem = code.lower().partition("-")[0]
    known = next((each for each in (stem, *NAMED_ALSO.get(stem, ())) if "name" in LANG_INFO.get(each, {})), "")
    return str(get_language_info(known)["name_translated"]) if known else code
