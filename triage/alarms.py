"""How the alarms of early warning did: how many there were, what people made of them, and how much sooner they came."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from django.conf import settings
from django.db.models import Count, F, Q
from django.db.models.functions import Coalesce, Least

from reports.models import Signal
from triage.models import NightWatch

State, Tier, Detector = Signal.State, Signal.Tier, Signal.Detector
JUDGED = (State.CONFIRMED, State.REFUTED, State.KNOWN, State.INSUFFICIENT)
WEEK, LATELY = timedelta(days=7), timedelta(weeks=12)


@dataclass(frozen=True, slots=True)
class Tally:
    """Of the last seven days: alarms, and those of bursts, which ``budget`` a week is for. Of the last twelve weeks:
    alarms that were judged and confirmed, and by how many days the confirmed ones came before a person first confirmed
    the issue or the signal, the middle one.

    ``level`` is what a burst has to reach now, ``own_level`` what it would have to without a budget; None before the
    first night.
    """

    alarms: int
    bursts: int
    budget: float
    judged: int
    confirmed: int
    lead_days: float | None
    level: float | None
    own_level: float | None

    @property
    def share(self) -> float | None:
        """Of the judged, those confirmed, in 100."""
        return 100 * self.confirmed / self.judged if self.judged else None

    @property
    def is_tightened(self) -> bool:
        return self.level is not None and self.own_level is not None and self.level < self.own_level


def tally(now: datetime) -> Tally:
    night = NightWatch.objects.order_by("-on").first()
    opened = Signal.objects.filter(tier=Tier.ALARM)
    lately, week = Q(opened_at__gt=now - LATELY), Q(opened_at__gt=now - WEEK)
    counts = opened.aggregate(
        alarms=Count("pk", filter=week),
        bursts=Count("pk", filter=week & Q(detector=Detector.BURST)),
        judged=Count("pk", filter=lately & Q(state__in=JUDGED)),
        confirmed=Count("pk", filter=lately & Q(state=State.CONFIRMED)),
    )
    leads = _leads(now)
    return Tally(
        **counts,
        budget=night.budget if night else settings.ALERT_BUDGET,
        lead_days=round(median(leads), 1) + 0.0 if leads else None,
        level=night.level if night else None,
        own_level=night.own_level if night else None,
    )


def _leads(now: datetime) -> Sequence[float]:
    """By how many days each confirmed alarm came before a person first confirmed what it is about."""
    rows = Signal.objects.filter(
        tier=Tier.ALARM, state=State.CONFIRMED, judged_at__isnull=False, opened_at__gt=now - LATELY
    )
    first = Least(F("judged_at"), Coalesce(F("issue__confirmed_at"), F("judged_at")))
    told = rows.annotate(first=first).values_list("opened_at", "first")
    return [(confirmed - opened) / timedelta(days=1) for opened, confirmed in told]
