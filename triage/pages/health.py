"""How the queue stands, for those who work on it."""

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from accounts.actors import actor_of, needs
from accounts.policy import Act
from triage import timekeeping
from triage.acceptance import acceptance
from triage.health import DAYS, Health, health_of
from triage.pages.quality import answers_in_words, bar, percent
from triage.queue import annotated, title_in_words


@needs(Act.DECIDE)
@require_safe
def queue_health(request: HttpRequest) -> HttpResponse:
    """What waits by age, how soon it is decided, what is taken back, and how the engine's suggestions are answered."""
    now = timezone.now()
    health = health_of(actor_of(request), now=now)
    oldest, ahead = health.oldest, timekeeping.ahead()
    context = {
        "health": health,
        "headlines": headlines(health),
        "bands": [{"words": band.words, "count": band.count, "bar": bar(band.share, 0)} for band in health.bands],
        "oldest": title_in_words(oldest) if oldest else "",
        "oldest_age": span(now - annotated(oldest, "waits_since")) if oldest else "",
        "days": DAYS,
        "clock_ahead": span(timedelta(seconds=ahead)) if ahead else "",
        "answers": answers_in_words(acceptance()),
    }
    return render(request, "triage/health.html", context)


def headlines(health: Health) -> list[dict[str, Any]]:
    """At most four; what nobody has decided yet has no pace."""
    told: list[dict[str, Any]] = [{"number": health.waiting, "words": _("waiting for a decision")}]
    if health.pace.median is not None and health.pace.p90 is not None:
        told += [
            {"number": span(health.pace.median), "words": _("half were first decided within")},
            {"number": span(health.pace.p90), "words": _("nine in ten were first decided within")},
        ]
    if health.undo_share is not None:
        told.append({"number": percent(health.undo_share), "words": _("of decisions were taken back")})
    return told


def span(length: timedelta) -> str:
    """A length of time by its largest unit, rounded down: what matters is how many, not how exactly.

    >>> span(timedelta(days=3, hours=23)), span(timedelta(minutes=89)), span(timedelta(seconds=4))
    ('3 days', '1 hour', 'less than a minute')
    """
    minutes = int(length.total_seconds() // 60)
    if minutes < 1:
        return _("less than a minute")
    if minutes < 60:
        return ngettext("%(number)d minute", "%(number)d minutes", minutes) % {"number": minutes}
    if minutes < 48 * 60:
        hours = minutes // 60
        return ngettext("%(number)d hour", "%(number)d hours", hours) % {"number": hours}
    return ngettext("%(number)d day", "%(number)d days", minutes // 1440) % {"number": minutes // 1440}
