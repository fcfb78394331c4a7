"""Counts of an issue, recomputed from its active placements, never added up."""

from collections.abc import Iterable
from datetime import UTC, date
from math import inf
from time import monotonic
from typing import Any

from django.db import connection, transaction
from django.db.models import Q

from reports.models import Placement
from reports.vocabulary import Severity
from triage import priority
from triage.locks import lock_issues

# Held reports have no voice until they are released (DESIGN §3).
ISSUE_COUNTS = f"""
UPDATE reports_issue i
SET report_count = c.reports, voice_count = c.voices, first_reported_at = c.first, last_reported_at = c.last,
    severity = c.severity, context_of_use = c.context, harm_occurred = c.harm, priority = {priority.SQL}
FROM (
  SELECT n.id, n.opened_at AS opened, n.priority_override AS override,
         count(r.id) AS reports, count(DISTINCT r.voice_key) AS voices,
         min(r.reported_at) AS first, max(r.reported_at) AS last,
         CASE WHEN n.severity_by_person THEN n.severity ELSE coalesce((%(ascending)s::text[])[
           percentile_disc(0.5) WITHIN GROUP (ORDER BY array_position(%(ascending)s::text[], r.severity::text) DESC)
             FILTER (WHERE r.severity <> 'not_sure')], 'not_sure') END AS severity,
         coalesce(mode() WITHIN GROUP (ORDER BY r.context_of_use) FILTER (WHERE r.context_of_use <> ''), '') AS context,
         coalesce((%(harms)s::text[])[max(array_position(%(harms)s::text[], r.harm_occurred::text))], '') AS harm
  FROM reports_issue n
  LEFT JOIN reports_placement p ON p.issue_id = n.id AND p.superseded_at IS NULL
  LEFT JOIN reports_report r ON r.id = p.report_id AND r.held_at IS NULL
  WHERE n.id = ANY(%(issues)s::bigint[])
  GROUP BY n.id
) c
WHERE i.id = c.id
"""  # noqa: S608 -- of our own constants
# What is urgent, once more, for when weights changed. In the order in which locks are taken.
REPRIORITISE = f"""
WITH these AS (
  SELECT id FROM reports_issue WHERE id > %(after)s ORDER BY id LIMIT %(most)s FOR UPDATE
), c AS (
  SELECT i.id, i.severity, i.voice_count AS voices, i.context_of_use AS context, i.harm_occurred AS harm,
         i.opened_at AS opened, i.priority_override AS override
  FROM reports_issue i JOIN these USING (id)
), told AS (
  SELECT c.id, {priority.SQL} AS priority FROM c
), changed AS (
  UPDATE reports_issue i SET priority = told.priority FROM told
  WHERE i.id = told.id AND abs(i.priority - told.priority) > 1e-6 RETURNING i.id
)
SELECT (SELECT max(id) FROM these), (SELECT count(*) FROM changed)
"""  # noqa: S608 -- of our own constants
DROP_CELLS = """
DELETE FROM reports_dailycount WHERE issue_id = ANY(%(issues)s) AND (%(days)s::date[] IS NULL OR day = ANY(%(days)s))
"""
COUNT_CELLS = """
INSERT INTO reports_dailycount (issue_id, day, artifact_id, version_id, kind, context_of_use, language, channel,
                                report_count, voice_count)
SELECT p.issue_id, (r.reported_at AT TIME ZONE 'UTC')::date, r.artifact_id, r.version_id, r.kind, r.context_of_use,
       r.language, r.channel, count(*), count(DISTINCT r.voice_key)
FROM reports_placement p JOIN reports_report r ON r.id = p.report_id AND r.held_at IS NULL
WHERE p.issue_id = ANY(%(issues)s) AND p.superseded_at IS NULL
  AND (%(days)s::date[] IS NULL OR (r.reported_at AT TIME ZONE 'UTC')::date = ANY(%(days)s))
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
"""


def recount(issue_ids: Iterable[int], *, days: Iterable[date] | None = None) -> None:
    """Set what follows from the reports that stand in each issue: counts, voices, first and last, urgency, daily cells.

    ``days`` (UTC, of ``reported_at``) limits the daily cells to those that can have changed; None is all.
    Severity and context of use follow the reporters (upper median, commonest) until a person sets the severity.
    Call it in the transaction that moved the placements, with the issues locked.
    """
    with connection.cursor() as cursor:
        cursor.execute(*recounting(issue_ids, days=days))


def recount_around(report_id: int) -> None:
    """Count anew where the report and its copies stand, because its voice has changed, and theirs with it."""
    with transaction.atomic():
        placed = Placement.objects.active().filter(Q(report=report_id) | Q(report__copy_of=report_id))
        stands = list(placed.values_list("issue", "report__reported_at"))
        if stands:
            issues = {issue for issue, _moment in stands}
            lock_issues(issues)
            recount(issues, days={moment.astimezone(UTC).date() for _issue, moment in stands})


def recounting(issue_ids: Iterable[int], *, days: Iterable[date] | None = None) -> tuple[str, dict[str, Any]]:
    """What ``recount`` executes: the statements as one, and their parameters."""
    parameters = {
        "issues": sorted(set(issue_ids)),
        "days": None if days is None else sorted(set(days)),
        "ascending": list(Severity.values),
        **priority.PARAMETERS,
    }
    return ";".join((ISSUE_COUNTS, DROP_CELLS, COUNT_CELLS)), parameters


def reprioritise(*, after: int = 0, most: int = 500, until: float = inf) -> tuple[int, int | None]:
    """Write every issue's priority anew, ``most`` in a transaction. Safe to run at any time, and again.

    For when a weight changed: that of a context of use, or one of those in ``triage.priority``. Begins with the issue
    ``after`` that number, and stops at the moment ``until`` of the steady clock. Returns how many changed, and the last
    that was looked at if there may be more.
    """
    changed, last = 0, after
    while monotonic() < until:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(REPRIORITISE, {"after": last, "most": most, **priority.PARAMETERS})
            looked_at, written = cursor.fetchone()
        changed += written
        if looked_at is None:
            return changed, None
        last = looked_at
    return changed, last
