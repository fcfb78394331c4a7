"""Moves that say what an issue is and when and by whom it is looked at: classify, prioritise, assign, snooze, wake."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.actors import actor_for
from accounts.models import User
from accounts.policy import Act, allows
from reports.models import Version
from reports.vocabulary import HazardLevel, Kind, LifecycleStage, Severity
from triage.moves.scene import AWAKE, Scene, stand_apart
from triage.publication import reports_in, why_held_back

KNOWN: dict[str, Collection[object]] = {
    "kind": Kind.values,
    "severity": Severity.values,
    "lifecycle_stage": ["", *LifecycleStage.values],
    "hazard_level": HazardLevel.values,
    "in_stated_use": [True, False, None],
}
MOST_WEIGHT = 2.0**40  # beyond what anybody could mean; see triage.priority for those that are offered


def classify(scene: Scene) -> None:
    """Say what it is; only what is given changes. What may not be public by its new kind or hazard level is no more."""
    given = {name: value for name, value in scene.details.items() if name in KNOWN}
    if any(value not in KNOWN[name] for name, value in given.items()):
        raise ValidationError(_("There is no such choice."))
    changes = {name: value for name, value in given.items() if getattr(scene.issue, name) != value}
    if "severity" in given and not scene.issue.severity_by_person:
        changes |= {"severity": given["severity"], "severity_by_person": True}
    if not changes:
        raise ValidationError(_("That is what it says already."))
    if "hazard_level" in changes:
        stand_apart(scene.issue, scene.by)
    was_free = not why_held_back(scene.issue, scene.at)
    scene.trail.change(scene.issue, **changes)
    if was_free and why_held_back(scene.issue, scene.at):
        scene.trail.change(scene.issue, published_at=None)


def prioritise(scene: Scene) -> None:
    """Set how urgent it is, in place of what is worked out; None lets that count again."""
    weight = scene.details.get("weight")
    if weight is not None and not 0 < weight <= MOST_WEIGHT:
        raise ValidationError(_("There is no such choice."))
    if weight == scene.issue.priority_override:
        raise ValidationError(_("That is what it says already."))
    scene.trail.change(scene.issue, priority_override=weight)


def assign(scene: Scene) -> None:
    """Give it to somebody who may decide, or to nobody."""
    assignee = scene.details.get("assignee")
    if isinstance(assignee, User) and not allows(actor_for(assignee), Act.DECIDE):
        raise ValidationError(_("%(who)s may not decide.") % {"who": assignee})
    if scene.issue.assignee_id == (assignee.pk if assignee else None):
        raise ValidationError(_("That is what it says already."))
    scene.trail.change(scene.issue, assignee=assignee)


def snooze(scene: Scene) -> None:
    """Out of the queue until a day, until it has more voices, until the next version: whichever comes first.

    It wakes by what is true when the queue is asked, so no timer has to run, and nothing is closed.
    """
    until, voices = scene.details.get("until"), scene.details.get("voices")
    if isinstance(until, datetime) and until <= scene.at:
        raise ValidationError(_("That moment has passed."))
    if voices is not None and voices <= scene.issue.voice_count:
        raise ValidationError(_("It has %(voices)d voices already.") % {"voices": scene.issue.voice_count})
    version = _newest(scene) if scene.details.get("next_version") else None
    if until is None and voices is None and version is None:
        raise ValidationError(_("Say until when."))
    asleep: dict[str, Any] = {"snoozed_at": scene.at, "snoozed_until": until, "snoozed_voices": voices}
    scene.trail.change(scene.issue, snoozed_version=version, **asleep)


def wake(scene: Scene) -> None:
    if scene.issue.snoozed_at is None:
        raise ValidationError(_("It is awake."), code="status")
    scene.trail.change(scene.issue, **AWAKE)


def _newest(scene: Scene) -> Version:
    """The newest release of an artifact of the issue: of the one it was first reported of, if that has any."""
    oldest = reports_in(scene.issue).order_by("reported_at", "pk").values_list("artifact", flat=True).first()
    known = Version.objects.filter(
        artifact__in=scene.issue.affected.values("artifact"), position__isnull=False, is_alias=False
    )
    newest = known.filter(artifact=oldest).order_by("-position").first() or known.order_by("-position", "pk").first()
    if newest is None:
        raise ValidationError(_("No version of it has a place in the order yet. Give it one at the artifact."))
    return newest
