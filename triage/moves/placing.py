"""Moves that say where reports belong, and what the engine got right."""

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _

from reports.models import Issue, Placement, Report
from reports.vocabulary import PlacedBy, Status
from triage import constraints
from triage.matching import flag_regression, note_affected, open_issue
from triage.models import Proposal, Suggestion
from triage.moves.scene import Scene, named_report
from triage.proposals import waiting_proposals
from triage.publication import reports_in


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
    report = named_report(scene)
    stood = _placed(report, scene.issue)
    if not stood.needs_look:
        raise ValidationError(_("Somebody has looked at that already."), code="status")
    scene.trail.change(stood, needs_look=False)
    constraints.join(report, scene.issue, trail=scene.trail, at=scene.at)


def part(scene: Scene) -> None:
    """It was wrong: the report goes out into a new issue of its own, for ever apart from those it stood with."""
    report = named_report(scene)
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
