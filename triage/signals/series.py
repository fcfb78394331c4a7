"""What early warning counts, read from the tables: a row an issue or theme, a column a day.

A voice counts once for a thing, on the day it was first heard within the days that are read. Days are those of
``reported_at``, in UTC. Held reports have no voice, and imports are no news: they never enter a test of bursts.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal

import numpy as np
from django.db import connection
from django.db.models import Q

from reports.models import Issue, Placement
from reports.vocabulary import Channel, Status
from triage.surveillance.counts import Counts, Whole

Scope = Literal["issue", "theme"]
SCOPES: tuple[Scope, ...] = ("issue", "theme")
NO_NEWS = (Channel.IMPORT.value,)
LIVE = (Status.NEW.value, Status.CONFIRMED.value, Status.RESOLVED.value)  # a dismissed issue speaks for nothing

THINGS: dict[Scope, str] = {"issue": "p.issue_id", "theme": "t.theme_id"}
# Reports with a voice, where they stand: now, or as they stood at a moment, which knows nothing later.
STANDING = """
FROM reports_report r
JOIN reports_placement p ON p.report_id = r.id AND {at_that_time}
JOIN reports_issue i ON i.id = p.issue_id AND i.status = ANY(%(live)s)
{also}
WHERE r.held_at IS NULL AND r.channel <> ALL(%(no_news)s) AND r.reported_at < %(end)s
"""
NOW = "p.superseded_at IS NULL"
THEN = "p.placed_at < %(end)s AND (p.superseded_at IS NULL OR p.superseded_at >= %(end)s)"
ALSO: dict[Scope, str] = {
    "issue": "",
    "theme": """
JOIN triage_themeissue t ON t.issue_id = p.issue_id
JOIN reports_artifact a ON a.id = r.artifact_id
""",
}
DAY = "(r.reported_at AT TIME ZONE 'UTC')::date"
DAILY = """
SELECT thing, day, count(*) FILTER (WHERE day = first), sum(reports)::int
FROM (
  SELECT {thing} AS thing, {day} AS day, count(*) AS reports,
         min({day}) OVER (PARTITION BY {thing}, r.voice_key) AS first
  {standing} AND r.reported_at >= %(begin)s AND (%(things)s::bigint[] IS NULL OR {thing} = ANY(%(things)s))
  GROUP BY {thing}, r.voice_key, {day}
) told
GROUP BY thing, day
"""
# The first day that a thing was told of, however long ago, and the artifact that most is told about.
BEGUN = """
SELECT {thing}, min({day}), mode() WITHIN GROUP (ORDER BY r.artifact_id)
{standing} AND (%(things)s::bigint[] IS NULL OR {thing} = ANY(%(things)s))
GROUP BY {thing}
"""
BEHIND = """
SELECT r.id {standing} AND r.reported_at >= %(begin)s AND {thing} = %(thing)s
  AND (%(artifact)s::bigint IS NULL OR r.artifact_id = %(artifact)s)
ORDER BY r.reported_at, r.id LIMIT %(most)s
"""
REST = """
SELECT artifact, day, count(*)::int FROM (
  SELECT r.artifact_id AS artifact, min({day}) AS day
  {standing} AND r.reported_at >= %(begin)s AND r.artifact_id = ANY(%(artifacts)s) AND p.issue_id <> ALL(%(issues)s)
  GROUP BY r.artifact_id, p.issue_id, r.voice_key
) told
GROUP BY artifact, day
"""
FIRST = "SELECT min({day}) {standing}"
NAMED = 100  # reports that a signal names; the rest are counted


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Counts with what each row is: its id, and the artifact it is about; of themes, which are about none, 0."""

    counts: Counts
    things: list[int]
    about: list[int]

    @property
    def artifacts(self) -> Whole:
        """The artifacts as numbers from 0 on."""
        return np.unique(np.array(self.about, dtype=np.int64), return_inverse=True)[1]


def read(scope: Scope, last: date, days: int, *, things: Collection[int] | None = None, then: bool = False) -> Series:
    """The ``days`` up to ``last`` of all things, or of some; ``then``: as it was known on that evening."""
    end, begin = midnight(last + timedelta(days=1)), midnight(last - timedelta(days=days - 1))
    values = {"end": end, "begin": begin, "things": None if things is None else sorted(things)}
    told = {row[0]: row[1:] for row in rows(BEGUN, scope, then, **values)}
    names = sorted(told)
    counts = Counts.of(
        rows(DAILY, scope, then, **values), names, last=last, days=days, first=[told[thing][0] for thing in names]
    )
    return Series(counts, names, [told[thing][1] if scope == "issue" else 0 for thing in names])


def read_with_rest(issues: Collection[int], last: date, days: int) -> Series:
    """Some issues, and what else is told of their artifacts: a row for each artifact, which is no thing (0)."""
    own = read("issue", last, days, things=issues)
    artifacts = sorted(set(own.about))
    end, begin = midnight(last + timedelta(days=1)), midnight(last - timedelta(days=days - 1))
    told = rows(REST, "issue", False, end=end, begin=begin, artifacts=artifacts, issues=sorted(issues))
    rest = Counts.of(((artifact, day, many, many) for artifact, day, many in told), artifacts, last=last, days=days)
    counts = Counts(
        last,
        np.concatenate([own.counts.voices, rest.voices]),
        np.concatenate([own.counts.reports, rest.reports]),
        np.concatenate([own.counts.first, rest.first]),
    )
    return Series(counts, [*own.things, *(0 for _ in artifacts)], [*own.about, *artifacts])


def behind(scope: Scope, thing: int, since: date, last: date, *, artifact: int | None = None) -> list[int]:
    """The reports of a thing from a day on, the oldest first, at most ``NAMED``; those about one artifact, or all."""
    values = {"begin": midnight(since), "end": midnight(last + timedelta(days=1)), "thing": thing, "most": NAMED}
    values["artifact"] = artifact
    return [row[0] for row in rows(BEHIND, scope, False, **values)]


def lately_changed(since: date) -> set[int]:
    """The issues that a report has come to since a day, or that were decided on: a report may have been released."""
    placed = Placement.objects.active().filter(placed_at__gte=midnight(since)).values("issue")
    changed = Issue.objects.filter(Q(changed_at__gte=midnight(since)) | Q(pk__in=placed))
    return set(changed.values_list("pk", flat=True))


def first_day(last: date) -> date | None:
    """The first day of which anything was told."""
    found: date | None = rows(FIRST, "issue", False, end=midnight(last + timedelta(days=1)))[0][0]
    return found


def midnight(day: date) -> datetime:
    """The moment at which a day begins, in UTC."""
    return datetime.combine(day, time(), tzinfo=UTC)


def today() -> date:
    return datetime.now(UTC).date()


def rows(statement: str, scope: Scope, then: bool, **values: Any) -> Sequence[tuple[Any, ...]]:
    standing = STANDING.format(at_that_time=THEN if then else NOW, also=ALSO[scope])
    with connection.cursor() as cursor:
        cursor.execute(
            statement.format(thing=THINGS[scope], day=DAY, standing=standing),
            {"live": list(LIVE), "no_news": list(NO_NEWS), **values},
        )
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found
