"""Deciding that a report be erased: one proposes it, a moderator who is somebody else does it, where there is one."""

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.actors import actor_for
from accounts.models import Grant, Role, User
from accounts.policy import Act, Actor, allows
from ledger.record import record
from reports import remains
from reports.echoes import Echo, echoes, said_by
from reports.erasing import erase
from reports.models import Erasure, Issue, Report
from reports.vocabulary import ErasureAsker, ErasureBasis, ErasureRefusal
from triage.decisions import may_decide
from triage.moves.scene import answers_for


def propose(report: Report, *, basis: str, by: User) -> Erasure:
    """The first of two says that the report is to go, and on what ground. A request that waits becomes the proposal.

    Raises ValidationError with a sentence, and PermissionDenied.
    """
    may_decide(by)
    with transaction.atomic():
        held = Report.objects.select_for_update(of=["self"], no_key=True).get(pk=report.pk)
        _stand_apart(held, by)
        if held.erased_at:
            raise ValidationError(_("What this report said was erased already."), code="erased")
        waiting = Erasure.objects.select_for_update(of=["self"]).filter(report=held, refused_at=None).first()
        if waiting is not None and waiting.proposed_at:
            raise ValidationError(_("That is proposed already."), code="proposed")
        made = waiting or Erasure(report=held, asked_by=ErasureAsker.STAFF)
        if made.asked_by == ErasureAsker.SETTING:
            made.asked_by, made.due_at = ErasureAsker.STAFF, None
        return _propose(made, basis=basis, by=by)


def propose_for(erasure: Erasure, report: Report, *, basis: str, by: User) -> Erasure:
    """Somebody who is no reporter asked: this is the report they mean."""
    may_decide(by)
    with transaction.atomic():
        held = Report.objects.select_for_update(of=["self"], no_key=True).get(pk=report.pk)
        _stand_apart(held, by)
        asked = Erasure.objects.select_for_update(of=["self"]).get(pk=erasure.pk)
        if asked.report_id is not None or not asked.is_open:
            raise ValidationError(_("Somebody has decided since. Look again."), code="late")
        if held.erased_at or Erasure.objects.filter(report=held, refused_at=None).exists():
            raise ValidationError(_("The erasure of that report waits already, or is done."), code="proposed")
        asked.report = held
        return _propose(asked, basis=basis, by=by)


def _propose(erasure: Erasure, *, basis: str, by: User) -> Erasure:
    if basis not in ErasureBasis.values or basis == ErasureBasis.RETENTION:
        raise ValidationError(_("Choose a ground."), code="basis")
    erasure.basis, erasure.proposer, erasure.proposed_at = basis, by, timezone.now()
    erasure.save()
    record("propose_erasure", _reported(erasure), actor=by.pseudonym, basis=basis)
    return erasure


def execute(erasure: Erasure, *, by: User) -> Erasure:
    """The second of two does it. There is no way back.

    Raises ValidationError with a sentence, and PermissionDenied for whoever is no moderator.
    """
    actor = actor_for(by, is_inside=True)
    if not allows(actor, Act.ERASE):
        raise PermissionDenied
    with transaction.atomic():
        held = Erasure.objects.filter(pk=erasure.pk).select_related("report__artifact").get()
        if not held.is_open or held.proposed_at is None:
            raise ValidationError(_("It is not proposed, or somebody has decided since."), code="late")
        _stand_apart(_reported(held), by)
        if held.proposer_id == by.pk and needs_two(by):
            raise ValidationError(_("You proposed it, so another moderator has to do it."), code="second_person")
        return erase(_reported(held), basis=held.basis, actor=actor, by=by, proposal=held)


def refuse(erasure: Erasure, *, reason: str, by: User) -> Erasure:
    """It stays. One person is enough: nothing is lost by it, and it can be asked for again."""
    may_decide(by)
    if reason not in ErasureRefusal.values:
        raise ValidationError(_("Choose a reason."), code="reason")
    with transaction.atomic():
        held = Erasure.objects.select_for_update(of=["self"]).select_related("report").get(pk=erasure.pk)
        if not held.is_open:
            raise ValidationError(_("Somebody has decided since. Look again."), code="late")
        if held.report is not None:
            _stand_apart(held.report, by)
        held.refused_at, held.refusal, held.decider = timezone.now(), reason, by
        held.sealed_words = None
        held.save()
        about = [held.report] if held.report is not None else [held]
        record("refuse_erasure", *about, actor=by.pseudonym, reason=reason)
        transaction.on_commit(lambda: remains.answer(held), robust=True)
        return held


def needs_two(by: User) -> bool:
    """Whether there is another moderator to ask than ``by``, and the site asks for two."""
    if not settings.TWO_PERSON:
        return False
    others = Grant.objects.filter(role=Role.MODERATOR, ended_at=None, user__is_active=True).exclude(user=by)
    return others.exists()


def beyond(report: Report, actor: Actor) -> list[Echo]:
    """What people wrote elsewhere that says what the report says, and would go with it."""
    placed = Issue.objects.visible_to(actor).filter(placements__report=report).distinct().select_related("family")
    return list(echoes(placed, said_by(report)))


def _reported(erasure: Erasure) -> Report:
    if erasure.report is None:
        raise ValidationError(_("Say which report is meant."), code="report")
    return erasure.report


def _stand_apart(report: Report, by: User) -> None:
    """Nobody decides about the erasure of what they filed, or of what was filed about what they answer for."""
    if report.reporter_id == by.pk:
        raise ValidationError(_("You filed this report, so somebody else has to decide."), code="apart")
    if report.artifact_id in answers_for(by):
        raise ValidationError(_("You answer for what it is about, so somebody else has to decide."), code="apart")
