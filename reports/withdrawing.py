"""Withdrawing a report, and taking that back. Its words leave every page but its reporter's own and the triagers' desk,
where they are veiled; that it was filed stays, with its voice."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.policy import Actor
from reports.models import Credit, Issue, Placement, Report
from reports.models.issue import PlacementQuerySet
from reports.notices import forget_contact
from reports.published import refresh_quoting
from reports.speaking import speak
from reports.standing import issue_of
from reports.vocabulary import Status


def withdraw(report: Report, *, actor: Actor) -> None:
    """Withdraw it. The address and the name that were left with it are erased. Twice is once.

    Where an issue that people judged may still say what the report said, its place is flagged for a person to look at;
    nothing that people wrote is changed. Raises ValidationError if its words were erased before.
    """
    with transaction.atomic():
        held = _locked(report)
        if held.withdrawn_at:
            return
        if held.erased_at:
            raise ValidationError(_("What this report said was erased. There is nothing left to withdraw."))
        held.withdrawn_at = timezone.now()
        held.save(update_fields=["withdrawn_at"])
        to_look_at(held).update(needs_look=True)
        forget_contact(held.pk)
        Credit.objects.filter(report=held).delete()
        refresh_quoting([held.pk])
        speak("withdraw", held, issue_of(held), actor=actor)


def take_back(report: Report, *, actor: Actor) -> None:
    """It was withdrawn by mistake. What was published of it is public again; the address and the name are gone.

    Raises ValidationError if its words were erased since.
    """
    with transaction.atomic():
        held = _locked(report)
        if held.withdrawn_at is None:
            return
        if held.erased_at:
            raise ValidationError(_("What this report said was erased. It cannot be brought back."))
        held.withdrawn_at = None
        held.save(update_fields=["withdrawn_at"])
        refresh_quoting([held.pk])
        speak("unwithdraw", held, issue_of(held), actor=actor)


def to_look_at(report: Report) -> PlacementQuerySet:
    """Its places in issues that people judged, where the words of a page may be its words, or it stands alone."""
    placed = Placement.objects.active().filter(report=report, issue__status__in=[Status.CONFIRMED, Status.RESOLVED])
    others = Placement.objects.active().filter(issue=OuterRef("issue"), report__withdrawn_at=None)
    quoted = report.excerpts.filter(issue=OuterRef("issue"), ended_at=None)
    said = report.evidence.summary if hasattr(report, "evidence") else ""
    # a title is cut at a word and marked where it was
    echoed = Q(issue__public_title__icontains=said[:60].rstrip()) | Q(issue__public_summary__icontains=said)
    words = echoed if said else Q(pk__in=[])
    return placed.filter(words | ~Exists(others.exclude(report=report)) | Exists(quoted))


def _locked(report: Report) -> Report:
    """The report's row, after those of the issues it stands in: the order in which everybody locks."""
    placed = Placement.objects.active().filter(report=report).values("issue")
    list(Issue.objects.filter(pk__in=placed).order_by("pk").select_for_update(of=["self"]))
    return Report.objects.select_for_update(of=["self"], no_key=True).get(pk=report.pk)
