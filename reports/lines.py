"""Rows of the lists of the record: plain values, ready to be shown, and nothing a reader may not see."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from reports.models import Affected, Artifact, Issue
from reports.record import affected_of
from reports.vocabulary import Status


@dataclass(frozen=True, slots=True)
class Line:
    """One issue in a list, as ``components/issue_row.html`` reads it."""

    number: str
    title: str
    severity: str
    status: str
    resolution: str
    version: str
    voice_count: int
    artifacts: tuple[str, ...]
    context_of_use: str
    state_date: datetime | None
    is_public: bool
    get_absolute_url: str
    get_kind_display: str
    get_context_of_use_display: str
    stands: str = ""  # the group it is listed in, where there are groups

    @classmethod
    def of(cls, issue: Issue) -> Self:
        """The issue as a whole."""
        rows = affected_of(issue)
        fixes = {str(row.fixed_in) for row in rows if row.fixed_in}
        return cls._drawn(
            issue,
            status=issue.status,
            resolution=issue.resolution,
            version=fixes.pop() if len(fixes) == 1 else "",
            artifacts=tuple(str(row.artifact) for row in rows),
            state_date=issue.resolved_at or issue.published_at,
        )

    @classmethod
    def for_artifact(cls, row: Affected) -> Self:
        """The issue as it stands for one artifact."""
        return cls._drawn(
            row.issue,
            status=Status.RESOLVED if row.resolution else Status.CONFIRMED,
            resolution=row.resolution,
            version=str(row.fixed_in or ""),
            artifacts=(),
            state_date=row.resolved_at or row.issue.published_at,
            stands=row.stands,  # type: ignore[attr-defined] # annotated by record.issues_of
        )

    @classmethod
    def _drawn(cls, issue: Issue, **stands: Any) -> Self:
        return cls(
            number=issue.number or "",
            title=issue.public_title,
            severity=issue.severity,
            voice_count=issue.voice_count,
            context_of_use=issue.context_of_use,
            is_public=issue.is_public,
            get_absolute_url=issue.get_absolute_url(),
            get_kind_display=issue.get_kind_display(),
            get_context_of_use_display=issue.get_context_of_use_display(),
            **stands,
        )


def lines(issues: Iterable[Issue]) -> list[Line]:
    return [Line.of(issue) for issue in issues]


@dataclass(frozen=True, slots=True)
class ArtifactLine:
    """One artifact in the directory."""

    name: str
    org: str
    title: str
    developer: str
    access: str
    open_count: int
    resolved_count: int
    latest_at: datetime | None
    is_public: bool
    get_absolute_url: str

    @classmethod
    def of(cls, artifact: Artifact) -> Self:
        tallied: Any = artifact  # by record.with_tallies
        return cls(
            name=str(artifact),
            org=artifact.org,
            title=artifact.title,
            developer=artifact.developer,
            access=artifact.get_access_display(),
            open_count=tallied.open_count,
            resolved_count=tallied.resolved_count,
            latest_at=tallied.latest_at,
            is_public=artifact.confirmed_at is not None,
            get_absolute_url=artifact.get_absolute_url(),
        )
