"""The announcement of an issue that is under embargo: number, artifacts, the day it was received, the deadline.

Told by decision alone, and of rows that the decision wrote: what else happens to the issue moves nothing here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.urls import reverse

from reports.deadlines import in_zones
from reports.models import Stub


@dataclass(frozen=True, slots=True)
class Announced:
    """One issue as it is announced. ``announced_at`` is when that was decided."""

    number: str
    artifacts: tuple[tuple[str, str], ...]  # name and address
    received_on: date
    deadline: datetime
    zone: str
    announced_at: datetime

    @property
    def path(self) -> str:
        return reverse("issue", args=[self.number])

    @property
    def moments(self) -> list[tuple[str, str]]:
        """The deadline in the zone that it was agreed on, and in UTC."""
        return in_zones(self.deadline, [self.zone])

    @property
    def twin(self) -> dict[str, Any]:
        """For machines."""
        return {
            "schema_version": 1,
            "number": self.number,
            "url": f"{settings.SITE_URL}{self.path}",
            "status": "embargoed",
            "artifacts": [{"name": name, "url": f"{settings.SITE_URL}{address}"} for name, address in self.artifacts],
            "received": self.received_on.isoformat(),
            "deadline": self.deadline.isoformat().replace("+00:00", "Z"),
        }


def announced(*, number: str = "", artifact_id: int | None = None, most: int = 50) -> list[Announced]:
    """Those that stand, the last that was announced first; to everybody the same."""
    rows = Stub.objects.shown().exclude(issue__embargo_until=None)
    if number:
        rows = rows.filter(issue__number=number)
    if artifact_id is not None:
        rows = rows.filter(issue__stubs__in=Stub.objects.shown().filter(artifact=artifact_id)).distinct()
    found: dict[int, list[Stub]] = {}
    for row in rows.select_related("issue", "artifact").order_by("-made_at", "artifact__org", "artifact__name", "pk"):
        found.setdefault(row.issue_id, []).append(row)
    return [_told(stubs) for stubs in list(found.values())[:most]]


def announced_as(number: str) -> Announced | None:
    return next(iter(announced(number=number)), None)


def _told(stubs: Iterable[Stub]) -> Announced:
    rows = list(stubs)
    issue = rows[0].issue
    if issue.number is None or issue.embargo_until is None:
        raise ValueError("Only what has a number and an end is announced.")
    return Announced(
        number=issue.number,
        artifacts=tuple((str(row.artifact), row.artifact.get_absolute_url()) for row in rows),
        received_on=min(row.received_on for row in rows),
        deadline=issue.embargo_until,
        zone=issue.embargo_zone,
        announced_at=min(row.made_at for row in rows),
    )
