"""The nightly pass: all detectors over all that is told, and what the site's habits are until the next night."""

import time
from datetime import date, timedelta

import numpy as np
from django.conf import settings
from django.db.models import F
from django.db.models.functions import Coalesce

from reports.models import Signal
from triage.models import NightWatch
from triage.signals import bursts, gravity, releases, spreading, tables
from triage.signals.finding import Finding
from triage.signals.habits import Habits, bars_at
from triage.signals.rows import keep
from triage.signals.series import SCOPES, Scope, Series, first_day, lately_changed, read
from triage.surveillance.baseline import SERIES_DAYS, Usual
from triage.surveillance.budget import DAYS_A_WEEK, level_within
from triage.surveillance.burst import BARS
from triage.surveillance.counts import Counts, Real, Whole
from triage.surveillance.emergence import YOUNG_DAYS, velocities
from triage.surveillance.episodes import episodes
from triage.surveillance.evenings import evenings

QUIET_DAYS = 182  # of evenings gone through to tell how many alarms quiet history would have had
LEAST_QUIET = 14  # of those evenings, from which on they tell anything: of three, no alarm at all would be too many
KEPT = timedelta(days=400)  # for which a night's row is kept
MISSED = timedelta(days=2)  # nights whose reports are looked at for designated harms once more


def watch(on: date) -> int:
    """Look at everything on the evening of a day. Returns how many signals opened or rose. Twice changes nothing."""
    began = time.monotonic()
    told = tables.lines(on)
    cells, restless = tables.findings(told)
    night = learn(on, restless)
    found: list[Finding] = [*gravity.findings(lately_changed(on - MISSED)), *cells]
    released = bursts.lately_released(on)
    for scope in SCOPES:
        habits = Habits.stored(night.usual[scope])
        series = read(scope, on, SERIES_DAYS)
        past = bursts.past_alarms(scope, on)
        found += bursts.findings(scope, series, habits, bars_at(night), past=past, released=released)
    found += spreading.findings(on)
    found += releases.findings(on, max(Habits.stored(night.usual["issue"]).usual.dispersion))
    opened = keep(found, on)
    NightWatch.objects.filter(pk=night.pk).update(took_s=round(time.monotonic() - began, 2))
    NightWatch.objects.filter(on__lt=on - KEPT).delete()
    return opened


def learn(on: date, restless: dict[str, float]) -> NightWatch:
    """What is usual, and the level of alarms that keeps the budget, from the half year up to ``on``."""
    began = first_day(on) or on
    days = min(max((on - began).days + 1, SERIES_DAYS), SERIES_DAYS - 1 + QUIET_DAYS)
    usual, walked = {}, []
    for scope in SCOPES:
        series = read(scope, on, days)
        usual[scope] = habits_of(series.counts).as_json()
        if (on - began).days + 1 >= SERIES_DAYS - 1 + LEAST_QUIET:
            walked.append(quiet(scope, series))
    p, ratio = (np.concatenate(each, axis=1) for each in zip(*walked, strict=True)) if walked else _nothing()
    level = level_within(settings.ALERT_BUDGET, p, ratio, BARS.alarm) if settings.ALERT_BUDGET else 0.0
    row, _ = NightWatch.objects.update_or_create(
        on=on,
        defaults={
            "usual": usual,
            "tables": restless,
            "budget": settings.ALERT_BUDGET,
            "own_level": BARS.alarm,
            "level": level,
            "quiet_weeks": round(len(p) / DAYS_A_WEEK, 2),
            "quiet_alarms": int(episodes(p <= BARS.alarm, ratio).sum()) if len(p) else 0,
        },
    )
    return row


def habits_of(counts: Counts) -> Habits:
    """The weekdays and dispersion of the last nine weeks, and how fast those began that are no longer young."""
    recent = counts.until(counts.days - 1, SERIES_DAYS)
    return Habits(Usual.of(recent), beginnings_of(counts))


def beginnings_of(counts: Counts) -> Whole:
    """Velocities of what began within the days of ``counts`` and is young no more."""
    began = (counts.first > 0) & (counts.first <= counts.days - YOUNG_DAYS)
    return velocities(counts)[began]


def quiet(scope: Scope, series: Series) -> tuple[Real, Real]:
    """(p, ratio), each (evenings, things): what each evening would have said, without what people confirmed."""
    walked = [
        (each.column, each.judged.best_unheld, each.judged.ratio) for each in evenings(series.counts, series.artifacts)
    ]
    columns, p, ratio = (np.array(each) for each in zip(*walked, strict=True))
    place = {thing: at for at, thing in enumerate(series.things)}
    rows = Signal.objects.filter(detector=Signal.Detector.BURST, state=Signal.State.CONFIRMED)
    thing_of = "issue_id" if scope == "issue" else "theme"
    until = Coalesce(F("last_seen_on"), F("since"))
    for thing, since, seen in rows.values_list(thing_of, "since", until):
        if thing in place:
            first, last = ((day - series.counts.day(0)).days for day in (since, seen))
            p[(columns >= first) & (columns <= last), place[thing]] = 1.0
    return p, ratio


def _nothing() -> tuple[Real, Real]:
    return np.zeros((0, 0)), np.zeros((0, 0))
