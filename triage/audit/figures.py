"""A few numbers beside an audit: how much was decided, how much of it taken back, how soon developers answer."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from statistics import median

from django.db.models import Count, F, Q

from reports.models import Affected
from triage.models import Decision
from triage.moves import Verb

WEEK, SPAN = timedelta(days=7), timedelta(days=90)


def figures(now: datetime) -> dict[str, float | int | None]:
    """Of the last 90 days, and a week's decisions on average. Two queries."""
    lately = Decision.objects.filter(decided_at__gt=now - SPAN, decided_at__lte=now)
    counted = lately.aggregate(
        made=Count("pk", filter=~Q(verb=Verb.UNDO)),
        undone=Count("pk", filter=Q(verb=Verb.UNDO)),
        week=Count("pk", filter=Q(decided_at__gt=now - WEEK)),
    )
    answered = Affected.objects.filter(acknowledged_at__gt=now - SPAN, notified_at__isnull=False)
    waits: Iterable[timedelta] = answered.values_list(F("acknowledged_at") - F("notified_at"), flat=True)
    days = [wait / timedelta(days=1) for wait in waits]
    return {
        "week": counted["week"],
        "undone": counted["undone"] / counted["made"] if counted["made"] else None,
        "acknowledged": median(days) if days else None,
    }
