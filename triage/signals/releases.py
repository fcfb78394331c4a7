"""The version radar: kinds told of more since a release, by the day and as a share of what is told of its artifact."""

from collections import Counter
from datetime import date, timedelta
from math import isfinite
from typing import Any

from django.db import connection

from reports.models import Signal, Version
from triage.signals.finding import Finding
from triage.signals.series import DAY, LIVE, NO_NEWS, NOW, THEN, midnight
from triage.surveillance.baseline import BASELINE_DAYS
from triage.surveillance.release import LEAST_VOICES, Change, Span, change

METHOD = "release-1"
WATCHED = 28  # days for which a release is watched

# Voices on the day first heard of a kind about an artifact, within the days before a release and those since.
HEARD = """
SELECT kind, day >= %(released)s AS is_since, count(*) FROM (
  SELECT r.kind, min({day}) AS day
  FROM reports_report r
  JOIN reports_placement p ON p.report_id = r.id AND {at_that_time}
  JOIN reports_issue i ON i.id = p.issue_id AND i.status = ANY(%(live)s)
  WHERE r.artifact_id = %(artifact)s AND r.held_at IS NULL AND r.channel <> ALL(%(no_news)s)
    AND r.reported_at >= %(begin)s AND r.reported_at < %(end)s
  GROUP BY r.kind, r.voice_key
) heard GROUP BY 1, 2
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
    days = (last - released).days + 1
    before, since = _heard(version.artifact_id, released, last, then=then)
    found = []
    for kind, voices in sorted(since.items()):
        if voices < LEAST_VOICES:
            continue
        spans = (
            Span(before[kind], before.total(), BASELINE_DAYS),
            Span(voices, since.total(), days),
        )
        told = change(*spans, released, restless)
        if told.tier():
            found.append(_finding(version, kind, told, spans))
    return found


def _heard(artifact: int, released: date, last: date, *, then: bool) -> tuple[Counter[str], Counter[str]]:
    """Voices by kind, before and since."""
    values: dict[str, Any] = {
        "artifact": artifact,
        "released": released,
        "begin": midnight(released - timedelta(days=BASELINE_DAYS)),
        "end": midnight(last + timedelta(days=1)),
        "live": list(LIVE),
        "no_news": list(NO_NEWS),
    }
    spans: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
    with connection.cursor() as cursor:
        cursor.execute(HEARD.format(day=DAY, at_that_time=THEN if then else NOW), values)
        for kind, is_since, voices in cursor.fetchall():
            spans[is_since][kind] = voices
    return spans


def _finding(version: Version, kind: str, told: Change, spans: tuple[Span, Span]) -> Finding:
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
        },
    )


def _span(span: Span) -> dict[str, Any]:
    return {"voices": span.voices, "all_voices": span.all_voices, "days": span.days}


def _finite(value: float) -> float | None:
    """Where nothing was told before, no number says how many times as much it is."""
    return value if isfinite(value) else None
