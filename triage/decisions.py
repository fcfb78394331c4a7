"""Deciding and undoing. This alone changes an issue's status, and leaves one decision with its inverse.

Each act is one transaction: locks (families, then issues, ascending), the move's own changes on a trail, a revision
more, the counts, the :class:`~triage.models.Decision` and one ledger event of ids and codes.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.actors import actor_for
from accounts.models import User
from accounts.policy import Act, allows
from ledger.record import record, subject
from reports.models import Affected, Answer, Artifact, Excerpt, Issue, Placement, Redaction, Report
from reports.notices import tell
from reports.vocabulary import AffectedStatus, PlacedBy, Status
from triage import constraints, growth
from triage.counting import recount
from triage.locks import lock_family, lock_issues
from triage.models import Bulk, Constraint, Decision
from triage.moves import MOVES, Scene, Verb
from triage.moves.disclosing import may_be_taken_back
from triage.moves.scene import stand_apart
from triage.publication import keep_current, keep_sealed, reports_in
from triage.trail import Overtaken, Rows, Trail, added_in, put_back

TOLD_CODES = ("kind", "severity", "lifecycle_stage", "in_stated_use")  # columns of an issue that its page shows
TOLD_WORDS = ("public_title", "public_summary")


class DecidedSince(ValidationError):
    """Somebody acted on the same thing after what was to be undone: ``since`` are those acts, the newest first."""

    def __init__(self, since: Iterable[Decision] = ()) -> None:
        super().__init__(_("Somebody has decided since: undo that first."), code="decided_since")
        self.since = list(since)


class ChangedSince(ValidationError):
    """The issue is no longer what the page showed: ``since`` are the acts that changed it, the newest first."""

    def __init__(self, since: Iterable[Decision]) -> None:
        super().__init__(_("Somebody has changed this meanwhile. Look again before you decide."), code="changed")
        self.since = list(since)


def decide(
    issue: Issue,
    verb: str,
    *,
    by: User,
    report: Report | None = None,
    reason: str = "",
    note: str = "",
    revision: int | None = None,
    target_revision: int | None = None,
    bulk: Bulk | None = None,
    at: datetime | None = None,
    **details: Any,
) -> Decision:
    """Make one move of ``triage.moves.MOVES``.

    ``reason`` is a code of the move's list (a Resolution, a Dismissal), ``note`` the decider's own words. ``details``
    are what the move ``takes``, explained where it is made, in the modules of ``triage.moves``. ``revision`` and
    ``target_revision`` are those of the issue and of the ``target`` as the page showed them; None asks nothing.
    ``bulk`` is what it is part of. ``at`` backdates what demo content tells of.

    Raises :class:`ChangedSince` if either has changed, :class:`~django.core.exceptions.ValidationError` with a
    sentence if the move cannot be made, and :class:`~django.core.exceptions.PermissionDenied` if ``by`` may not decide.
    """
    may_decide(by)
    move = MOVES[Verb(verb)]
    if unknown := details.keys() - move.takes:
        raise TypeError(f"{verb} takes no {', '.join(sorted(unknown))}")
    if move.reasons is not None and reason not in move.reasons.values:
        raise ValidationError(_("Choose a reason."), code="reason")
    with transaction.atomic():
        target = details.get("target")
        locked = _locked([issue, target])
        _still_as_shown(locked[issue.pk], revision)
        if target is not None:
            _still_as_shown(locked[target.pk], target_revision)
        if locked[issue.pk].status not in move.start:
            raise ValidationError(str(move.refusals[Status(locked[issue.pk].status)]), code="status")
        if move.apart:
            _stand_apart(locked.values(), by)
        scene = Scene(
            issue=locked[issue.pk],
            to=move.to,
            by=by,
            at=at or timezone.now(),
            reason=reason,
            details=details,
            report=report,
            target=locked[target.pk] if target else None,
        )
        move.act(scene)
        return _decided(scene, Verb(verb), note, bulk)


def undo(decision: Decision, *, by: User, note: str = "", bulk: Bulk | None = None) -> Decision:
    """Put back exactly what stood before ``decision``, which must be the last one standing on what it touched.

    For decisions on issues; those on artifacts are undone by ``triage.catalogue``. Raises :class:`DecidedSince`, or
    ValidationError if it is undone already or is an undo itself.
    """
    issue_id = decision.issue_id
    if issue_id is None:
        raise TypeError("A decision on an artifact is undone by triage.catalogue.undo")
    may_decide(by)
    with transaction.atomic():
        target = Issue.objects.filter(pk=decision.after.get("target")).first()
        locked = _locked([decision.issue, target])
        stood = Decision.objects.select_for_update(of=["self"]).select_related("report").get(pk=decision.pk)
        # Two reports placed in one issue do not disturb each other: only what was decided on these issues counts.
        may_be_undone(stood, concerning=Q(issue__in=list(locked)))
        may_be_taken_back(stood, locked[issue_id], at=timezone.now())
        if MOVES[Verb(stood.verb)].apart:
            _stand_apart(locked.values(), by)
        at = timezone.now()
        moved = _moved(stood.before["rows"])
        try:
            trail = put_back(stood.before["rows"], stood.after["rows"], at=at)
        except Overtaken:
            raise DecidedSince from None
        if target is not None:
            _close_if_empty(target, into=issue_id, trail=trail)
        issue = Issue.objects.get(pk=issue_id)
        undoing = Decision(
            issue=issue, report=stood.report, verb=Verb.UNDO, undoes=stood, note=note, bulk=bulk, decided_at=at
        )
        made = record_decision(undoing, trail, by=by, about=[issue, stood.report, target])
        _after_moving(moved, left=target, entered=issue, at=at)
        _count([issue, target])
        return made


def may_decide(by: User) -> None:
    """Raises PermissionDenied unless a role of theirs lets them; a second factor is asked at the door, not here."""
    if not allows(actor_for(by, is_inside=True), Act.DECIDE):
        raise PermissionDenied


def standing() -> "models.QuerySet[Decision]":
    """Decisions that have not been undone."""
    return Decision.objects.filter(undone_by=None).exclude(verb=Verb.UNDO)


def _locked(issues: Iterable[Issue | None]) -> dict[int, Issue]:
    """The issues, fresh, and nobody else deciding or grouping in their families until the transaction ends."""
    named = [issue for issue in issues if issue is not None]
    for family_id in sorted({issue.family_id for issue in named}):
        lock_family(family_id)
    return lock_issues(issue.pk for issue in named)


def _decided(scene: Scene, verb: Verb, note: str, bulk: Bulk | None) -> Decision:
    made = record_decision(
        Decision(
            issue=scene.issue,
            report=scene.report,
            verb=verb,
            reason=scene.reason,
            note=note,
            bulk=bulk,
            decided_at=scene.at,
        ),
        scene.trail,
        by=scene.by,
        about=[scene.issue, scene.report, scene.target],
        **({"target": scene.target.pk} if scene.target else {}),
    )
    Constraint.objects.filter(pk__in=scene.trail.added(Constraint)).update(decision=made)
    _after_moving(_moved(scene.trail.before), left=scene.issue, entered=scene.target, at=None)
    _count([scene.issue, scene.target])
    return made


def record_decision(
    decision: Decision, trail: Trail, *, by: User, about: Iterable[models.Model | None], **goal: Any
) -> Decision:
    """Save the decision with its trail and what else it led to, and the event that tells of it.

    Every decision ends here, on issues, artifacts and signals alike, so here what the public can search follows it.
    """
    about = list(about)
    decision.by, decision.decider = PlacedBy.PERSON, by
    decision.before, decision.after = {"rows": trail.before}, {"rows": trail.after, **goal}
    decision.save()
    event = record(
        decision.verb,
        *[thing for thing in about if thing is not None],
        actor=by.pseudonym,
        **_told(decision, trail),
    )
    tell(event, undone=decision.undoes.verb if decision.undoes else "")
    keep_current(trail, about)
    keep_sealed(trail)
    return decision


def _told(decision: Decision, trail: Trail) -> dict[str, Any]:
    """What the ledger hears: codes, ids and dates, never a title or a note."""
    told: dict[str, Any] = {"decision": decision.pk}
    if decision.reason:
        told["reason"] = decision.reason
    if decision.undoes:
        told["undone"] = decision.undoes.verb
        told["undoes"] = decision.undoes.pk
    if decision.issue is not None:
        told["number"] = decision.issue.number
        told["status"] = decision.issue.status
        told["published"] = decision.issue.published_at is not None
        told |= _tombstone(decision.issue, trail) | _changed(decision.issue, trail)
    if answered := trail.ids(Answer, touching=["accepted_at"]):
        accepted = Answer.objects.filter(pk__in=answered).exclude(accepted_at=None)
        told |= {"answers": [str(pk) for pk in sorted(set(accepted.values_list("artifact", flat=True)))]}
    if decision.signal is not None:
        told["state"] = _codes(trail, subject(decision.signal), "state")
    if fixes := sorted({row["fixed_in_id"] for row in trail.after.values() if row and row.get("fixed_in_id")}):
        told["fixed_in"] = fixes
    return told


def _tombstone(issue: Issue, trail: Trail) -> dict[str, Any]:
    """The dates that ``reports.record.tombstones`` shows, where everybody could read the issue until now."""
    stood, stands = (rows.get(subject(issue)) or {} for rows in (trail.before, trail.after))
    if not stands.get("withdrawn_at"):
        return {}
    return {"was_published": stood.get("published_at"), "taken_off": stands["withdrawn_at"]}


def _changed(issue: Issue, trail: Trail) -> dict[str, Any]:
    """What the issue's public history is told from: codes before and after, and which rows; of words only that."""
    stood, stands = (rows.get(subject(issue)) or {} for rows in (trail.before, trail.after))
    told: dict[str, Any] = {}
    if codes := {name: [stood.get(name), stands[name]] for name in TOLD_CODES if name in stands}:
        told["changed"] = codes
    if words := [name for name in TOLD_WORDS if name in stands]:
        told["words"] = words
    if rows := {str(pk): _codes(trail, f"affected:{pk}", "status") for pk in trail.ids(Affected)}:
        told["affected"] = rows
    for kind in (Excerpt, Redaction):
        if pks := trail.ids(kind):
            told[f"{kind._meta.model_name}s"] = {"added": trail.added(kind), "all": pks}
    return told


def _codes(trail: Trail, row: str, column: str) -> list[str]:
    """Before and after, where it changed; of a row that was added, nothing before."""
    stood, stands = trail.before.get(row) or {}, trail.after.get(row) or {}
    return [stood.get(column, ""), stands[column]] if column in stands else []


def may_be_undone(decision: Decision, *, concerning: Q) -> None:
    """Raises ValidationError if it is undone or an undo; DecidedSince if anything was decided since of the same."""
    if decision.verb == Verb.UNDO:
        raise ValidationError(_("An undo cannot be undone: decide again."))
    if Decision.objects.filter(undoes=decision).exists():
        raise ValidationError(_("That has been undone already."))
    if decision.report and decision.report.erased_at and decision.decided_at <= decision.report.erased_at:
        raise ValidationError(_("What this was about has been erased since. It cannot be undone."), code="erased")
    since = standing().filter(concerning, pk__gt=decision.pk)
    since = since.select_related("decider", "issue", "artifact", "report")
    if since.exists():
        raise DecidedSince(since)


def _close_if_empty(issue: Issue, *, into: int, trail: Trail) -> None:
    """An issue opened for a report that has gone back: it leads there for ever, for somebody may know its address."""
    issue.refresh_from_db()
    if issue.status == Status.NEW and not reports_in(issue).exists():
        trail.change(issue, status=Status.MERGED, merged_into_id=into)


def _stand_apart(issues: Iterable[Issue], by: User) -> None:
    """Of a merge both: what somebody reported in the one stands in the other afterwards."""
    for issue in issues:
        stand_apart(issue, by)


def _still_as_shown(issue: Issue, revision: int | None) -> None:
    if revision is None or issue.revision == revision:
        return
    about = Decision.objects.filter(Q(issue=issue) | Q(after__target=issue.pk))
    newest = about.select_related("decider", "issue", "artifact", "report", "undoes").order_by("-pk")
    raise ChangedSince(newest[: max(1, issue.revision - revision)])


def _moved(rows: Rows) -> list[Report]:
    """The reports that a trail tells to have been placed anew, the oldest first."""
    placed = Report.objects.filter(placements__in=added_in(rows, Placement)).select_related("artifact")
    return list(placed.order_by("reported_at", "pk"))


def _after_moving(reports: Sequence[Report], *, left: Issue | None, entered: Issue | None, at: datetime | None) -> None:
    """What follows from moving reports: which artifacts stand in both issues; after an undo, what still holds."""
    if not reports or left is None or entered is None:
        return
    if at is not None:
        constraints.settle(reports, left=left, returned_to=entered, at=at)
    for artifact in {report.artifact for report in reports}:
        for issue in (left, entered):
            _name_affected(issue, artifact)


def _name_affected(issue: Issue, artifact: Artifact) -> None:
    """An artifact stands under investigation while a report of the issue is about it and nobody has said more."""
    if artifact.is_unknown:
        return
    if reports_in(issue).filter(artifact=artifact).exists():
        Affected.objects.get_or_create(issue=issue, artifact=artifact)
    elif reports_in(issue).exists():  # an emptied issue keeps what it had, should it come back
        unjudged = {
            "status": AffectedStatus.UNDER_INVESTIGATION,
            "resolution": "",
            "statement": "",
            "stated_at": None,
            "notified_at": None,
        }
        Affected.objects.filter(issue=issue, artifact=artifact, **unjudged).delete()


def _count(issues: Iterable[Issue | None]) -> None:
    """One revision more, when a person first decided, and what is counted."""
    touched = sorted({issue.pk for issue in issues if issue is not None})
    for pk in touched:
        Issue.objects.filter(pk=pk).update(
            revision=models.F("revision") + 1,
            touched_at=_first_touched(pk),
            growth_flagged_at=growth.flagged_at(pk),
            changed_at=timezone.now(),
        )
    recount(touched)


def _first_touched(issue_id: int) -> datetime | None:
    """When the earliest decision was made that still stands on the issue, or placed a report into it."""
    decided = standing().filter(issue_id=issue_id).aggregate(first=models.Min("decided_at"))["first"]
    placed = (
        Placement.objects.active()
        .filter(issue_id=issue_id, by=PlacedBy.PERSON)
        .aggregate(first=models.Min("placed_at"))["first"]
    )
    return min((moment for moment in (decided, placed) if moment is not None), default=None)
