"""How long developers took to answer and to resolve, and how long they have been silent. Changes nothing.

Counted from when an artifact's people were told of an issue, by what is on record: an answer counts once it is
accepted. Days are whole days of 24 hours. Too few say nothing: see ``LEAST``.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil
from typing import Any

from django.db.models import F, Min, OuterRef, Subquery
from django.db.models.functions import Coalesce, Least

from accounts.policy import Actor
from reports.models import Affected, Answer, Artifact
from reports.models.issue import AffectedQuerySet
from reports.record import on_record
from reports.vocabulary import AffectedStatus

LEAST = 5  # rows: of fewer neither a median nor a ninetieth percentile is told
SILENCE_TOLD = 3  # days without a word before that is worth a line
DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Exchange:
    """What passed between the desk and those who answer for one artifact in one issue, as far as it is on record."""

    notified_at: datetime | None
    acknowledged_at: datetime | None
    answered_at: datetime | None
    confirmed_at: datetime | None
    resolved_at: datetime | None
    is_settled: bool  # it is said how it ended, or that it does not concern the artifact


@dataclass(frozen=True, slots=True)
class Spread:
    """Days: ``median`` and ``p90`` of ``count`` of them; both None where they are fewer than ``LEAST``."""

    count: int
    median: int | None = None
    p90: int | None = None


@dataclass(frozen=True, slots=True)
class Promptness:
    """Of one artifact, or of all that one developer makes.

    ``told``: issues they were told of; ``silent``: of those, how many have had no answer on record so far and are not
    settled; ``longest``: days that the longest of these silences has lasted.
    """

    told: int
    answered: Spread
    resolved: Spread
    silent: int
    longest: int | None


def exchanges(rows: AffectedQuerySet) -> AffectedQuerySet:
    """Each row with ``answered_at``: its first accepted answer, or what was stated before or without one."""
    accepted = Answer.objects.filter(
        issue=OuterRef("issue"), artifact=OuterRef("artifact"), accepted_at__isnull=False
    ).order_by()
    first = Subquery(accepted.values("issue").annotate(first=Min("given_at")).values("first"))
    # PostgreSQL's LEAST passes over null
    return rows.annotate(answered_at=Coalesce(Least(first, F("stated_at")), first, F("stated_at")))


FIELDS = ("notified_at", "acknowledged_at", "answered_at", "issue__confirmed_at", "resolved_at", "resolution", "status")


def exchange_of(row: Sequence[Any]) -> Exchange:
    """Of the values named in ``FIELDS``."""
    notified, acknowledged, answered, confirmed, resolved, resolution, status = row
    is_settled = bool(resolution) or status == AffectedStatus.NOT_AFFECTED
    return Exchange(notified, acknowledged, answered, confirmed, resolved, is_settled)


def of_artifact(artifact: Artifact, actor: Actor, *, now: datetime) -> Promptness:
    rows = exchanges(on_record(actor).filter(artifact=artifact)).values_list(*FIELDS)
    return promptness_of(map(exchange_of, rows), now=now)


def by_developer(actor: Actor, *, now: datetime) -> dict[str, Promptness]:
    """Of every developer that is named, in the order of names; all artifacts of one together."""
    rows = exchanges(on_record(actor).exclude(artifact__developer="")).values_list("artifact__developer", *FIELDS)
    found: dict[str, list[Exchange]] = {}
    for developer, *row in rows:
        found.setdefault(developer, []).append(exchange_of(row))
    return {developer: promptness_of(found[developer], now=now) for developer in sorted(found, key=str.casefold)}


def of_affected(row: Affected) -> Exchange:
    """Of a row out of :func:`exchanges`."""
    answered = row.answered_at  # type: ignore[attr-defined] # annotated by exchanges
    told = (row.notified_at, row.acknowledged_at, answered, row.issue.confirmed_at, row.resolved_at)
    return exchange_of((*told, row.resolution, row.status))


def promptness_of(exchanged: Iterable[Exchange], *, now: datetime) -> Promptness:
    told = list(exchanged)
    silences = [days for each in told if (days := silent_for(each, now=now)) is not None]
    return Promptness(
        told=sum(each.notified_at is not None for each in told),
        answered=spread([days_between(each.notified_at, each.answered_at) for each in told]),
        resolved=spread([days_between(each.confirmed_at, each.resolved_at) for each in told]),
        silent=len(silences),
        longest=max(silences, default=None),
    )


def spread(days: Iterable[int | None]) -> Spread:
    """By the nearest rank, so that each number is one that was: None are passed over.

    >>> spread([1, 2, 3, 4, 100])
    Spread(count=5, median=3, p90=100)
    >>> spread([1, 2, None])
    Spread(count=2, median=None, p90=None)
    """
    known = sorted(day for day in days if day is not None)
    if len(known) < LEAST:
        return Spread(len(known))
    return Spread(len(known), known[ceil(0.5 * len(known)) - 1], known[ceil(0.9 * len(known)) - 1])


def days_between(since: datetime | None, until: datetime | None) -> int | None:
    """Whole days; 0 for what was done before it was asked, None where either is not known."""
    if since is None or until is None:
        return None
    return max(0, int((until - since).total_seconds() // DAY_S))


def silent_for(exchange: Exchange, *, now: datetime) -> int | None:
    """Days without a word on record from those who were told; None if they owe none."""
    if exchange.notified_at is None or exchange.answered_at is not None or exchange.is_settled:
        return None
    return days_silent(exchange.notified_at, exchange.acknowledged_at, now=now)


def days_silent(*heard: datetime | None, now: datetime) -> int | None:
    """Days of the calendar (UTC) since the last of these; None while they are too few to be worth a line."""
    last = max(moment for moment in heard if moment)
    days = (now.astimezone(UTC).date() - last.astimezone(UTC).date()).days
    return days if days >= SILENCE_TOLD else None
