"""The version radar: kinds told of more since a release, by the day and as a share of what is told of its artifact."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from math import isfinite
from typing import Any

from django.db import connection

from reports.models import Signal, Version
from triage.signals.finding import Finding
from triage.signals.series import DAY, LIVE, NO_NEWS, NOW, THEN, midnight
from triage.signals.tables import NAMED
from triage.surveillance.baseline import BASELINE_DAYS
from triage.surveillance.release import LEAST_VOICES, Change, Span, change

METHOD = "release-1"
WATCHED = 28  # days for which a release is watched

# Reports with a voice about an artifact, within the days before a release and those since.
TOLD = """
FROM reports_report r
JOIN reports_placement p ON p.report_id = r.id AND {at_that_time}
JOIN reports_issue i ON i.id = p.issue_id AND i.status = ANY(%(live)s)
WHERE r.artifact_id = %(artifact)s AND r.held_at IS NULL AND r.channel <> ALL(%(no_news)s)
  AND r.reported_at >= %(begin)s AND r.reported_at < %(end)s
"""
# Voices of each kind on the day first heard.
HEARD = """
SELECT kind, day, count(*)::int FROM (
  SELECT r.kind, min({day}) AS day {told} GROUP BY r.kind, r.voice_key
) heard GROUP BY kind, day
"""
# The issues in which these voices of one kind speak, and how many of those that were first heard since the release.
DRIVEN = """
SELECT issue, count(DISTINCT voice) FILTER (WHERE first >= %(released)s) AS voices FROM (
  SELECT p.issue_id AS issue, r.voice_key AS voice, min({day}) OVER (PARTITION BY r.voice_key) AS first
  {told} AND r.kind = %(kind)s
) heard GROUP BY issue ORDER BY voices DESC, issue
"""


def findings(last: date, restless: float, *, then: bool = False) -> list[Finding]:
    """Of releases of the last four weeks; ``restless`` is the dispersion of the site."""
    lately = Version.objects.filter(is_alias=False, released_on__gt=last - timedelta(days=WATCHED))
    found = []
    for version in lately.filter(released_on__lte=last).order_by("pk"):
        found += _of_one(version, last, restless, then=then)
    return found


def _of_one(version: Version, last: date, restless: float, *, then: bool) -> list[Finding]:
    released = version.released_on
    assert released is not None  # noqa: S101 -- those without a day are left out by the query
    heard = _heard(version.artifact_id, released, last, then=then)
    turn, found = BASELINE_DAYS, []
    every = [sum(days) for days in zip(*heard.values(), strict=True)]
    for kind, days in sorted(heard.items()):
        if sum(days[turn:]) < LEAST_VOICES:
            continue
        before = Span(sum(days[:turn]), sum(every[:turn]), turn)
        since = Span(sum(days[turn:]), sum(every[turn:]), len(days) - turn)
        told = change(before, since, released, restless)
        if told.tier():
            driven = _rows(DRIVEN, version.artifact_id, released, last, then=then, released=released, kind=kind)
            found.append(_finding(version, kind, told, (before, since), days, driven))
    return found


def _heard(artifact: int, released: date, last: date, *, then: bool) -> dict[str, list[int]]:
    """By kind, voices a day from eight weeks before the release to ``last``."""
    begin = released - timedelta(days=BASELINE_DAYS)
    found: dict[str, list[int]] = defaultdict(lambda: [0] * ((last - begin).days + 1))
    for kind, day, voices in _rows(HEARD, artifact, released, last, then=then):
        found[kind][(day - begin).days] = voices
    return dict(found)


def _rows(
    statement: str, artifact: int, since: date, last: date, *, then: bool, **values: Any
) -> list[tuple[Any, ...]]:
    values |= {
        "artifact": artifact,
        "begin": midnight(since - timedelta(days=BASELINE_DAYS)),
        "end": midnight(last + timedelta(days=1)),
        "live": list(LIVE),
        "no_news": list(NO_NEWS),
    }
    told = TOLD.format(at_that_time=THEN if then else NOW)
    with connection.cursor() as cursor:
        cursor.execute(statement.format(day=DAY, told=told), values)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


def _finding(
    version: Version,
    kind: str,
    told: Change,
    spans: tuple[Span, Span],
    days: list[int],
    driven: Sequence[tuple[int, int]],
) -> Finding:
    usual = spans[0].voices / spans[0].days
    return Finding(
        detector=Signal.Detector.RELEASE,
        subject=f"version:{version.pk}:{kind}",
        method=METHOD,
        tier=told.tier() or "watch",
        observed=told.observed,
        expected=told.expected,
        since=told.since,
        artifact=version.artifact_id,
        cell={"version": version.pk, "kind": kind},
        statistics={
            "ratio": _finite(told.ratio),
            "interval": [_finite(end) for end in told.interval],
            "p": told.p,
            "p_rate": told.p_rate,
            "p_share": told.p_share,
            "before": _span(spans[0]),
            "after": _span(spans[1]),
            "released_on": told.since.isoformat(),
            "drivers": [list(driver) for driver in driven[:NAMED]],
            "driver_count": len(driven),
            "series": {
                "from": (told.since - timedelta(days=BASELINE_DAYS)).isoformat(),
                "voices": days,
                "expected": [round(usual, 3)] * len(days),
            },
        },
    )


def _span(span: Span) -> dict[str, Any]:
    return {"voices": span.voices, "all_voices": span.all_voices, "days": span.days}


def _finite(value: float) -> float | None:
    """Where nothing was told before, no number says how many times as much it is."""
    return value if isfinite(value) else None
