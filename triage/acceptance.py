"""How people here answered the engine, as shares that tell the public of no single report.

These count over all reports, also those that nobody else may see. So they leave the house as shares alone: rounded to
five points, of "at least so many" answers, from twenty answers on, and worked out once an hour, so that nobody can
watch a decision being made.
"""

from bisect import bisect_right
from dataclasses import dataclass

from django.core.cache import cache
from django.db.models import Count, Exists, OuterRef, Q

from reports.models import Placement
from reports.vocabulary import PlacedBy
from triage.models import Suggestion

LEAST = 20  # answers below which nothing is told
STEP = 5  # points
FLOORS = (LEAST, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000)
KEY = "triage.acceptance"
KEPT_S = 3600


@dataclass(frozen=True, slots=True)
class Share:
    """About so many in a hundred, of at least so many."""

    percent: int
    at_least: int


@dataclass(frozen=True, slots=True)
class Acceptance:
    """``likely`` and ``possible``: suggestions people took, of those they answered. ``moved``: reports that people
    moved elsewhere, of those the engine had put into issues that people have decided on. None: too few to tell."""

    likely: Share | None
    possible: Share | None
    moved: Share | None


def share(part: int, whole: int) -> Share | None:
    """
    >>> share(13, 21), share(19, 19), share(0, 730)
    (Share(percent=60, at_least=20), None, Share(percent=0, at_least=500))
    """
    if whole < LEAST:
        return None
    return Share(STEP * round(100 * part / whole / STEP), FLOORS[bisect_right(FLOORS, whole) - 1])


def acceptance() -> Acceptance:
    """As it stood within the last hour."""
    found: Acceptance | None = cache.get(KEY)
    if found is None:
        found = counted()
        cache.set(KEY, found, KEPT_S)
    return found


def counted() -> Acceptance:
    answered = Q(taken_at__isnull=False) | Q(refused_at__isnull=False)
    rows = Suggestion.objects.filter(answered).order_by().values("band")
    told = rows.annotate(taken=Count("pk", filter=Q(taken_at__isnull=False)), answered=Count("pk"))
    by_band = {row["band"]: share(row["taken"], row["answered"]) for row in told}
    return Acceptance(by_band.get(Suggestion.Band.LIKELY), by_band.get(Suggestion.Band.POSSIBLE), moved())


def moved() -> Share | None:
    """What the engine joined with others (alone a report has no score) and people then took elsewhere.

    Where a whole issue became part of another, its reports went along: none was taken from those it was put beside.
    """
    by_person = Placement.objects.filter(
        report=OuterRef("report"), by=PlacedBy.PERSON, placed_at__gte=OuterRef("placed_at")
    )
    along = by_person.filter(issue=OuterRef("issue__merged_into"), placed_at=OuterRef("superseded_at"))
    joined = Placement.objects.filter(by=PlacedBy.ENGINE, score__isnull=False).annotate(
        was_answered=Exists(by_person), went_along=Exists(along)
    )
    is_moved = Q(superseded_at__isnull=False, was_answered=True, went_along=False)
    stayed = Q(superseded_at=None, issue__touched_at__isnull=False) | Q(went_along=True)
    told = joined.aggregate(
        looked_at=Count("pk", filter=stayed | is_moved),
        moved=Count("pk", filter=is_moved),
    )
    return share(told["moved"], told["looked_at"])
