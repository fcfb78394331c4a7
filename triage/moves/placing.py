"""Moves that say where reports belong, and what the engine got right."""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext as _

from reports.models import Issue, Placement, Report
from reports.models.embargo import strictest
from reports.vocabulary import PlacedBy, Status
from triage import constraints
from triage.matching import flag_regression, issue_for, note_affected, open_issue
from triage.models import Constraint, Proposal, Suggestion
from triage.moves.affecting import open_as_its_worst, unite_affected
from triage.moves.scene import AWAKE, Scene, named_report
from triage.proposals import proposals_about
from triage.publication import reports_in

MOVED_AT_MOST = 2_000  # reports in one act, within what a request may take
UNANSWERED = Q(taken_at=None, refused_at=None)


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
    scene.trail.add(_placement(scene, report, target, followed))
    constraints.part([report], issue, trail=scene.trail, at=scene.at)
    constraints.join([report], target, trail=scene.trail, at=scene.at)
    if is_last:
        scene.trail.change(issue, status=Status.MERGED, merged_into=target, **AWAKE)
    flag_regressions(scene, target, [report])


def keep(scene: Scene) -> None:
    """The engine put a report into an issue that people have judged, and it was right."""
    report = named_report(scene)
    stood = _placed(report, scene.issue)
    if not stood.needs_look:
        raise ValidationError(_("Somebody has looked at that already."), code="status")
    scene.trail.change(stood, needs_look=False)
    constraints.join([report], scene.issue, trail=scene.trail, at=scene.at)


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
    placed = _placement(scene, report, scene.target, None)
    placed.reasons = {"near": near} if near else {}
    scene.trail.add(placed)
    constraints.part([report], scene.issue, trail=scene.trail, at=scene.at)


def merge(scene: Scene) -> None:
    """Make the issue part of the target for ever: its reports, its answers and what was tried go along.

    Of two the one with a page survives. What people said against it is ended only ``despite`` being told.
    """
    issue, target = scene.issue, _survivor(scene)
    moved = _oldest_first(issue)
    _heed_what_was_said(scene, moved, target)
    stood = list(Placement.objects.active().filter(issue=issue))
    there = set(Placement.objects.active().filter(issue=target).values_list("report_id", flat=True))
    unite_affected(scene, issue, target)
    _answer_between(scene, issue, target)
    scene.trail.change_all(stood, superseded_at=scene.at)
    scene.trail.add_all([_moved(scene, each, target) for each in stood if each.report_id not in there])
    if moved:
        constraints.join(moved, target, trail=scene.trail, at=scene.at)
    for told in (issue.reproductions.all(), issue.answers.all()):
        scene.trail.change_all(list(told), issue=target)
    scene.trail.change(issue, status=Status.MERGED, merged_into=target, **_closed())
    scene.trail.change(
        target,
        hazard_level=max(issue.hazard_level, target.hazard_level),
        **strictest(target, issue),
        is_disputed=issue.is_disputed or target.is_disputed,
        is_possible_regression=issue.is_possible_regression or target.is_possible_regression,
    )
    open_as_its_worst(scene, target)
    flag_regressions(scene, target, moved)


def split(scene: Scene) -> None:
    """Take some reports out into a new issue, which waits as any new one does: nothing is published by splitting."""
    leaving = sorted(scene.details.get("reports", []), key=lambda report: (report.reported_at, report.pk))
    stood = list(Placement.objects.active().filter(issue=scene.issue, report__in=leaving))
    if not leaving or len(stood) < len(leaving):
        raise ValidationError(_("Say which reports of this issue are to leave it."))
    if not reports_in(scene.issue).exclude(pk__in=[report.pk for report in leaving]).exists():
        raise ValidationError(_("Something has to stay behind. To change what all of it is about, edit the issue."))
    _bound(len(leaving))
    scene.target = _child(scene.issue, leaving[0])
    scene.trail.change_all(stood, superseded_at=scene.at)
    scene.trail.add_all([_moved(scene, each, scene.target) for each in stood])
    for report in {report.artifact_id: report for report in leaving}.values():
        note_affected(scene.target, report)
    constraints.part(leaving, scene.issue, trail=scene.trail, at=scene.at)
    constraints.unite(leaving, trail=scene.trail, at=scene.at)
    if proposal := _proposal(scene):
        scene.trail.change(proposal, taken_at=scene.at)


def look(scene: Scene) -> None:
    """Somebody has looked at why an issue grew so fast, or at what came after a fix, and found it in order.

    Any decision settles the first, and this one does nothing else for it.
    """
    if scene.issue.growth_flagged_at is None and not scene.issue.is_possible_regression:
        raise ValidationError(_("Somebody has looked at that already."), code="status")
    scene.trail.change(scene.issue, is_possible_regression=False)


def refuse(scene: Scene) -> None:
    """What the engine proposed overnight, to make two issues one or one two, is not so."""
    proposal = _proposal(scene)
    if proposal is None:
        raise ValidationError(_("Somebody has answered that already."), code="status")
    scene.trail.change(proposal, refused_at=scene.at)


def rank(issue: Issue) -> int:
    """How far an issue has come: of two that are merged, the further survives. 2 has a page, 1 a number."""
    return 2 if issue.published_at else 1 if issue.status in (Status.CONFIRMED, Status.RESOLVED) else 0


def flag_regressions(scene: Scene, target: Issue, reports: Sequence[Report]) -> None:
    """What came along may tell of a version that was to hold the fix."""
    if target.status != Status.RESOLVED:
        return
    for report in {(report.artifact_id, report.version_id): report for report in reports}.values():
        flag_regression(target, report)
    if Issue.objects.filter(pk=target.pk, is_possible_regression=True).exists():
        scene.trail.change(target, is_possible_regression=True)


def _survivor(scene: Scene) -> Issue:
    """The target, once it is clear that the issue may become part of it."""
    issue, target = scene.issue, scene.target
    if target is None or target.pk == issue.pk:
        raise ValidationError(_("Say which other issue this one is to become part of."))
    if target.status == Status.MERGED:
        raise ValidationError(_("That issue has been merged into another."))
    if target.status == Status.DISMISSED:
        raise ValidationError(_("That issue is dismissed. Reopen it first."))
    if issue.family_id != target.family_id and not issue.family.is_unknown:
        raise ValidationError(_("That issue is about another family; grouping never crosses families."))
    if rank(issue) > rank(target):
        raise ValidationError(_("%(issue)s has come further: merge the other way round.") % {"issue": issue})
    _bound(issue.report_count)
    return target


def _bound(count: int) -> None:
    if count > MOVED_AT_MOST:
        raise ValidationError(too_many(MOVED_AT_MOST))


def too_many(most: int) -> str:
    return _("That is more than %(most)d reports: too many for one act.") % {"most": most}


def _heed_what_was_said(scene: Scene, moved: Sequence[Report], target: Issue) -> None:
    against = constraints.between(moved, reports_in(target), Constraint.Says.NOT_SAME)
    if against.exists() and not scene.details.get("despite"):
        raise ValidationError(_("People have said that reports of these two are not the same."), code="constraints")


def _answer_between(scene: Scene, issue: Issue, target: Issue) -> None:
    """What the engine thought of the two is answered by making them one, and what was refused between them too."""
    for proposal in Proposal.objects.filter(issue__in=[issue, target], other__in=[issue, target], taken_at=None):
        scene.trail.change(proposal, taken_at=scene.at, refused_at=None)
    across = Q(issue=target, report__in=reports_in(issue)) | Q(issue=issue, report__in=reports_in(target))
    opinions = Suggestion.objects.filter(across, taken_at=None)
    scene.trail.change_all(list(opinions), taken_at=scene.at, refused_at=None)


def _closed() -> dict[str, Any]:
    return {"resolution": "", "resolved_at": None, "is_possible_regression": False, **AWAKE}


def _child(issue: Issue, oldest: Report) -> Issue:
    """A new issue that begins with what people said of the one it leaves."""
    child = issue_for(oldest)
    child.kind, child.lifecycle_stage, child.in_stated_use = issue.kind, issue.lifecycle_stage, issue.in_stated_use
    child.severity, child.severity_by_person = issue.severity, issue.severity_by_person
    child.hazard_level = max(child.hazard_level, issue.hazard_level)
    for name, value in strictest(child, issue).items():
        setattr(child, name, value)
    child.assignee = issue.assignee
    child.save(force_insert=True)
    return child


def _placement(scene: Scene, report: Report, target: Issue, followed: Suggestion | None) -> Placement:
    return Placement(
        report=report,
        issue=target,
        by=PlacedBy.PERSON,
        placer=scene.by,
        score=followed.score if followed else None,
        method=followed.method if followed else "",
        reasons=followed.reasons if followed else {},
        placed_at=scene.at,
    )


def _moved(scene: Scene, stood: Placement, target: Issue) -> Placement:
    """The same report in the target, with what the engine saw in it."""
    return Placement(
        report_id=stood.report_id,
        issue=target,
        by=PlacedBy.PERSON,
        placer=scene.by,
        score=stood.score,
        method=stood.method,
        reasons=stood.reasons,
        placed_at=scene.at,
    )


def _oldest_first(issue: Issue) -> list[Report]:
    return list(reports_in(issue).select_related("artifact", "version").order_by("reported_at", "pk"))


def _proposal(scene: Scene) -> Proposal | None:
    """The proposal named, if it waits for an answer about this issue."""
    named = scene.details.get("proposal")
    return proposals_about(scene.issue).filter(pk=named.pk).first() if isinstance(named, Proposal) else None


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
    for opinion in Suggestion.objects.filter(UNANSWERED, report=report).select_related("issue"):
        if target.pk in (opinion.issue_id, opinion.issue.merged_into_id):
            followed = opinion
            scene.trail.change(opinion, taken_at=scene.at)
        else:
            scene.trail.change(opinion, refused_at=scene.at)
    return followed
