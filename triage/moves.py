"""The table of moves: which verb leads an issue from where to where, and what it must be told.

The inverse of every move is the same: ``triage.decisions.undo`` puts back what its trail remembers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from reports.models import Affected, Artifact, Issue, Placement, Report, Version
from reports.vocabulary import AffectedStatus, Dismissal, PlacedBy, Resolution, Severity, Status
from triage import constraints
from triage.matching import flag_regression, note_affected, open_issue
from triage.models import Proposal, Suggestion
from triage.proposals import waiting_proposals
from triage.publication import TITLE_LENGTH, default_title, next_number, reports_in, why_held_back
from triage.trail import Trail


class Verb(models.TextChoices):
    """What a person may decide. The last two are not moves of an issue."""

    CONFIRM = "confirm", gettext_lazy("Confirm")
    RESOLVE = "resolve", gettext_lazy("Resolve")
    DISMISS = "dismiss", gettext_lazy("Dismiss")
    REOPEN = "reopen", gettext_lazy("Reopen")
    PLACE = "place", gettext_lazy("Place")
    KEEP = "keep", gettext_lazy("It belongs here")
    PART = "part", gettext_lazy("Not this one")
    LOOK = "look", gettext_lazy("Looked at")
    REFUSE = "refuse", gettext_lazy("Refuse a proposal")
    UNDO = "undo", gettext_lazy("Undo")
    CONFIRM_ARTIFACT = "confirm_artifact", gettext_lazy("Confirm artifact")


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


def place(scene: Scene) -> None:
    """Move one report to another issue, and remember for ever what a person said by it.

    A new issue that is left empty becomes one with the target: it leaves the queue and redirects.
    """
    report, issue, target = scene.report, scene.issue, scene.target
    if report is None or target is None:
        raise ValidationError(_("Say which report is to go into which issue."))
    stood = _standing(report, issue, target)
    is_last = not reports_in(issue).exclude(pk=report.pk).exists()
    if is_last and issue.status != Status.NEW:
        raise ValidationError(_("This is the last report of %(issue)s, which would stand empty.") % {"issue": issue})
    scene.trail.change(stood, superseded_at=scene.at)
    followed = _answer_suggestions(scene, report, target)
    scene.trail.add(
        Placement(
            report=report,
            issue=target,
            by=PlacedBy.PERSON,
            placer=scene.by,
            score=followed.score if followed else None,
            method=followed.method if followed else "",
            reasons=followed.reasons if followed else {},
            placed_at=scene.at,
        )
    )
    constraints.part(report, issue, trail=scene.trail, at=scene.at)
    constraints.join(report, target, trail=scene.trail, at=scene.at)
    if is_last:
        scene.trail.change(issue, status=Status.MERGED, merged_into=target)
    flag_regression(target, report)
    if Issue.objects.filter(pk=target.pk, is_possible_regression=True).exists():
        scene.trail.change(target, is_possible_regression=True)


def keep(scene: Scene) -> None:
    """The engine put a report into an issue that people have judged, and it was right."""
    report = _named(scene)
    stood = _placed(report, scene.issue)
    if not stood.needs_look:
        raise ValidationError(_("Somebody has looked at that already."), code="status")
    scene.trail.change(stood, needs_look=False)
    constraints.join(report, scene.issue, trail=scene.trail, at=scene.at)


def part(scene: Scene) -> None:
    """It was wrong: the report goes out into a new issue of its own, for ever apart from those it stood with."""
    report = _named(scene)
    stood = _placed(report, scene.issue)
    if not reports_in(scene.issue).exclude(pk=report.pk).exists():
        raise ValidationError(_("This is the only report of the issue."))
    scene.trail.change(stood, superseded_at=scene.at)
    scene.target = open_issue(report)
    note_affected(scene.target, report)
    near = stood.reasons.get("near")
    scene.trail.add(
        Placement(
            report=report,
            issue=scene.target,
            by=PlacedBy.PERSON,
            placer=scene.by,
            reasons={"near": near} if near else {},
            placed_at=scene.at,
        )
    )
    constraints.part(report, scene.issue, trail=scene.trail, at=scene.at)


def look(scene: Scene) -> None:
    """Somebody has looked at why an issue grew so fast: any decision settles that, and this one does nothing else."""
    if scene.issue.growth_flagged_at is None:
        raise ValidationError(_("Somebody has looked at that already."), code="status")


def refuse(scene: Scene) -> None:
    """What the engine proposed overnight, to make two issues one or one two, is not so."""
    named = scene.details.get("proposal")
    proposal = proposals_about(scene.issue).filter(pk=named.pk).first() if isinstance(named, Proposal) else None
    if proposal is None:
        raise ValidationError(_("Somebody has answered that already."), code="status")
    scene.trail.change(proposal, refused_at=scene.at)


def proposals_about(issue: Issue) -> "models.QuerySet[Proposal]":
    """What the engine proposes for the issue and nobody has answered, the surest first."""
    return waiting_proposals().filter(Q(issue=issue) | Q(other=issue))


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


def _standing(report: Report, issue: Issue, target: Issue) -> Placement:
    """The placement that is to be superseded, once it is clear that the report may go."""
    stood = _placed(report, issue)
    if Placement.objects.active().filter(report=report, issue=target).exists():
        raise ValidationError(_("The report is in that issue already."))
    if target.status == Status.MERGED:
        raise ValidationError(_("That issue has been merged into another."))
    if issue.family_id != target.family_id and not report.artifact.is_unknown:
        raise ValidationError(_("That issue is about another family; grouping never crosses families."))
    return stood


def _named(scene: Scene) -> Report:
    if scene.report is None:
        raise ValidationError(_("Say which report is meant."))
    return scene.report


def _placed(report: Report, issue: Issue) -> Placement:
    stood = Placement.objects.active().filter(report=report, issue=issue).first()
    if stood is None:
        raise ValidationError(_("The report is no longer in this issue."), code="status")
    return stood


def _answer_suggestions(scene: Scene, report: Report, target: Issue) -> Suggestion | None:
    """Mark the engine's opinions of this report as taken or refused; the one that was followed, if any."""
    followed = None
    waiting = Q(taken_at=None, refused_at=None)
    for opinion in Suggestion.objects.filter(waiting, report=report).select_related("issue"):
        if target.pk in (opinion.issue_id, opinion.issue.merged_into_id):
            followed = opinion
            scene.trail.change(opinion, taken_at=scene.at)
        else:
            scene.trail.change(opinion, refused_at=scene.at)
    return followed


@dataclass(frozen=True, slots=True)
class Move:
    """A row of the table. ``to`` is where it leads, unless part of the issue holds it back; None: it stays.

    ``reasons`` is the closed list its reason comes from; ``takes`` names the details it may be told.
    """

    start: frozenset[Status]
    to: Status | None
    act: Callable[[Scene], None]
    reasons: type[models.TextChoices] | None = None
    takes: frozenset[str] = frozenset()
    refusals: Mapping[Status, Promise] = field(default_factory=dict)


_TITLED = frozenset({"public_title", "public_summary", "severity"})
_STANDING = frozenset({Status.NEW, Status.CONFIRMED, Status.RESOLVED})
_MERGED = {Status.MERGED: gettext_lazy("This issue has been merged into another. Decide there.")}
_DISMISSED = {Status.DISMISSED: gettext_lazy("This issue is dismissed already.")}
_STAYS = {Status.DISMISSED: gettext_lazy("Cannot move a report out of an issue that is dismissed. Reopen it first.")}

MOVES: Mapping[Verb, Move] = {
    Verb.CONFIRM: Move(
        start=frozenset({Status.NEW}),
        to=Status.CONFIRMED,
        act=confirm,
        takes=_TITLED,
        refusals=_MERGED
        | {
            Status.CONFIRMED: gettext_lazy("This issue is confirmed already."),
            Status.RESOLVED: gettext_lazy("Cannot confirm an issue that is resolved. Reopen it."),
            Status.DISMISSED: gettext_lazy("Cannot confirm an issue that is dismissed. Reopen it."),
        },
    ),
    Verb.RESOLVE: Move(
        start=frozenset({Status.CONFIRMED}),
        to=Status.RESOLVED,
        act=resolve,
        reasons=Resolution,
        takes=frozenset({"fixed_in", "artifact"}),
        refusals=_MERGED
        | {
            Status.NEW: gettext_lazy("Cannot resolve an issue that is still new. Confirm it first."),
            Status.RESOLVED: gettext_lazy("This issue is resolved already."),
            Status.DISMISSED: gettext_lazy("Cannot resolve an issue that is dismissed. Reopen it first."),
        },
    ),
    Verb.DISMISS: Move(
        start=frozenset({Status.NEW, Status.CONFIRMED}),
        to=Status.DISMISSED,
        act=dismiss,
        reasons=Dismissal,
        refusals=_MERGED
        | {
            Status.RESOLVED: gettext_lazy("Cannot dismiss an issue that is resolved. Reopen it first."),
            Status.DISMISSED: gettext_lazy("This issue is dismissed already."),
        },
    ),
    Verb.REOPEN: Move(
        start=frozenset({Status.RESOLVED, Status.DISMISSED}),
        to=Status.CONFIRMED,
        act=reopen,
        takes=_TITLED,
        refusals=_MERGED
        | {
            Status.NEW: gettext_lazy("Cannot reopen an issue that is still new. It was never closed."),
            Status.CONFIRMED: gettext_lazy("Cannot reopen an issue that is open."),
        },
    ),
    Verb.PLACE: Move(
        start=_STANDING,
        to=Status.MERGED,
        act=place,
        takes=frozenset({"target"}),
        refusals=_MERGED | _STAYS,
    ),
    Verb.KEEP: Move(start=_STANDING, to=None, act=keep, refusals=_MERGED | _DISMISSED),
    Verb.PART: Move(start=_STANDING, to=None, act=part, refusals=_MERGED | _STAYS),
    Verb.LOOK: Move(start=_STANDING, to=None, act=look, refusals=_MERGED | _DISMISSED),
    Verb.REFUSE: Move(
        start=_STANDING, to=None, act=refuse, takes=frozenset({"proposal"}), refusals=_MERGED | _DISMISSED
    ),
}
