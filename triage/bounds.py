"""What people have said of a report, as it binds the engine; and where an issue is to be found that was merged."""

from django.db import connection

from reports.models import Report
from triage.grouping.outcome import Bounds
from triage.models import Constraint

HOME = """
WITH RECURSIVE home (id, merged_into_id) AS (
    SELECT id, merged_into_id FROM reports_issue WHERE id = %s
    UNION SELECT i.id, i.merged_into_id FROM home h JOIN reports_issue i ON i.id = h.merged_into_id
)
SELECT id FROM home WHERE merged_into_id IS NULL
"""
# Of constraints that stand, each with the issue of the other report; of refused suggestions the issue itself.
SAID = """
WITH RECURSIVE said (says, made_at, issue_id) AS (
    SELECT c.says, c.made_at, p.issue_id FROM triage_constraint c
    JOIN reports_placement p ON p.superseded_at IS NULL
        AND p.report_id = CASE c.report_id WHEN %(report)s THEN c.other_id ELSE c.report_id END
    WHERE (c.report_id = %(report)s OR c.other_id = %(report)s) AND c.ended_at IS NULL
    UNION ALL
    SELECT %(not_same)s, refused_at, issue_id FROM triage_suggestion
    WHERE report_id = %(report)s AND refused_at IS NOT NULL
), home (says, made_at, id, merged_into_id) AS (
    SELECT s.says, s.made_at, i.id, i.merged_into_id FROM said s JOIN reports_issue i ON i.id = s.issue_id
    UNION SELECT h.says, h.made_at, i.id, i.merged_into_id
    FROM home h JOIN reports_issue i ON i.id = h.merged_into_id
)
SELECT says, id FROM home WHERE merged_into_id IS NULL ORDER BY made_at DESC, id
"""


def home_of_issue(issue_id: int) -> int:
    """The issue itself, or the one it was merged into, however often that happened."""
    with connection.cursor() as cursor:
        cursor.execute(HOME, [issue_id])
        found = cursor.fetchone()
    return int(found[0]) if found else issue_id


def bounds_of(report: Report) -> Bounds:
    """Where people have said that the report belongs, and where not. Holds across merges, and for ever.

    Of two that were said to be the same and now stand in different issues, the later word counts.
    """
    with connection.cursor() as cursor:
        cursor.execute(SAID, {"report": report.pk, "not_same": Constraint.Says.NOT_SAME})
        said = cursor.fetchall()
    barred = frozenset(issue_id for says, issue_id in said if says == Constraint.Says.NOT_SAME)
    same = [issue_id for says, issue_id in said if says == Constraint.Says.SAME and issue_id not in barred]
    return Bounds(bound=same[0] if same else None, barred=barred)
