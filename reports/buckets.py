"""How much was asked for in a window of time: rows that all processes share, under hashes that name nobody.

A row holds a keyed hash with the day's salt (``reports.voices``), a scope, when its window began, and a count. Windows
are fixed and begin at midnight of UTC or a whole number of their length later.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from django.db import connection

from reports.models import RateBucket
from reports.voices import digest_of_day

MINUTE_S, HOUR_S, DAY_S = 60, 3_600, 86_400
MOST_REMEMBERED = 20_000  # full buckets; a process that has met more forgets the oldest, and asks once more
# Nothing is lost with a count, so nobody waits for the disk. Only where the statement is its own transaction: inside
# another it would say so of that one too.
AT_LEISURE = "at_leisure AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))"
STAGE = """{name} AS (
  INSERT INTO reports_ratebucket AS b (who, scope, window_start, count)
  SELECT r.who, r.scope, r.since, 1 FROM (VALUES {rows}) AS r (who, scope, since){beside}{unless}
  ON CONFLICT (who, scope, window_start) DO UPDATE SET count = b.count + 1
  RETURNING b.scope, b.count
)"""
UNLESS = (
    " WHERE NOT EXISTS (SELECT FROM {name} AS before JOIN (VALUES {limits}) AS l (scope, most) USING (scope)"
    " WHERE before.count > l.most)"
)


@dataclass(frozen=True, slots=True)
class Bucket:
    """At most so many in a window. ``who`` is in clear here, and only here: what is stored is its hash."""

    scope: str
    who: str
    most: int
    window_s: int

    def began(self, at: datetime) -> datetime:
        """When the window began that ``at`` lies in."""
        return datetime.fromtimestamp(at.timestamp() // self.window_s * self.window_s, UTC)

    def ends(self, at: datetime) -> datetime:
        return self.began(at) + timedelta(seconds=self.window_s)

    def digest(self, at: datetime) -> bytes:
        return digest_of_day(at, self.scope, self.who)


_full: dict[tuple[bytes, str], tuple[int, datetime]] = {}  # what this process has seen full: its most, until when


def take(*stages: Sequence[Bucket], at: datetime) -> dict[str, int]:
    """Count one more in each bucket, in one statement; returns the counts by scope.

    A later stage is counted only if all of the one before it hold no more than their most: whoever asks too much uses
    up nothing that belongs to others, and what is missing in the answer was not counted. Buckets that two requests
    share have to come in the same order in both, because each holds their rows until its transaction ends.
    """
    values: list[bytes | str | datetime | int] = []
    is_alone = not connection.in_atomic_block
    parts = [AT_LEISURE] if is_alone else []
    for number, stage in enumerate(stages):
        for bucket in stage:
            values += [bucket.digest(at), bucket.scope, bucket.began(at)]
        rows = ", ".join(["(%s::bytea, %s, %s::timestamptz)"] * len(stage))
        unless = ""
        if number:
            before = stages[number - 1]
            unless = UNLESS.format(name=f"stage_{number - 1}", limits=", ".join(["(%s, %s)"] * len(before)))
            values += [value for bucket in before for value in (bucket.scope, bucket.most)]
        beside = ", at_leisure" if is_alone and not number else ""
        parts.append(STAGE.format(name=f"stage_{number}", rows=rows, beside=beside, unless=unless))
    told = " UNION ALL ".join(f"TABLE stage_{number}" for number in range(len(stages)))
    with connection.cursor() as cursor:
        cursor.execute(f"WITH {', '.join(parts)} {told}", values)
        counts: dict[str, int] = dict(cursor.fetchall())
    for bucket in (bucket for stage in stages for bucket in stage):
        if counts.get(bucket.scope, -1) >= bucket.most:
            _remember(bucket, at)
    return counts


def none_known_full() -> bool:
    """Whether this process has met no bucket that was full: then nobody has to be told apart."""
    return not _full


def known_full(bucket: Bucket, *, at: datetime) -> Bucket | None:
    """The bucket with the most that it was found to hold, if this process knows it to be full. Asks nobody."""
    if none_known_full():
        return None
    most, until = _full.get((bucket.digest(at), bucket.scope), (0, at))
    return replace(bucket, most=most) if at < until else None


def forget_windows(*, at: datetime) -> int:
    """Delete the rows of windows that are over; says how many."""
    deleted, _ = RateBucket.objects.filter(window_start__lte=at - timedelta(seconds=DAY_S)).delete()
    return deleted


def _remember(bucket: Bucket, at: datetime) -> None:
    if len(_full) >= MOST_REMEMBERED:
        over = [key for key, (_most, until) in list(_full.items()) if until <= at]
        for key in over or list(_full)[: MOST_REMEMBERED // 10]:
            _full.pop(key, None)
    _full[bucket.digest(at), bucket.scope] = bucket.most, bucket.ends(at)
