"""Who was told of an issue and what came of it, by artifact. Silence is told as silence, and as nothing else."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from reports.models import Affected
from reports.vocabulary import AffectedStatus


@dataclass(frozen=True, slots=True)
class Party:
    """Those who answer for one artifact. ``status`` is what is on record of it, a code of ``AffectedStatus``.

    ``silent_since`` is when they were told, or gave a sign, where they have not answered; None where they did, were
    not told, or nothing more is waited for.
    """

    artifact: str
    status: str
    told_at: datetime | None
    acknowledged_at: datetime | None
    answered_at: datetime | None
    silent_since: datetime | None


def parties(rows: Iterable[Affected]) -> list[Party]:
    """In the order of ``rows``, which bring their artifacts."""
    return [party_of(row) for row in rows]


def party_of(row: Affected) -> Party:
    is_waited_for = row.notified_at is not None and row.stated_at is None and not row.resolution
    return Party(
        artifact=str(row.artifact),
        status=row.status,
        told_at=row.notified_at,
        acknowledged_at=row.acknowledged_at,
        answered_at=row.stated_at,
        silent_since=(row.acknowledged_at or row.notified_at)
        if is_waited_for and row.status != AffectedStatus.NOT_AFFECTED
        else None,
    )
