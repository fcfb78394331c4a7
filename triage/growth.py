"""Issues that grow so fast that a person should look: an attack, a wave, or a method that lumps what is not one.

Joins go on and count meanwhile. Only those since a person last decided on the issue count here, so a look settles it.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone

from accounts.policy import ENGINE
from ledger.models import Event
from ledger.record import events_about, record
from reports.models import Issue, Placement
from reports.vocabulary import PlacedBy, Status
from triage.locks import lock_issues
from triage.models import Decision

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MOST_AN_HOUR = 30  # joins
MOST_OF_A_DAY = 0.08  # of the reports that came in, if there were LEAST_A_DAY
LEAST_A_DAY = 200
VERB = "growth"

# Asked at every sweep, so from the index of placements alone: 36 ms where 40,000 came in a day. Nearly always nobody.
BUSY = """
WITH lately AS (
  SELECT issue_id, count(*) AS placed, count(*) FILTER (WHERE by = 'engine') AS day,
         count(*) FILTER (WHERE by = 'engine' AND placed_at > %(hour)s) AS hour
  FROM reports_placement WHERE placed_at > %(day)s GROUP BY issue_id
), intake AS (
  SELECT sum(placed)::int AS reports FROM lately
)
SELECT l.issue_id, n.reports FROM lately l CROSS JOIN intake n
JOIN reports_issue i ON i.id = l.issue_id AND i.growth_flagged_at IS NULL AND i.status = ANY(%(open)s)
WHERE l.hour > %(most)s OR (n.reports >= %(enough)s AND l.day > %(share)s * n.reports)
ORDER BY l.issue_id
"""
# One of those, closely: without the report that opened the issue, and without those moved from elsewhere.
JOINS = """
SELECT count(*) FILTER (WHERE p.placed_at > %(hour)s), count(*)
FROM reports_placement p
JOIN reports_report r ON r.id = p.report_id AND r.grouped_at >= p.placed_at
WHERE p.issue_id = %(issue)s AND p.placed_at > %(since)s AND p.by = 'engine' AND p.superseded_at IS NULL
  AND p.id <> (SELECT o.id FROM reports_placement o WHERE o.issue_id = %(issue)s ORDER BY o.placed_at, o.id LIMIT 1)
"""
GROWS = (Status.NEW, Status.CONFIRMED, Status.RESOLVED)


def flag_growth(now: datetime | None = None) -> int:
    """Flag what grows too fast, each once, with an event. Returns how many. Safe to run as often as one likes."""
    found = growing(now or timezone.now())
    if not found:
        return 0
    with transaction.atomic():
        locked = lock_issues(found)
        flagged = [issue for issue in locked.values() if issue.growth_flagged_at is None and issue.status in GROWS]
        for issue in flagged:
            hour, day, intake = found[issue.pk]
            event = record(VERB, issue, actor=ENGINE.pseudonym, joins_an_hour=hour, joins_a_day=day, intake=intake)
            Issue.objects.filter(pk=issue.pk).update(growth_flagged_at=event.at)
    return len(flagged)


def growing(now: datetime) -> dict[int, tuple[int, int, int]]:
    """Issues not flagged that should be: their joins within an hour and a day, and the site's reports in that day."""
    limits: dict[str, Any] = {"most": MOST_AN_HOUR, "enough": LEAST_A_DAY, "share": MOST_OF_A_DAY, "open": list(GROWS)}
    found = {}
    with connection.cursor() as cursor:
        cursor.execute(BUSY, {"hour": now - HOUR, "day": now - DAY, **limits})
        for issue_id, intake in cursor.fetchall():
            since = max(now - DAY, last_looked_at(issue_id) or now - DAY)
            cursor.execute(JOINS, {"hour": now - HOUR, "since": since, "issue": issue_id})
            hour, day = cursor.fetchone()
            if hour > MOST_AN_HOUR or (intake >= LEAST_A_DAY and day > MOST_OF_A_DAY * intake):
                found[issue_id] = (hour, day, intake)
    return found


def flagged_at(issue_id: int) -> datetime | None:
    """When it was flagged, if nobody has decided on it since; told from the log, so that an undo puts it back."""
    flagged = events_about(Issue(pk=issue_id), verbs=[VERB]).aggregate(last=Max("at"))["last"]
    looked = last_looked_at(issue_id) if flagged else None
    return flagged if looked is None or (flagged and flagged > looked) else None


def last_looked_at(issue_id: int) -> datetime | None:
    """The last decision by a person that stands on the issue, or placed a report into it."""
    decided = Decision.objects.filter(issue=issue_id, by=PlacedBy.PERSON, undoes=None, undone_by=None)
    placed = Placement.objects.active().filter(issue=issue_id, by=PlacedBy.PERSON)
    moments = (
        decided.aggregate(last=Max("decided_at"))["last"],
        placed.aggregate(last=Max("placed_at"))["last"],
    )
    return max((moment for moment in moments if moment is not None), default=None)


def last_flag(issue: Issue) -> Event | None:
    """The event that tells how fast the issue grew when it was last flagged: joins_an_hour, joins_a_day, intake."""
    return events_about(issue, verbs=[VERB]).order_by("-at", "-pk").first()
