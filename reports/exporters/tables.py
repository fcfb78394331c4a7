"""The whole record as a few flat tables, a row at a time: what a dump is written from.

Every row has every column, None where nothing is known; what people wrote in reports is not among them, not even the
passages that were published: those are asked for issue by issue, and leave a page the moment they are taken back.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import islice
from typing import TypeVar

from django.db.models import Exists, OuterRef, QuerySet

from accounts.policy import ANONYMOUS
from reports.exporters.records import Record, Standing, moment, records_of
from reports.models import Affected, Artifact, Issue, Lineage, Reproduction, Version
from reports.record import artifacts_with_pages, issues_on_record, tombstones, versions_shown
from reports.twins import address_of
from reports.vocabulary import FAMILY_RELATIONS

AT_ONCE = 500  # rows
Row = Mapping[str, object]
Some = TypeVar("Some")

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "issues": (
        "number",
        "url",
        "title",
        "summary",
        "kind",
        "severity",
        "context_of_use",
        "lifecycle_stage",
        "status",
        "resolution",
        "disputed",
        "reports",
        "voices",
        "first_reported",
        "published",
        "resolved",
        "modified",
    ),
    "affected": (
        "number",
        "artifact_kind",
        "artifact",
        "status",
        "resolution",
        "introduced_in",
        "last_affected",
        "fixed_in",
        "tries",
        "failures",
        "statement",
        "stated",
        "resolved",
    ),
    "reproductions": ("number", "artifact_kind", "artifact", "version", "tries", "failures", "tried"),
    "artifacts": (
        "kind",
        "name",
        "url",
        "title",
        "developer",
        "deployer",
        "access",
        "family",
        "intended_use",
        "known_limitations",
        "data_collection",
        "card",
        "on_record_since",
    ),
    "versions": ("artifact_kind", "artifact", "version", "place", "released", "alias"),
    "lineage": ("child_kind", "child", "relation", "parent_kind", "parent", "place"),
    "tombstones": ("number", "published", "withdrawn", "reason"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the table of that name."""

    table: str
    row: Row


def lines() -> Iterator[Line]:
    """All that is public, by number and by name, so that the same record gives the same lines in the same order.

    An issue comes with what hangs on it: however long this takes, no table names an issue that another has not.
    """
    issues = issues_on_record(ANONYMOUS).order_by("number")
    for some in batches(issues.iterator(chunk_size=AT_ONCE)):
        yield from _of_issues(some)
    parents = _parents()
    pages = artifacts_with_pages(ANONYMOUS).order_by("kind", "org", "name", "pk")
    for artifact in pages.iterator(chunk_size=AT_ONCE):
        yield Line("artifacts", _artifact(artifact, parents))
    for version in _releases().iterator(chunk_size=AT_ONCE):
        yield Line("versions", _version(version))
    for step in _steps().iterator(chunk_size=AT_ONCE):
        yield Line("lineage", _step(step))
    for stone in tombstones(ANONYMOUS):
        told = (stone.number, moment(stone.published_at), moment(stone.withdrawn_at), stone.reason)
        yield Line("tombstones", named("tombstones", told))


def batches(rows: Iterable[Some]) -> Iterator[list[Some]]:
    rest = iter(rows)
    while some := list(islice(rest, AT_ONCE)):
        yield some


def named(table: str, values: Iterable[object]) -> Row:
    """The values of a row by the names of its columns; "" and None are the same nothing."""
    return {name: None if value == "" else value for name, value in zip(COLUMNS[table], values, strict=True)}


def _of_issues(issues: list[Issue]) -> Iterator[Line]:
    tried: dict[str, list[Reproduction]] = {}
    for each in _reproductions(issues):
        tried.setdefault(each.issue.number or "", []).append(each)
    for record in records_of(issues):
        yield Line("issues", _issue(record))
        for standing in record.standings:
            yield Line("affected", _affected(record, standing))
        for reproduction in tried.get(record.number, ()):
            yield Line("reproductions", _reproduction(reproduction))


def _issue(record: Record) -> Row:
    return named(
        "issues",
        (
            record.number,
            record.url,
            record.title,
            record.summary,
            record.kind,
            record.severity,
            record.context_of_use,
            record.lifecycle_stage,
            record.status,
            record.resolution,
            record.is_disputed,
            record.report_count,
            record.voice_count,
            _day(record.first_reported),
            moment(record.published),
            moment(record.resolved),
            moment(record.modified),
        ),
    )


def _affected(record: Record, standing: Standing) -> Row:
    return named(
        "affected",
        (
            record.number,
            standing.kind,
            standing.full_name,
            standing.status,
            standing.resolution,
            standing.introduced_in,
            standing.last_affected,
            standing.fixed_in,
            standing.tries,
            standing.failures,
            standing.statement,
            moment(standing.stated_at),
            moment(standing.resolved_at),
        ),
    )


def _reproductions(issues: list[Issue]) -> "QuerySet[Reproduction]":
    """Tries that people recorded, on artifacts that the public sees in that issue. Reporters' own are not among them,
    nor who tried, with which settings, and what they wrote of it."""
    seen = Affected.objects.visible_to(ANONYMOUS).filter(issue=OuterRef("issue"), artifact=OuterRef("artifact"))
    tried = Reproduction.objects.filter(Exists(seen), issue__in=issues, ended_at=None, report=None)
    return tried.select_related("issue", "artifact", "version").order_by("tried_at", "pk")


def _reproduction(tried: Reproduction) -> Row:
    return named(
        "reproductions",
        (
            tried.issue.number,
            tried.artifact.kind,
            str(tried.artifact),
            str(tried.version or ""),
            tried.tries,
            tried.failures,
            _day(tried.tried_at),
        ),
    )


def _parents() -> dict[int, Artifact]:
    """Of models by their keys the parent that gives the family, as far as steps are told."""
    first: dict[int, Artifact] = {}
    for step in _steps().filter(relation__in=FAMILY_RELATIONS).order_by("position", "pk"):
        first.setdefault(step.child_id, step.parent)
    return first


def _family(artifact: Artifact, parents: Mapping[int, Artifact]) -> Artifact:
    """The first it came from, by steps that are told: a step over what is hidden would tell of that."""
    while artifact.pk in parents:
        artifact = parents[artifact.pk]
    return artifact


def _artifact(artifact: Artifact, parents: Mapping[int, Artifact]) -> Row:
    return named(
        "artifacts",
        (
            artifact.kind,
            str(artifact),
            address_of(artifact),
            artifact.title,
            artifact.developer,
            artifact.deployer,
            artifact.access,
            str(_family(artifact, parents)),
            artifact.intended_use,
            artifact.known_limitations,
            artifact.data_collection,
            artifact.card_url,
            _day(artifact.confirmed_at),
        ),
    )


def _releases() -> "QuerySet[Version]":
    told = versions_shown(ANONYMOUS).filter(artifact__in=artifacts_with_pages(ANONYMOUS))
    by_name = ("artifact__kind", "artifact__org", "artifact__name", "position", "name")
    return told.select_related("artifact").order_by(*by_name)


def _version(version: Version) -> Row:
    artifact = version.artifact
    told = (artifact.kind, str(artifact), version.name, version.position, _day(version.released_on), version.is_alias)
    return named("versions", told)


def _steps() -> "QuerySet[Lineage]":
    pages = artifacts_with_pages(ANONYMOUS)
    by_name = ("child__kind", "child__org", "child__name", "position", "parent__org", "parent__name", "relation")
    steps = Lineage.objects.filter(child__in=pages, parent__in=pages)
    return steps.select_related("child", "parent").order_by(*by_name)


def _step(step: Lineage) -> Row:
    child, parent = step.child, step.parent
    told = (child.kind, str(child), step.relation, parent.kind, str(parent), step.position)
    return named("lineage", told)


def _day(at: date | None) -> str | None:
    """Of a moment the day in UTC."""
    if isinstance(at, datetime):
        at = at.astimezone(UTC).date()
    return at.isoformat() if at else None
