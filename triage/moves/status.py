"""Moves that change where an issue stands: confirm, resolve, dismiss, reopen."""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from reports.models import Affected, Artifact, Version
from reports.vocabulary import AffectedStatus, Resolution, Severity, Status
from triage.moves.scene import Scene
from triage.publication import TITLE_LENGTH, default_title, next_number, reports_in, why_held_back


def confirm(scene: Scene) -> None:
    scene.trail.change(scene.issue, status=scene.to, **_confirmed(scene))
    _mark_affected(scene)


def resolve(scene: Scene) -> None:
    """End it for one artifact or for all; the issue is as open as the worst of them."""
    rows = [row for row in scene.issue.affected.select_related("artifact") if not row.artifact.is_unknown]
    version = _fix(scene, rows)
    artifact = version.artifact if version else scene.details.get("artifact")
    chosen = [row for row in rows if artifact is None or row.artifact_id == artifact.pk]
    if artifact is not None and not chosen:
        raise ValidationError(_("%(artifact)s is not named in this issue.") % {"artifact": artifact})
    still_open = [row for row in chosen if not _is_settled(row)]
    if chosen and not still_open:
        raise ValidationError(_("That is resolved already."))
    fixed = {"status": AffectedStatus.FIXED, "fixed_in": version} if version else {}
    for row in still_open:
        scene.trail.change(row, resolution=scene.reason, resolved_at=scene.at, **fixed)
    if all(_is_settled(row) for row in rows):
        scene.trail.change(scene.issue, status=scene.to, resolution=scene.reason, resolved_at=scene.at)


def dismiss(scene: Scene) -> None:
    """Close what is no issue of ours. Its page is gone, its number stays reserved."""
    changes = {"dismissal": scene.reason, "dismissed_at": scene.at, "published_at": None}
    scene.trail.change(scene.issue, status=scene.to, **changes)


def reopen(scene: Scene) -> None:
    """Back to confirmed: what was resolved stands as affected again, what was dismissed is confirmed as if new."""
    changes: dict[str, Any] = {"resolution": "", "resolved_at": None, "dismissal": "", "dismissed_at": None}
    if scene.issue.status == Status.DISMISSED:
        changes |= _confirmed(scene)
        _mark_affected(scene)
    else:
        for row in scene.issue.affected.exclude(resolution=""):
            fixed = {"status": AffectedStatus.AFFECTED} if row.status == AffectedStatus.FIXED else {}
            scene.trail.change(row, resolution="", resolved_at=None, fixed_in=None, **fixed)
    scene.trail.change(scene.issue, status=scene.to, is_possible_regression=False, **changes)


def _confirmed(scene: Scene) -> dict[str, Any]:
    """What confirming sets: the title, the dates, and publication unless something holds it back."""
    issue, details = scene.issue, scene.details
    if issue.number is None:
        issue.number = next_number(scene.at.year)  # apart from the trail: a number once given stays reserved
        issue.save(update_fields=["number"])
    changes: dict[str, Any] = {
        "public_title": _title(details.get("public_title", "")) or issue.public_title or default_title(issue, scene.at),
        "confirmed_at": issue.confirmed_at or scene.at,
        "published_at": None if why_held_back(issue, scene.at) else scene.at,
    }
    if summary := str(details.get("public_summary", "")).strip():
        changes["public_summary"] = summary
    if severity := details.get("severity"):
        if severity not in Severity.values:
            raise ValidationError(_("There is no such severity."))
        changes |= {"severity": severity, "severity_by_person": True}
    return changes


def _title(typed: object) -> str:
    title = " ".join(str(typed or "").split())
    if len(title) > TITLE_LENGTH:
        raise ValidationError(_("The title is too long: %(most)d characters at most.") % {"most": TITLE_LENGTH})
    return title


def _mark_affected(scene: Scene) -> None:
    """The artifacts of the issue's reports are affected, from the first to the last version known to be."""
    issue = scene.issue
    rows = {row.artifact_id: row for row in issue.affected.all()}
    for artifact in Artifact.objects.filter(reports__in=reports_in(issue)).distinct().order_by("pk"):
        if artifact.is_unknown:
            continue
        row = rows.get(artifact.pk) or Affected(issue=issue, artifact=artifact)
        if row.pk is None:
            scene.trail.add(row)
        seen = Version.objects.filter(
            artifact=artifact, reports__in=reports_in(issue), position__isnull=False, is_alias=False
        ).order_by("position")
        changes: dict[str, Any] = {"introduced_in": seen.first(), "last_affected": seen.last()}
        if row.status == AffectedStatus.UNDER_INVESTIGATION:
            changes["status"] = AffectedStatus.AFFECTED
        scene.trail.change(row, **changes)


def _is_settled(row: Affected) -> bool:
    return bool(row.resolution) or row.status == AffectedStatus.NOT_AFFECTED


def _fix(scene: Scene, rows: list[Affected]) -> Version | None:
    """The version that holds the fix, made if nobody has named it before; None if this is no fix."""
    named = scene.details.get("fixed_in")
    if scene.reason != Resolution.FIXED:
        if named:
            raise ValidationError(_("Only a fix names a version."))
        return None
    if isinstance(named, Version):
        return named
    name = str(named or "").strip()
    if not name:
        raise ValidationError(_("Say in which version it is fixed."))
    artifact = scene.details.get("artifact") or (rows[0].artifact if len(rows) == 1 else None)
    if artifact is None:
        raise ValidationError(_("Say of which artifact that is a version."))
    return artifact.versions.filter(name__iexact=name).first() or Version.objects.create(artifact=artifact, name=name)
