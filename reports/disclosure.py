"""Coordinated disclosure in numbers: how long an embargo lasts here by default, and how long at most.

What a site's settings say, unless the operator said otherwise of the issue's context of use. docs/disclosure.md says
where the defaults come from. Proposals: people set the end, and nothing here ends anything.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings

from reports.models import Affected, ContextRule, Issue


@dataclass(frozen=True, slots=True)
class Terms:
    """How many days an embargo lasts from when the developer was told, how many more where a fix is promised, how many
    from a fix to publication, and how many at most."""

    days: int
    grace: int
    after_fix: int
    longest: int

    def end(self, told_at: datetime) -> datetime:
        """The first full hour after the days are over."""
        return _full_hour(told_at + timedelta(days=self.days))

    def end_with_grace(self, told_at: datetime) -> datetime:
        return _full_hour(told_at + timedelta(days=self.days + self.grace))

    def end_after_fix(self, fixed_at: datetime) -> datetime:
        return _full_hour(fixed_at + timedelta(days=self.after_fix))

    def last(self, told_at: datetime) -> datetime:
        """No embargo is set or put beyond this."""
        return _full_hour(told_at + timedelta(days=self.longest))


def terms_of(issue: Issue) -> Terms:
    rule = ContextRule.objects.filter(context=issue.context_of_use).first() if issue.context_of_use else None

    def said(name: str, default: int) -> int:
        own: int | None = getattr(rule, name, None)
        return default if own is None else own

    return Terms(
        days=said("embargo_days", settings.EMBARGO_DAYS),
        grace=said("grace_days", settings.EMBARGO_GRACE_DAYS),
        after_fix=said("fix_days", settings.EMBARGO_FIX_DAYS),
        longest=max(settings.EMBARGO_LONGEST_DAYS, said("embargo_days", settings.EMBARGO_DAYS)),
    )


def day_nought(rows: Iterable[Affected], *, now: datetime) -> datetime:
    """When the first developer was told; ``now`` while nobody was."""
    return min((row.notified_at for row in rows if row.notified_at), default=now)


def fixed_at(rows: Iterable[Affected]) -> datetime | None:
    """When the last of the artifacts was fixed; None while one of those told of as affected is not."""
    judged = [row for row in rows if row.status in ("affected", "fixed")]
    dates = [row.resolved_at for row in judged if row.status == "fixed" and row.resolved_at]
    return max(dates) if judged and len(dates) == len(judged) else None


def _full_hour(moment: datetime) -> datetime:
    hour = moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return hour if hour == moment else hour + timedelta(hours=1)
