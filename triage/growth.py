"""Issues that grow so fast that a person should look: an attack, a wave, or a method that lumps what is not one.

Joins go on and count meanwhile. Only those since a person last decided on the issue count here, so a look settles it.
"""

from datetime import datetime, timedelta

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

# The index of placements alone narrows it down to a few issues; those are counted closely: without the report that
# opened the issue, without moves of reports that stood elsewhere before, and since a person last decided.
GROWING = """
WITH lately AS (
  SELECT issue_id, count(*) AS placed, count(*) FILTER (WHERE by = 'engine') AS day,
         count(*) FILTER (WHERE by = 'engine' AND placed_at > %(hour)s) AS hour
  FROM reports_placement WHERE placed_at > %(day)s GROUP BY issue_id
), intake AS (
  SELECT sum(placed) AS reports FROM lately
), busy AS (
  SELECT l.issue_id FROM lately l CROSS JOIN intake n
  JOIN reports_issue i ON i.id = l.issue_id AND i.growth_flagged_at IS NULL AND i.status = ANY(%(open)s)
  WHERE l.hour > %(most)s OR (n.reports >= %(enough)s AND l.day > %(share)s * n.reports)
), looked AS (
  SELECT b.issue_id, greatest(
    (SELECT max(d.decided_at) FROM triage_decision d WHERE d.issue_id = b.issue_id AND d.by = 'person'
       AND d.undoes_id IS NULL AND NOT EXISTS (SELECT FROM triage_decision u WHERE u.undoes_id = d.id)),
    (SELECT max(p.placed_at) FROM reports_placement p
       WHERE p.issue_id = b.issue_id AND p.by = 'person' AND p.superseded_at IS NULL),
    %(day)s) AS at
  FROM busy b
), counted AS (
  SELECT p.issue_id, count(*) AS day, count(*) FILTER (WHERE p.placed_at > %(hour)s) AS hour
  FROM looked l
  JOIN reports_placement p ON p.issue_id = l.issue_id AND p.placed_at > l.at AND p.by = 'engine'
    AND p.superseded_at IS NULL
  JOIN reports_report r ON r.id = p.report_id AND r.grouped_at >= p.placed_at  -- else it was moved
  WHERE EXISTS (
    SELECT FROM reports_placement o WHERE o.issue_id = p.issue_id AND (o.placed_at, o.id) < (p.placed_at, p.id))
  GROUP BY p.issue_id
)
SELECT c.issue_id, c.hour, c.day, n.reports::int
FROM counted c CROSS JOIN intake n
WHERE c.hour > %(most)s OR (n.reports >= %(enough)s AND c.day > %(share)s * n.reports)
ORDER BY c.issue_id
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
    with connection.cursor() as cursor:
        cursor.execute(
            GROWING,
            {
                "hour": now - HOUR,
                "day": now - DAY,
                "most": MOST_AN_HOUR,
                "enough": LEAST_A_DAY,
                "share": MOST_OF_A_DAY,
                "open": list(GROWS),
            },
        )
        return {issue_id: (hour, day, intake) for issue_id, hour, day, intake in cursor.fetchall()}


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
