"""Moves that change where an issue stands: confirm, resolve, dismiss, reopen."""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.policy import ANONYMOUS
from reports.models import Affected, Issue, Reproduction, Version
from reports.vocabulary import AffectedStatus, Resolution, Severity, Status
from triage.moves.affecting import is_settled, mark_affected, notify_maintainers
from triage.moves.answering import accept, stated
from triage.moves.scene import AWAKE, Scene
from triage.publication import TITLE_LENGTH, default_title, next_number, why_held_back


def confirm(scene: Scene) -> None:
    scene.trail.change(scene.issue, status=scene.to, **_confirmed(scene))
    notify_maintainers(mark_affected(scene), at=scene.at, trail=scene.trail)


def resolve(scene: Scene) -> None:
    """End it for one artifact or for all; the issue is as open as the worst of them.

    A fix is told in a statement, and somebody tried again without a failure or says why nobody could.
    """
    rows = [row for row in scene.issue.affected.select_related("artifact") if not row.artifact.is_unknown]
    version = _fix(scene, rows)
    artifact = version.artifact if version else scene.details.get("artifact")
    chosen = [row for row in rows if artifact is None or row.artifact_id == artifact.pk]
    if artifact is not None and not chosen:
        raise ValidationError(_("%(artifact)s is not named in this issue.") % {"artifact": artifact})
    still_open = [row for row in chosen if not is_settled(row)]
    if chosen and not still_open:
        raise ValidationError(_("That is resolved already."))
    answer = accept(scene, still_open)
    changes = {"resolution": scene.reason, "resolved_at": scene.at, **stated(scene, answer)}
    if version:
        changes |= {"status": AffectedStatus.FIXED, "fixed_in": version, "untested_reason": _untested(scene, version)}
    for row in still_open:
        scene.trail.change(row, **changes)
    if all(is_settled(row) for row in rows):
        scene.trail.change(scene.issue, status=scene.to, resolution=scene.reason, resolved_at=scene.at, **AWAKE)


def dismiss(scene: Scene) -> None:
    """Close what is no issue of ours. Its page is gone, its number stays reserved."""
    changes = {"dismissal": scene.reason, "dismissed_at": scene.at, "published_at": None, "is_disputed": False}
    scene.trail.change(scene.issue, status=scene.to, **changes, **buried(scene), **AWAKE)


def buried(scene: Scene) -> dict[str, Any]:
    """What marks a page that is taken away: a tombstone, where everybody could read it until now, and only there."""
    was_public = Issue.objects.visible_to(ANONYMOUS).filter(pk=scene.issue.pk).exists()
    return {"withdrawn_at": scene.at} if was_public else {}


def reopen(scene: Scene) -> None:
    """Back to confirmed: what was resolved stands as affected again, what was dismissed is confirmed as if new."""
    changes: dict[str, Any] = {"resolution": "", "resolved_at": None, "dismissal": "", "dismissed_at": None}
    if scene.issue.status == Status.DISMISSED:
        changes |= _confirmed(scene)
        notify_maintainers(mark_affected(scene), at=scene.at, trail=scene.trail)
    else:
        for row in scene.issue.affected.exclude(resolution=""):
            fixed = {"status": AffectedStatus.AFFECTED} if row.status == AffectedStatus.FIXED else {}
            scene.trail.change(row, resolution="", resolved_at=None, fixed_in=None, untested_reason="", **fixed)
    changes |= {"is_possible_regression": False, "is_disputed": False, **AWAKE}
    scene.trail.change(scene.issue, status=scene.to, **changes)


def title_of(typed: object) -> str:
    """A public title as it is stored. Raises ValidationError if it is too long."""
    title = " ".join(str(typed or "").split())
    if len(title) > TITLE_LENGTH:
        raise ValidationError(_("The title is too long: %(most)d characters at most.") % {"most": TITLE_LENGTH})
    return title


def _confirmed(scene: Scene) -> dict[str, Any]:
    """What confirming sets: the title, the dates, and publication unless something holds it back."""
    issue, details = scene.issue, scene.details
    if issue.number is None:
        issue.number = next_number(scene.at.year)  # apart from the trail: a number once given stays reserved
        issue.save(update_fields=["number"])
    changes: dict[str, Any] = {
        "public_title": title_of(details.get("public_title", ""))
        or issue.public_title
        or default_title(issue, scene.at),
        "confirmed_at": issue.confirmed_at or scene.at,
        **({} if why_held_back(issue, scene.at) else {"published_at": scene.at, "withdrawn_at": None}),
        **AWAKE,
    }
    if summary := str(details.get("public_summary", "")).strip():
        changes["public_summary"] = summary
    if severity := details.get("severity"):
        if severity not in Severity.values:
            raise ValidationError(_("There is no such severity."))
        changes |= {"severity": severity, "severity_by_person": True}
    return changes


def _fix(scene: Scene, rows: Sequence[Affected]) -> Version | None:
    """The version that holds the fix, made if nobody has named it before; None if this is no fix."""
    named = scene.details.get("fixed_in")
    if scene.reason != Resolution.FIXED:
        if named:
            raise ValidationError(_("Only a fix names a version."))
        return None
    if not (scene.details.get("statement") or scene.details.get("answer")):
        raise ValidationError(_("Say what was done: a fix needs a statement."))
    if isinstance(named, Version):
        return named
    name = str(named or "").strip()
    if not name:
        raise ValidationError(_("Say in which version it is fixed."))
    artifact = scene.details.get("artifact") or (rows[0].artifact if len(rows) == 1 else None)
    if artifact is None:
        raise ValidationError(_("Say of which artifact that is a version."))
    return artifact.versions.filter(name__iexact=name).first() or Version.objects.create(artifact=artifact, name=name)


def _untested(scene: Scene, version: Version) -> str:
    """Why nobody tried the fix; "" where somebody did and it held. Raises ValidationError if neither is told."""
    if holds(scene.issue, version):
        return ""
    reason = str(scene.details.get("untested_reason") or "").strip()
    if not reason:
        raise ValidationError(
            _(
                "Nobody has tried %(version)s without a failure. Record a reproduction on it or a later version, "
                "or say why that is not possible."
            )
            % {"version": version}
        )
    return reason


def holds(issue: Issue, version: Version) -> bool:
    """Whether somebody tried the version, or one after it by the order of versions, and saw no failure."""
    on_it = Q(version=version)
    if version.position is not None:
        on_it |= Q(version__artifact=version.artifact_id, version__position__gte=version.position)
    tried = Reproduction.objects.filter(on_it, issue=issue, failures=0, ended_at=None, version__is_alias=False)
    return tried.exists()
