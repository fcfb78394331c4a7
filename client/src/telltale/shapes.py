"""What a site tells, by its shapes. Fields are added over time: what is not named here is kept, and passed on."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

ArtifactKind = Literal["model", "system", "dataset"]
Form = Literal["json", "osv", "openvex", "avid", "csv"]


class Receipt(TypedDict):
    """The answer to a report that was filed. ``receipt`` is told once: whoever has it can read and withdraw it."""

    reference: str
    receipt: str
    status: str
    url: str


class Step(TypedDict):
    at: str
    status: str


ThreadLine = TypedDict("ThreadLine", {"at": str, "from": str, "kind": str, "text": str})


class Standing(TypedDict):
    """Where a report stands. ``issue`` is None until the public may see it; ``may`` is what can be done now."""

    reference: str
    status: str
    issue: str | None
    timeline: list[Step]
    is_withdrawn: bool
    thread: list[ThreadLine]
    may: list[str]
    disputable: list[str]


class BulkError(TypedDict):
    pointer: str
    detail: str


class BulkResult(TypedDict, total=False):
    """What became of one of many reports: filed (with a receipt), here already, or refused (with errors)."""

    index: int
    reference: str
    receipt: str
    url: str
    already_here: bool
    errors: list[BulkError]


class Bulk(TypedDict):
    """What became of all: ``results`` are in the order in which they were given, ``index`` counts from 0."""

    filed: int
    already_here: int
    rejected: int
    results: list[BulkResult]


class Affected(TypedDict, total=False):
    """How one artifact stands in an issue. ``name`` is org/name."""

    kind: str
    name: str
    url: str | None
    status: str
    resolution: str
    introduced_in: str | None
    last_affected: str | None
    fixed_in: str | None
    tries: int | None
    failures: int | None
    statement: str


class Issue(TypedDict, total=False):
    """An issue on record. ``number`` names it."""

    id: str
    number: str
    url: str | None
    title: str
    summary: str
    kind: str
    status: str
    resolution: str
    severity: str
    context_of_use: str
    disputed: bool
    artifacts: list[Affected]
    report_count: int
    voice_count: int
    first_reported: str | None
    published: str | None
    resolved: str | None
    modified: str | None


class Artifact(TypedDict, total=False):
    """A model, system or dataset. ``name`` is org/name."""

    kind: str
    name: str
    url: str
    title: str
    developer: str
    deployer: str
    access: str
    versions: list[dict[str, Any]]
    parents: list[dict[str, Any]]
    open_issues: int
    resolved_issues: int
    on_record_since: str | None


class ImportStatus(TypedDict, total=False):
    """How far an import is. ``state``: uploading, waiting, running, done, cancelled or failed (see ``error``)."""

    id: int
    url: str
    page: str
    format: str
    name: str
    size: int
    sha256: str
    offset: int
    options: dict[str, Any]
    dry_run: bool
    state: str
    percent: int
    read: int
    found: int | None
    filed: int
    already_here: int
    rejected: int
    passed: int
    distinct_new: int | None
    error: str
    rejects: str


class Reject(TypedDict):
    """What an import did not file. ``line`` counts what the format counts."""

    line: int
    reason: str
