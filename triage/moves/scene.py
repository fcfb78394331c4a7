"""One act while it is done, and what every move asks of the rows it was given."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.models import User
from reports.models import Issue, Report
from reports.vocabulary import Status
from triage.trail import Trail


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
