"""One act while it is done, and what every move asks of the rows it was given."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.models import Grant, Role, User
from reports.models import Artifact, Issue, Report
from reports.vocabulary import Status
from triage.publication import reports_in
from triage.trail import Trail

# What ends a snooze: whoever decides has looked.
AWAKE: Mapping[str, Any] = {"snoozed_at": None, "snoozed_until": None, "snoozed_voices": None, "snoozed_version": None}


@dataclass(slots=True)
class Scene:
    """One act while it is done: locked rows, who, when, what was said, and the trail it leaves."""

    issue: Issue
    to: Status | None
    by: User
    at: datetime
    reason: str
    details: Mapping[str, Any]
    report: Report | None
    target: Issue | None
    trail: Trail = field(default_factory=Trail)


def named_report(scene: Scene) -> Report:
    if scene.report is None:
        raise ValidationError(_("Say which report is meant."))
    return scene.report


def report_here(scene: Scene) -> Report:
    """The report that is meant as it is now, once it is clear that it stands in the issue still.

    Its row is locked: it may stand in another issue too, where somebody decides on it at the same moment.
    """
    stands = reports_in(scene.issue).filter(pk=named_report(scene).pk)
    report = stands.select_for_update(of=["self"]).first()
    if report is None:
        raise ValidationError(_("The report is no longer in this issue."), code="status")
    return report


def within(text: str, most: int) -> str:
    """The text. Raises ValidationError if it has more characters."""
    if len(text) > most:
        raise ValidationError(_("That is too long: %(most)d characters at most.") % {"most": most})
    return text


def stand_apart(issue: Issue, by: User) -> None:
    """Nobody decides alone on what they reported, nor on what they answer for as a maintainer.

    Raises ValidationError with the code "apart".
    """
    if reports_in(issue).filter(reporter=by).exists():
        raise ValidationError(_("You filed a report in this issue, so somebody else has to decide."), code="apart")
    if issue.affected.filter(artifact__in=answers_for(by)).exists():
        raise ValidationError(
            _("You answer for an artifact of this issue, so somebody else has to decide."), code="apart"
        )


def answers_for(user: User) -> frozenset[int]:
    """The artifacts the account answers for, whether or not its second factor is set up, and what those became part of.

    A merge hands nobody's role on; it makes nobody a stranger either.
    """
    held = Grant.objects.filter(user=user, role=Role.MAINTAINER, ended_at=None, artifact_id__isnull=False)
    named = frozenset(artifact_id for artifact_id in held.values_list("artifact_id", flat=True) if artifact_id)
    if not named:
        return named
    led = Artifact.objects.filter(pk__in=named, merged_into__isnull=False).values_list("merged_into", flat=True)
    return named | {artifact_id for artifact_id in led if artifact_id}
