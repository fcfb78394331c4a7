"""How long what was never published is kept: announced on the desk, taken away a month later, and each time recorded.

Decided once, by whoever sets ``RETAIN_EVIDENCE_MONTHS`` and ``RETAIN_CONTACT_DAYS``. Nothing that is published, or
stands in an issue that is, goes by the clock: people decide about that.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from accounts.policy import SYSTEM
from ledger.record import record
from reports.drafts import KEPT as DRAFTS_KEPT
from reports.drafts import forget_drafts
from reports.erasing import erase
from reports.models import Contact, Draft, Erasure, Excerpt, Issue, Message, Placement, Report
from reports.models.erasure import ErasureQuerySet
from reports.models.report import ReportQuerySet
from reports.notices import forget_contact
from reports.vocabulary import ErasureAsker, ErasureBasis, Status

ANNOUNCED = timedelta(days=30)  # before it is taken away
MONTH = timedelta(days=365.25 / 12)
AT_ONCE = 200  # reports in one run of a task


@dataclass(frozen=True, slots=True)
class Applied:
    """How many were, or would be, announced and erased; addresses and drafts that went, or would go."""

    announced: int = 0
    kept_after_all: int = 0
    erased: int = 0
    contacts: int = 0
    drafts: int = 0


def preview(at: datetime | None = None) -> Applied:
    """What :func:`apply` would do, all of it. Changes nothing."""
    now = at or timezone.now()
    return Applied(
        announced=coming_up(now).count(),
        kept_after_all=announced_in_vain(now).count(),
        erased=due(now).count(),
        contacts=contacts_due(now).count(),
        drafts=Draft.objects.filter(saved_at__lte=now - DRAFTS_KEPT).count(),
    )


def apply(at: datetime | None = None, *, most: int = AT_ONCE) -> Applied:
    """Announce, erase and forget what is due, ``most`` of each; the rest the next time. Safe to repeat at any time."""
    now = at or timezone.now()
    announced = [_announce(pk, now) for pk in coming_up(now).order_by("pk").values_list("pk", flat=True)[:most]]
    in_vain, _rows = announced_in_vain(now).delete()
    erased = [_erase(pk, now) for pk in due(now).values_list("pk", flat=True)[:most]]
    contacts = [_forget(pk, now) for pk in contacts_due(now).order_by("pk").values_list("pk", flat=True)[:most]]
    return Applied(sum(announced), in_vain, sum(erased), sum(contacts), forget_drafts())


def unpublished(at: datetime, *, filed_before: datetime) -> ReportQuerySet:
    """Reports of which nothing is public, filed before then and not added to since."""
    told = Placement.objects.active().filter(report=OuterRef("pk"), issue__published_at__isnull=False)
    quoted = Excerpt.objects.filter(report=OuterRef("pk"), ended_at=None)
    written = Message.objects.filter(report=OuterRef("pk"), sent_at__gte=filed_before)
    old = Report.objects.filter(filed_at__lt=filed_before, erased_at=None)
    return old.filter(~Exists(told), ~Exists(quoted), ~Exists(written))


def coming_up(at: datetime) -> ReportQuerySet:
    """Those whose time is over in a month and that nobody has announced, asked about, or decided to keep."""
    if not settings.RETAIN_EVIDENCE_MONTHS:
        return Report.objects.none()
    known = Erasure.objects.filter(report=OuterRef("pk")).filter(Q(refused_at=None) | Q(asked_by=ErasureAsker.SETTING))
    return unpublished(at, filed_before=at - MONTH * settings.RETAIN_EVIDENCE_MONTHS + ANNOUNCED).filter(~Exists(known))


def due(at: datetime) -> ErasureQuerySet:
    """Announced a month ago or longer, and their time is over still."""
    if not settings.RETAIN_EVIDENCE_MONTHS:
        return Erasure.objects.none()
    over = unpublished(at, filed_before=at - MONTH * settings.RETAIN_EVIDENCE_MONTHS)
    return announced().filter(due_at__lte=at, report__in=over)


def announced() -> ErasureQuerySet:
    """What the desk is told of beforehand, the next first."""
    return Erasure.objects.waiting().filter(asked_by=ErasureAsker.SETTING).order_by("due_at", "pk")


def announced_in_vain(at: datetime) -> ErasureQuerySet:
    """Published or added to since, or the setting is another by now."""
    if not settings.RETAIN_EVIDENCE_MONTHS:
        return announced()
    soon = unpublished(at, filed_before=at - MONTH * settings.RETAIN_EVIDENCE_MONTHS + ANNOUNCED)
    return announced().exclude(report__in=soon)


def contacts_due(at: datetime) -> "models.QuerySet[Contact]":
    """Addresses of reports all of whose issues were closed long enough ago."""
    if not settings.RETAIN_CONTACT_DAYS:
        return Contact.objects.none()
    before = at - timedelta(days=settings.RETAIN_CONTACT_DAYS)
    placed = Placement.objects.active().filter(report=OuterRef("report"))
    closed_long_ago = Q(issue__status=Status.RESOLVED, issue__resolved_at__lt=before) | Q(
        issue__status=Status.DISMISSED, issue__dismissed_at__lt=before
    )
    return Contact.objects.filter(Exists(placed), ~Exists(placed.exclude(closed_long_ago)))


def _announce(report_id: int, at: datetime) -> int:
    with transaction.atomic():
        report = Report.objects.select_for_update(of=["self"], no_key=True).get(pk=report_id)
        if not coming_up(at).filter(pk=report_id).exists():
            return 0
        Erasure.objects.create(
            report=report,
            asked_by=ErasureAsker.SETTING,
            basis=ErasureBasis.RETENTION,
            asked_at=at,
            due_at=max(at + ANNOUNCED, report.filed_at + MONTH * settings.RETAIN_EVIDENCE_MONTHS),
        )
        record("announce_erasure", report, actor=SYSTEM.pseudonym, basis=ErasureBasis.RETENTION.value)
        return 1


def _erase(pk: int, at: datetime) -> int:
    found = due(at).filter(pk=pk).select_related("report__artifact").first()
    if found is None or found.report is None:
        return 0
    with transaction.atomic():
        erase(found.report, basis=ErasureBasis.RETENTION, actor=SYSTEM)
        return 1


def _forget(report_id: int, at: datetime) -> int:
    with transaction.atomic():
        issues = Placement.objects.active().filter(report=report_id).values("issue")
        list(Issue.objects.filter(pk__in=issues).order_by("pk").select_for_update(of=["self"]))
        if not contacts_due(at).filter(pk=report_id).exists():
            return 0
        forget_contact(report_id)
        report = Report.objects.get(pk=report_id)
        record("forget_contact", report, actor=SYSTEM.pseudonym, basis=ErasureBasis.RETENTION.value)
        return 1
