"""Counts of an issue, recomputed from its active placements, never added up."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db import connection

from reports.vocabulary import Severity

# Held reports have no voice until they are released (DESIGN §3).
ISSUE_COUNTS = """
UPDATE reports_issue i
SET report_count = c.reports, voice_count = c.voices, first_reported_at = c.first, last_reported_at = c.last,
    severity = CASE WHEN i.severity_by_person THEN i.severity
                    ELSE coalesce((%(severities)s::text[])[c.middle], 'not_sure') END,
    context_of_use = coalesce(c.context, '')
FROM (
  SELECT n.id, count(r.id) AS reports, count(DISTINCT r.voice_key) AS voices,
         min(r.reported_at) AS first, max(r.reported_at) AS last,
         percentile_disc(0.5) WITHIN GROUP (ORDER BY array_position(%(severities)s::text[], r.severity::text) DESC)
           FILTER (WHERE r.severity <> 'not_sure') AS middle,
         mode() WITHIN GROUP (ORDER BY r.context_of_use) FILTER (WHERE r.context_of_use <> '') AS context
  FROM unnest(%(issues)s::bigint[]) AS n(id)
  LEFT JOIN reports_placement p ON p.issue_id = n.id AND p.superseded_at IS NULL
  LEFT JOIN reports_report r ON r.id = p.report_id AND r.held_at IS NULL
  GROUP BY n.id
) c
WHERE i.id = c.id
"""
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
    """Set what follows from the reports that stand in each issue: counts, voices, first and last, daily cells.

    ``days`` (UTC, of ``reported_at``) limits the daily cells to those that can have changed; None is all.
    Severity and context of use follow the reporters (upper median, commonest) until a person sets the severity.
    Call it in the transaction that moved the placements, with the issues locked.
    """
    with connection.cursor() as cursor:
        cursor.execute(*recounting(issue_ids, days=days))


def recounting(issue_ids: Iterable[int], *, days: Iterable[date] | None = None) -> tuple[str, dict[str, Any]]:
    """What ``recount`` executes: the statements as one, and their parameters."""
    parameters = {
        "issues": sorted(set(issue_ids)),
        "days": None if days is None else sorted(set(days)),
        "severities": list(Severity.values),
    }
    return ";".join((ISSUE_COUNTS, DROP_CELLS, COUNT_CELLS)), parameters
