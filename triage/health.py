"""How the queue stands: what waits and how long, how fast people decide, what they take back. Reads only.

Figures of the past are of the last 28 days, today included, in UTC.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection
from django.db.models import Case, Count, DateTimeField, F, Q, When
from django.db.models.functions import Coalesce
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.policy import Actor
from reports.models import Issue, Notice
from reports.models.issue import IssueQuerySet
from reports.vocabulary import Status
from triage.claims import standing_claims
from triage.queue import asleep, titled

DAYS = 28
# Under how many days, and in words; the last band has no end.
BANDS: tuple[tuple[int | None, Promise], ...] = (
    (1, _("Less than a day")),
    (3, _("1 to 3 days")),
    (7, _("3 to 7 days")),
    (14, _("1 to 2 weeks")),
    (28, _("2 to 4 weeks")),
    (None, _("Longer than 4 weeks")),
)
# Of issues on which a person first decided lately, how long they had waited; what was undone was no decision.
FIRST_DECISIONS = """
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY waited),
       percentile_cont(0.9) WITHIN GROUP (ORDER BY waited), count(*)
FROM (
  SELECT greatest(min(d.decided_at) - i.opened_at, interval '0') AS waited
  FROM triage_decision d JOIN reports_issue i ON i.id = d.issue_id
  WHERE d.by = 'person' AND d.undoes_id IS NULL AND NOT EXISTS (SELECT FROM triage_decision u WHERE u.undoes_id = d.id)
  GROUP BY i.id HAVING min(d.decided_at) >= %(since)s
) firsts
"""
# A day's decisions by people, and how many of them were taken back, whenever that was.
DECIDED = """
SELECT (d.decided_at AT TIME ZONE 'UTC')::date, count(*), count(u.id)
FROM triage_decision d LEFT JOIN triage_decision u ON u.undoes_id = d.id
WHERE d.by = 'person' AND d.undoes_id IS NULL AND d.decided_at >= %(since)s
GROUP BY 1
"""


@dataclass(frozen=True, slots=True)
class Band:
    """Issues that have waited about so long; ``share`` of the fullest band, 0 to 1."""

    words: Promise
    count: int
    share: float


@dataclass(frozen=True, slots=True)
class Pace:
    """How long ``issues`` waited for their first decision: half no longer than the median, nine in ten than p90."""

    median: timedelta | None
    p90: timedelta | None
    issues: int


@dataclass(frozen=True, slots=True)
class Day:
    on: date
    count: int
    undone: int


@dataclass(frozen=True, slots=True)
class Health:
    """``oldest`` comes from ``titled()`` and has ``waits_since``; ``unsent`` are notices that are due."""

    waiting: int
    bands: Sequence[Band]
    oldest: Issue | None
    snoozed: int
    disputed: int
    claimed: int
    unsent: int
    pace: Pace
    days: Sequence[Day]

    @property
    def decided(self) -> int:
        return sum(day.count for day in self.days)

    @property
    def undone(self) -> int:
        return sum(day.undone for day in self.days)

    @property
    def undo_share(self) -> float | None:
        """Of the decisions of these days, 0 to 1; None where nobody decided."""
        return self.undone / self.decided if self.decided else None


def health_of(actor: Actor, *, now: datetime) -> Health:
    """The queue as it stands for whoever may see it, in as many queries however much waits."""
    since = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=DAYS - 1)
    seen = Issue.objects.visible_to(actor)
    waiting = waiting_since(seen)
    bands = ages(waiting, now=now)
    standing = seen.exclude(status=Status.MERGED)
    return Health(
        waiting=sum(band.count for band in bands),
        bands=bands,
        oldest=titled(waiting).select_related("family").order_by(F("waits_since"), "pk").first(),
        snoozed=standing.filter(asleep()).count(),
        disputed=standing.filter(is_disputed=True).count(),
        claimed=standing_claims(now).filter(issue__in=seen).count(),
        unsent=Notice.objects.filter(sent_at=None, due_at__lte=now).count(),
        pace=pace(since),
        days=days(since, now.date()),
    )


def waiting_since(issues: IssueQuerySet) -> IssueQuerySet:
    """What waits for a person now and is not put off, each with ``waits_since``."""
    came_back = Coalesce(F("last_reported_at"), F("opened_at"))
    since = Case(
        When(status=Status.NEW, then=F("opened_at")),
        When(status=Status.RESOLVED, then=came_back),
        default=F("changed_at"),
        output_field=DateTimeField(),
    )
    return issues.filter(waits=True).exclude(asleep()).annotate(waits_since=since)


def ages(waiting: IssueQuerySet, *, now: datetime) -> list[Band]:
    counted: dict[str, Count] = {}
    youngest: datetime | None = None
    for at, (limit, _words) in enumerate(BANDS):
        oldest = now - timedelta(days=limit) if limit else None
        band = Q(waits_since__gt=oldest) if oldest else Q()
        if youngest is not None:
            band &= Q(waits_since__lte=youngest)
        counted[f"band{at}"] = Count("pk", filter=band)
        youngest = oldest
    found = waiting.order_by().aggregate(**counted)
    fullest = max(found.values()) or 1
    return [Band(words, found[f"band{at}"], found[f"band{at}"] / fullest) for at, (_limit, words) in enumerate(BANDS)]


def pace(since: datetime) -> Pace:
    with connection.cursor() as cursor:
        cursor.execute(FIRST_DECISIONS, {"since": since})
        return Pace(*cursor.fetchone())


def days(since: datetime, today: date) -> list[Day]:
    """Every day from ``since`` on, also those on which nobody decided; the oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(DECIDED, {"since": since})
        counted = {on: (count, undone) for on, count, undone in cursor.fetchall()}
    first = since.date()
    every = [first + timedelta(days=at) for at in range((today - first).days + 1)]
    return [Day(on, *counted.get(on, (0, 0))) for on in every]
