"""An issue in plain values, as every format is written from it: nothing in it that its page does not say."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from django.conf import settings

from reports.models import Affected, Issue, Version
from reports.record import affected_of, modified_at


@dataclass(frozen=True, slots=True)
class Standing:
    """How one artifact stands in the issue. Versions by name; ``affected_versions`` oldest first, as far as known."""

    kind: str
    org: str
    name: str
    developer: str = ""
    deployer: str = ""
    access: str = ""
    url: str = ""
    status: str = ""
    resolution: str = ""
    introduced_in: str = ""
    last_affected: str = ""
    fixed_in: str = ""
    affected_versions: tuple[str, ...] = ()
    tries: int | None = None
    failures: int | None = None
    statement: str = ""
    stated_at: datetime | None = None
    resolved_at: datetime | None = None

    @property
    def full_name(self) -> str:
        return f"{self.org}/{self.name}" if self.org else self.name


@dataclass(frozen=True, slots=True)
class Record:
    number: str
    url: str
    title: str
    summary: str
    kind: str
    severity: str
    status: str
    published: datetime
    modified: datetime
    context_of_use: str = ""
    lifecycle_stage: str = ""
    resolution: str = ""
    is_disputed: bool = False
    first_reported: datetime | None = None
    resolved: datetime | None = None
    report_count: int = 0
    voice_count: int = 0
    standings: tuple[Standing, ...] = field(default_factory=tuple)


def record_of(issue: Issue) -> Record:
    """An issue that was fetched through ``record.issues_on_record``."""
    return next(records_of([issue]))


def records_of(issues: Sequence[Issue]) -> Iterator[Record]:
    """The same for many, with one query for the versions of them all."""
    versions = _versions_of([row for issue in issues for row in affected_of(issue)])
    for issue in issues:
        yield _record(issue, versions)


def _record(issue: Issue, versions: dict[int, list[Version]]) -> Record:
    published = issue.published_at or issue.opened_at
    return Record(
        number=issue.number or "",
        url=f"{settings.SITE_URL}{issue.get_absolute_url()}",
        title=issue.public_title,
        summary=issue.public_summary,
        kind=issue.kind,
        severity=issue.severity,
        status=issue.status,
        published=published,
        modified=modified_at(issue) or published,
        context_of_use=issue.context_of_use,
        lifecycle_stage=issue.lifecycle_stage,
        resolution=issue.resolution,
        is_disputed=issue.is_disputed,
        first_reported=issue.first_reported_at,
        resolved=issue.resolved_at,
        report_count=issue.report_count,
        voice_count=issue.voice_count,
        standings=tuple(_standing(row, versions.get(row.artifact_id, [])) for row in affected_of(issue)),
    )


def _standing(row: Affected, versions: list[Version]) -> Standing:
    artifact = row.artifact
    return Standing(
        kind=artifact.kind,
        org=artifact.org,
        name=artifact.name,
        developer=artifact.developer,
        deployer=artifact.deployer,
        access=artifact.access,
        url="" if artifact.is_unknown else f"{settings.SITE_URL}{artifact.get_absolute_url()}",
        status=row.status,
        resolution=row.resolution,
        introduced_in=str(row.introduced_in or ""),
        last_affected=str(row.last_affected or ""),
        fixed_in=str(row.fixed_in or ""),
        affected_versions=affected_in(row, versions),
        tries=row.tries,
        failures=row.failures,
        statement=row.statement,
        stated_at=row.stated_at,
        resolved_at=row.resolved_at,
    )


def _versions_of(rows: Sequence[Affected]) -> dict[int, list[Version]]:
    asked = {row.artifact_id for row in rows if row.introduced_in_id or row.last_affected_id or row.fixed_in_id}
    return releases_of(asked) if asked else {}


def releases_of(artifacts: Collection[int]) -> dict[int, list[Version]]:
    """The releases of artifacts, by their keys, in order; names without a place in it are left out."""
    found: dict[int, list[Version]] = {}
    ordered = Version.objects.filter(artifact__in=artifacts, position__isnull=False, is_alias=False)
    for version in ordered.order_by("artifact", "position"):
        found.setdefault(version.artifact_id, []).append(version)
    return found


def affected_in(row: Affected, releases: Iterable[Version]) -> tuple[str, ...]:
    """The names of those that are affected, as far as somebody said so."""
    return tuple(version.name for version in releases if is_affected(version, row))


def is_affected(version: Version, row: Affected) -> bool | None:
    """By the order of releases, from the first known to be affected; None where nobody has said: it is not guessed."""
    since, until, before = (_place(each) for each in (row.introduced_in, row.last_affected, row.fixed_in))
    place = _place(version)
    if place is None:
        return None
    before_start = since is not None and place < since
    after_end = (until is not None and place > until) or (before is not None and place >= before)
    if before_start or after_end:
        return False
    if version in (row.introduced_in, row.last_affected):
        return True
    ends_somewhere = any(end and _place(end) is None for end in (row.last_affected, row.fixed_in))
    return None if since is None or ends_somewhere else True


def _place(version: Version | None) -> float | None:
    return None if version is None or version.position is None else float(version.position)


def moment(at: datetime | None) -> str | None:
    """In UTC and to the second, "2026-05-03T10:00:00Z", as all these formats read it.

    >>> moment(datetime(2026, 5, 3, 10, tzinfo=UTC))
    '2026-05-03T10:00:00Z'
    """
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else None


def given(**values: object) -> dict[str, object]:
    """Those that say something: None, "" and what is empty are left out; 0 and False are not."""
    return {name: value for name, value in values.items() if value not in (None, "", [], {}, ())}


def facts_of(standing: Standing) -> dict[str, object]:
    """How an artifact stands, in the words of the API; what is not known is left out."""
    return given(
        status=standing.status,
        resolution=standing.resolution,
        introduced_in=standing.introduced_in,
        last_affected=standing.last_affected,
        fixed_in=standing.fixed_in,
        tries=standing.tries,
        failures=standing.failures,
        statement=standing.statement,
        stated=moment(standing.stated_at),
        resolved=moment(standing.resolved_at),
    )
