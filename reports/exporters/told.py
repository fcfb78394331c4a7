"""What exports of many issues tell, read off cheaply: whether it changed since somebody fetched it, and since when."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet

from accounts.policy import ANONYMOUS
from reports.models import Affected, Artifact, Version
from reports.models.issue import IssueQuerySet

AT_ONCE = 2_000  # rows
DATES_OF_ISSUE = ("published_at", "confirmed_at", "resolved_at")
DATES_OF_ROW = ("stated_at", "resolved_at")
# Every column that a document of some format is made from. A test changes each column there is, and looks whether
# tag and documents move together.
OF_ISSUE = (
    "number",
    *DATES_OF_ISSUE,
    "public_title",
    "public_summary",
    "kind",
    "status",
    "resolution",
    "severity",
    "context_of_use",
    "lifecycle_stage",
    "is_disputed",
    "report_count",
    "voice_count",
    "first_reported_at",
)
OF_ARTIFACT = ("kind", "org", "name", "developer", "deployer", "access")
OF_ROW = (
    "issue__number",
    *DATES_OF_ROW,
    *(f"artifact__{name}" for name in OF_ARTIFACT),
    "status",
    "resolution",
    "introduced_in__name",
    "last_affected__name",
    "fixed_in__name",
    "tries",
    "failures",
    "statement",
)


@dataclass(frozen=True, slots=True)
class Told:
    """``digest`` changes with what is told; ``count`` is of issues, ``modified`` is None where there is none."""

    digest: str
    count: int
    published: datetime | None
    modified: datetime | None


@cache
def shape() -> str:
    """Names how documents are made: after an upgrade the same rows may make others."""
    digest = hashlib.sha256()
    reports = settings.BASE_DIR / "reports"
    for path in sorted([*(reports / "exporters").glob("*.py"), reports / "twins.py"]):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def told_of(issues: IssueQuerySet) -> Told:
    """Of issues from ``record.issues_on_record(ANONYMOUS)``, narrowed at will, in their order."""
    digest, count = hashlib.sha256(), 0
    published: datetime | None = None
    changed: datetime | None = None
    for row in _rows(issues.prefetch_related(None), OF_ISSUE):
        digest.update(repr(row).encode())
        count += 1
        published = min(_given(published, row[1]), default=None)
        changed = max(_given(changed, *row[1 : 1 + len(DATES_OF_ISSUE)]), default=None)
    of_them = Affected.objects.visible_to(ANONYMOUS).filter(issue__in=issues.prefetch_related(None).order_by())
    for row in _rows(of_them.order_by("issue__number", "artifact__kind", "artifact__org", "artifact__name"), OF_ROW):
        digest.update(repr(row).encode())
        changed = max(_given(changed, *row[1 : 1 + len(DATES_OF_ROW)]), default=None)
    for row in _rows(_releases_asked_for(of_them), ("artifact", "name", "position")):
        digest.update(repr(row).encode())
    return Told(digest.hexdigest(), count, published, changed)


def _rows(query: "QuerySet[Any]", columns: tuple[str, ...]) -> Iterator[tuple[Any, ...]]:
    return query.values_list(*columns).iterator(chunk_size=AT_ONCE)


def _given(*moments: datetime | None) -> list[datetime]:
    return [each for each in moments if each]


def _releases_asked_for(rows: "QuerySet[Affected]") -> "QuerySet[Version]":
    """The releases that ``records.records_of`` reads to say which ones lie in between."""
    bounded = rows.exclude(Q(introduced_in=None) & Q(last_affected=None) & Q(fixed_in=None)).order_by()
    asked = Artifact.objects.filter(pk__in=bounded.values("artifact"))
    releases = Version.objects.filter(artifact__in=asked, position__isnull=False, is_alias=False)
    return releases.order_by("artifact", "position")
