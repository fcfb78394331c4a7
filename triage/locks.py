"""Locks, always taken in one order so that nobody waits in a ring: the family first, then issues by number."""

from collections.abc import Iterable

from django.db import connection

from reports.models import Issue

FAMILY = 1  # the class of our advisory locks on families
INDEX = 2  # and of the one on the segments of the index, which nobody waits for while grouping
THEMES = 4  # and of the one on all themes of a site
SIGNALS = 5  # and of those on the keys of early warnings, which are taken after the issue
LOCKED_ISSUES = "SELECT * FROM reports_issue WHERE id = ANY(%s) ORDER BY id FOR UPDATE"


def lock_family(family_id: int) -> None:
    """Wait until nobody else groups or decides in this family; held until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [FAMILY, family_id])


def lock_themes() -> None:
    """Wait until nobody else places issues in themes or merges themes; held until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, 0)", [THEMES])


def lock_issues(issue_ids: Iterable[int]) -> dict[int, Issue]:
    """The issues by id, their rows locked in ascending order until the transaction ends."""
    locked = Issue.objects.raw(LOCKED_ISSUES, [sorted(set(issue_ids))])
    return {issue.pk: issue for issue in locked}
