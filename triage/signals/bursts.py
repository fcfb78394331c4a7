"""D1 and the young of D3, of issues and of themes: what is told of more than usual on an evening."""

from collections.abc import Collection, Mapping
from datetime import date, timedelta
from typing import Any

import numpy as np

from reports.models import Signal, Version
from triage.signals.finding import Finding
from triage.signals.habits import Habits, steady
from triage.signals.series import Scope, Series
from triage.surveillance.baseline import ALARM_DAY_WEIGHT, BASELINE_DAYS, SERIES_DAYS, Baseline
from triage.surveillance.burst import BARS, Burst, bursts, judge
from triage.surveillance.counts import Counts, Real
from triage.surveillance.emergence import Young, emerging
from triage.surveillance.tiers import Bars

BURST, EMERGENCE = "burst-1", "emergence-1"
NEW_RELEASE = timedelta(days=14)  # after which what is told of a release is no launch any more
PastAlarms = Mapping[int, Collection[date]]  # of things, the days that reached the level of an alarm


def findings(
    scope: Scope,
    series: Series,
    habits: Habits,
    bars: Bars,
    *,
    past: PastAlarms,
    released: Mapping[int, int],
    only: Collection[int] | None = None,
) -> list[Finding]:
    """What stands out on the evening of the series, the old before the young; of ``only`` some things if named.

    ``released`` are the versions that came out lately, by artifact.
    """
    counts, weights = series.counts, weights_of(series, past)
    rates = Baseline.of(counts, habits.usual, weights).rate
    place = {thing: at for at, thing in enumerate(series.things) if only is None or thing in only}
    judged = judge(counts, series.artifacts, habits.usual, weights)
    found = []
    for burst in bursts(counts, judged, habits.usual, series.things, bars):
        if (row := place.get(burst.thing)) is not None:
            shown = _shown(counts, row, expected=rates[row] * habits.usual.weekdays[counts.weekdays])
            found.append(_burst(scope, burst, shown, counts.last, released.get(series.about[row])))
    for young in emerging(counts, series.things, habits.beginnings):
        if (row := place.get(young.thing)) is not None:
            found.append(_young(scope, young, _shown(counts, row)))
    return found


def weights_of(series: Series, past: PastAlarms) -> Real:
    """Days of past alarms weigh little, so that a burst does not become usual."""
    weights = np.ones(series.counts.voices.shape)
    begin = series.counts.day(0)
    for row, thing in enumerate(series.things):
        for day in past.get(thing, ()):
            if begin <= day <= series.counts.last:
                weights[row, (day - begin).days] = ALARM_DAY_WEIGHT
    return weights


def past_alarms(scope: Scope, last: date, things: Collection[int] | None = None) -> dict[int, set[date]]:
    """From the rows there are, whatever became of them; of some things if they are named."""
    since = last - timedelta(days=SERIES_DAYS)
    rows = Signal.objects.filter(detector=Signal.Detector.BURST, last_seen_on__gte=since, **{f"{scope}__isnull": False})
    if things is not None:
        rows = rows.filter(key__in=[f"{Signal.Detector.BURST}:{scope}:{thing}" for thing in things])
    found: dict[int, set[date]] = {}
    for thing, days in rows.values_list(f"{scope}_id" if scope == "issue" else scope, "statistics__alarm_days"):
        found.setdefault(thing, set()).update(date.fromisoformat(day) for day in days or ())
    return found


def lately_released(last: date) -> dict[int, int]:
    """By artifact, the version that came out within the last fortnight, the latest of several."""
    rows = Version.objects.filter(is_alias=False, released_on__gt=last - NEW_RELEASE, released_on__lte=last)
    return dict(rows.order_by("released_on", "pk").values_list("artifact", "pk"))


def _burst(scope: Scope, burst: Burst, shown: Mapping[str, Any], last: date, release: int | None) -> Finding:
    """Where too little is told of an artifact to know a launch from a burst, a release holds the alarm back."""
    is_held = burst.is_alone and release is not None and scope == "issue"
    reaches = burst.p <= BARS.alarm
    return Finding(
        detector=Signal.Detector.BURST,
        subject=f"{scope}:{burst.thing}",
        method=BURST,
        tier="watch" if is_held else burst.tier,
        observed=burst.observed,
        expected=burst.expected,
        since=burst.since,
        alarm_days=tuple(last - timedelta(days=back) for back in range(burst.window_days)) if reaches else (),
        statistics={
            "window_days": burst.window_days,
            "baseline_days": BASELINE_DAYS,
            "reports": burst.reports,
            "band": list(burst.band),
            "ratio": burst.ratio,
            "p": burst.p,
            "launch": burst.launch,
            "is_alone": burst.is_alone,
            "is_possible_campaign": burst.is_possible_campaign,
            "release": release if is_held else None,
            **shown,
        },
        **_named(scope, burst.thing),
    )


def _young(scope: Scope, young: Young, shown: Mapping[str, Any]) -> Finding:
    return Finding(
        detector=Signal.Detector.EMERGENCE,
        subject=f"{scope}:{young.thing}",
        method=EMERGENCE,
        tier=young.tier,
        observed=young.observed,
        expected=young.expected,
        since=young.since,
        statistics={
            "reports": young.reports,
            "ratio": young.ratio,
            "p": young.p,
            "is_possible_campaign": young.is_possible_campaign,
            **shown,
        },
        **_named(scope, young.thing),
    )


def _named(scope: Scope, thing: int) -> dict[str, Any]:
    return {scope: thing}


def _shown(counts: Counts, row: int, *, expected: Real | None = None) -> dict[str, Any]:
    """What a chart draws: voices and reports a day, and of what has a past how many are usual."""
    series: dict[str, Any] = {
        "from": counts.day(0).isoformat(),
        "voices": counts.voices[row].tolist(),
        "reports": counts.reports[row].tolist(),
    }
    if expected is not None:
        series["expected"] = steady(expected.tolist())
    return {"series": series}
