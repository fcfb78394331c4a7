"""How artifacts stand in an issue when it changes: who is affected, from which version on, and what is settled."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from reports.models import Affected, Artifact, Issue, Version
from reports.vocabulary import AffectedStatus, Status
from triage.clocks import answerable
from triage.moves.scene import Scene
from triage.publication import reports_in
from triage.trail import Trail

COPIED = (
    "status",
    "introduced_in_id",
    "last_affected_id",
    "fixed_in_id",
    "resolution",
    "resolved_at",
    "statement",
    "stated_by_id",
    "stated_at",
    "tries",
    "failures",
    "untested_reason",
)
CLOCKS = ("notified_at", "acknowledged_at")


def mark_affected(scene: Scene) -> list[Affected]:
    """The artifacts of the issue's reports are affected, from the first to the last version known to be."""
    issue = scene.issue
    rows = {row.artifact_id: row for row in issue.affected.all()}
    for artifact in Artifact.objects.filter(reports__in=reports_in(issue)).distinct().order_by("pk"):
        if artifact.is_unknown:
            continue
        row = rows.setdefault(artifact.pk, Affected(issue=issue, artifact=artifact))
        if row.pk is None:
            scene.trail.add(row)
        seen = Version.objects.filter(
            artifact=artifact, reports__in=reports_in(issue), position__isnull=False, is_alias=False
        ).order_by("position")
        changes: dict[str, Any] = {"introduced_in": seen.first(), "last_affected": seen.last()}
        if row.status == AffectedStatus.UNDER_INVESTIGATION:
            changes["status"] = AffectedStatus.AFFECTED
        scene.trail.change(row, **changes)
    return list(rows.values())


def notify_maintainers(rows: Iterable[Affected], *, at: datetime, trail: Trail) -> list[Affected]:
    """Start the clock for each row whose artifact has a maintainer and who was not told before. Returns those rows.

    Word goes to them by the notices; this says since when they know.
    """
    untold = [row for row in rows if row.notified_at is None]
    known = answerable(row.artifact_id for row in untold)
    told = [row for row in untold if row.artifact_id in known]
    for row in told:
        trail.change(row, notified_at=at)
    return told


def unite_affected(scene: Scene, issue: Issue, target: Issue) -> None:
    """What was said of each artifact in the issue holds in the target, unless more was said of it there."""
    there = {row.artifact_id: row for row in target.affected.select_related("introduced_in", "last_affected")}
    for row in issue.affected.select_related("introduced_in", "last_affected"):
        stands = there.get(row.artifact_id)
        if stands is None:
            scene.trail.add(
                Affected(
                    issue=target, artifact_id=row.artifact_id, **{name: getattr(row, name) for name in COPIED + CLOCKS}
                )
            )
            continue
        clocks = {name: getattr(stands, name) or getattr(row, name) for name in CLOCKS}
        is_judged = stands.status != AffectedStatus.UNDER_INVESTIGATION
        said = _widened(stands, row) if is_judged else {name: getattr(row, name) for name in COPIED}
        scene.trail.change(stands, **clocks, **said)


def is_settled(row: Affected) -> bool:
    return bool(row.resolution) or row.status == AffectedStatus.NOT_AFFECTED


def open_as_its_worst(scene: Scene, issue: Issue) -> None:
    """A resolved issue in which an artifact is affected and not settled is open again (DESIGN §3, "States")."""
    if issue.status != Status.RESOLVED:
        return
    if issue.affected.filter(status=AffectedStatus.AFFECTED, resolution="").exists():
        scene.trail.change(issue, status=Status.CONFIRMED, resolution="", resolved_at=None)


def _widened(stands: Affected, row: Affected) -> dict[str, Any]:
    """From the first version that either names to the last. Versions without a place in the order say nothing."""
    firsts = [each for each in (stands.introduced_in, row.introduced_in) if each and each.position is not None]
    lasts = [each for each in (stands.last_affected, row.last_affected) if each and each.position is not None]
    return {
        "introduced_in_id": min(firsts, key=_place).pk if firsts else stands.introduced_in_id,
        "last_affected_id": max(lasts, key=_place).pk if lasts else stands.last_affected_id,
    }


def _place(version: Version) -> int:
    return version.position or 0
