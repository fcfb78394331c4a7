"""Letting held reports out of their lane: from then on they have a voice, and what follows from one."""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from reports.models.embargo import strictest
from triage.moves.placing import flag_regressions
from triage.moves.scene import Scene, report_here
from triage.publication import reports_in


def release(scene: Scene) -> None:
    """Release the report that is named, or else all that are held in the issue.

    What a held one told of had no effect while it was held: how hard it is to meet, an embargo on what is not public
    yet, and a failure on a version that was to hold the fix.
    """
    meant = reports_in(scene.issue).filter(pk=report_here(scene).pk) if scene.report else reports_in(scene.issue)
    held = list(meant.filter(held_at__isnull=False).select_related("artifact", "version").order_by("reported_at", "pk"))
    if not held:
        raise ValidationError(_("Nothing is held here. Somebody may have released it."), code="status")
    scene.trail.change_all(held, held_at=None)
    issue = scene.issue
    changes: dict[str, Any] = {"hazard_level": max(issue.hazard_level, *(report.hazard_level for report in held))}
    if issue.published_at is None:
        changes |= strictest(issue, *held)
    scene.trail.change(issue, **changes)
    flag_regressions(scene, issue, held)
