"""Asking for gated evidence, granting it for a term, reading it: each reading is an event. See docs/evidence.md.

A grant covers the reports that stood in the issue when it was granted, as far as they may be lent at the moment of
reading: ``lendable`` says which. Level 3 is for moderators alone, and is never lent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from accounts.policy import ANONYMOUS, Actor
from ledger.record import record
from reports.models import EvidenceRequest, Issue, OpenedReport, Placement, Report
from reports.models.embargo import free_of_embargo, under_embargo
from reports.notices import tell, tell_owner
from reports.redaction import (
    TURN,
    Cut,
    Reader,
    language_of,
    may_be_quoted,
    redactions_of,
    role_of,
    with_redactions,
    words_for,
)
from reports.standing import issue_of
from reports.vocabulary import HazardLevel, LendingPurpose, Visibility

WAITING_AT_MOST = 10  # requests of one account
PLAN_LENGTH = 2_000
GRANTED, REFUSED = "lend_evidence", "refuse_evidence"  # events, and what the asker hears of


def lendable() -> Q:
    """Of reports: those whose words a researcher may be given. Not private ones: their reporters chose that only
    triagers read them; nor what is held, withdrawn, erased, under embargo or for moderators only."""
    barred = Q(issue__hazard_level__gte=HazardLevel.MODERATORS) | under_embargo("issue__")
    stands = Placement.objects.filter(barred, report=OuterRef("pk"), superseded_at=None)
    here = Q(held_at=None, withdrawn_at=None, erased_at=None, hazard_level__lt=HazardLevel.MODERATORS)
    here &= Q(evidence__isnull=False) & free_of_embargo() & ~Q(visibility=Visibility.PRIVATE)
    return here & ~Q(Exists(stands))


def may_be_lent(report: Report, part: str) -> bool:
    """Whether the reporter's choice lets this part be given: conversations that are not to be public are not lent."""
    return may_be_quoted(report, part)


def files_may_be_lent(report: Report) -> bool:
    """Not beside a conversation that is not lent, nor beside redacted words: in a picture nothing can be redacted."""
    return may_be_lent(report, TURN) and not report.redactions.filter(ended_at=None).exists()


# Asking


def issue_to_ask_about(number: str) -> Issue:
    """The public issue of that number. Raises ValidationError for every other, whether there is one or not."""
    found = Issue.objects.visible_to(ANONYMOUS).filter(number=number.replace("\0", "").strip().upper()).first()
    if found is None:
        raise ValidationError(_("There is no public issue of that number."))
    return found


def ask(number: str, *, purpose: str, plan: str, days: int, by: User, at: datetime) -> EvidenceRequest:
    """Ask for the evidence of a public issue. Raises ValidationError with a sentence."""
    issue = issue_to_ask_about(number)
    if not 1 <= days <= settings.EVIDENCE_TERM_DAYS:
        longest = settings.EVIDENCE_TERM_DAYS
        raise ValidationError(
            ngettext("The term is one day.", "The term is 1 to %(days)d days.", longest) % {"days": longest}
        )
    if EvidenceRequest.objects.waiting().filter(by=by).count() >= WAITING_AT_MOST:
        raise ValidationError(_("Too many of your requests wait for an answer. Wait for some first."))
    made = EvidenceRequest(issue=issue, by=by, purpose=LendingPurpose(purpose), plan=plan, days=days, asked_at=at)
    try:
        with transaction.atomic():
            made.save()
            tell(record("ask_for_evidence", issue, made, actor=by.pseudonym, purpose=purpose, days=days))
    except IntegrityError:
        raise ValidationError(_("You have asked for this already, and it waits for an answer.")) from None
    return made


# Answering


def grant(request: EvidenceRequest, *, reason: str, by: User, at: datetime) -> EvidenceRequest:
    """Lend what stands in the issue now, until its term is over. Raises ValidationError with a sentence."""
    with transaction.atomic():
        held = _undecided(request, by)
        placed = Report.objects.filter(placements__issue=held.issue_id, placements__superseded_at=None)
        reports = list(placed.filter(lendable()).order_by("pk"))
        if not reports:
            raise ValidationError(_("No report there may be given to anybody: refuse it, and say so."))
        held.until = at + timedelta(days=held.days)
        _decide(held, reason, by, at)
        OpenedReport.objects.bulk_create([OpenedReport(request=held, report=report) for report in reports])
        told = {"purpose": held.purpose, "days": held.days, "reports": len(reports)}
        record(GRANTED, held.issue, held, actor=by.pseudonym, **told)
        _answer(held, GRANTED)
    return held


def refuse(request: EvidenceRequest, *, reason: str, by: User, at: datetime) -> EvidenceRequest:
    """Raises ValidationError with a sentence, also where no reason is given."""
    if not reason.strip():
        raise ValidationError(_("Say why: whoever asked reads it."))
    with transaction.atomic():
        held = _undecided(request, by)
        _decide(held, reason, by, at)
        record(REFUSED, held.issue, held, actor=by.pseudonym)
        _answer(held, REFUSED)
    return held


def end(request: EvidenceRequest, *, by: User, at: datetime) -> None:
    """Before its term is over, by whoever lent it or whoever asked. Done twice, it is done once."""
    with transaction.atomic():
        held = EvidenceRequest.objects.select_for_update(of=["self"]).get(pk=request.pk)
        if held.stands(at):
            held.ended_at = at
            held.save(update_fields=["ended_at"])
            record("end_lending", held.issue, held, actor=by.pseudonym)


def _undecided(request: EvidenceRequest, by: User) -> EvidenceRequest:
    held = EvidenceRequest.objects.select_for_update(of=["self"]).select_related("issue", "by").get(pk=request.pk)
    if held.decided_at is not None:
        raise ValidationError(_("Somebody has answered it meanwhile."))
    if held.by_id == by.pk:
        raise ValidationError(_("You asked for it yourself: somebody else has to answer."))
    if held.by is None:
        raise ValidationError(_("Whoever asked has left."))
    return held


def _decide(request: EvidenceRequest, reason: str, by: User, at: datetime) -> None:
    request.decider, request.decided_at, request.reason = by, at, reason.strip()
    request.save()


def _answer(request: EvidenceRequest, verb: str) -> None:
    if request.by is not None:
        tell_owner(request.by, verb, f"issue:{request.issue_id}")


# Reading


@dataclass(frozen=True, slots=True)
class Part:
    """One part of what a report says, as it is lent: with marks where words were removed."""

    part: str
    role: str
    language: str
    text: str
    gaps: tuple[Cut, ...]

    @property
    def content(self) -> str:
        return self.text

    @property
    def redacted(self) -> tuple[Cut, ...]:
        return self.gaps


@dataclass(frozen=True, slots=True)
class Lent:
    """A report as the researcher's page shows it: only what it is about, until somebody asks to read it."""

    opened: OpenedReport
    parts: Sequence[Part] = ()
    is_shown: bool = False

    @property
    def account(self) -> list[Part]:
        return [part for part in self.parts if not part.role]

    @property
    def turns(self) -> list[Part]:
        return [part for part in self.parts if part.role]


def readable(request: EvidenceRequest, at: datetime) -> "QuerySet[OpenedReport]":
    """What may be read under the request now; nothing once it has ended."""
    standing = EvidenceRequest.objects.standing(at).filter(pk=request.pk)
    seen = Issue.objects.visible_to(ANONYMOUS)
    reports = Report.objects.filter(lendable())
    return OpenedReport.objects.filter(
        request__in=standing, request__issue__in=seen, objected_at=None, report__in=reports
    ).order_by("report__reported_at", "pk")


def is_lent(report: Report, actor: Actor, at: datetime) -> bool:
    """Whether ``actor`` has read the report under a request and may read it still: then also what lies beside it."""
    if actor.user_id is None or not files_may_be_lent(report):
        return False
    requests = EvidenceRequest.objects.asked_by(actor).filter(opened__report=report, opened__read_count__gt=0)
    return any(readable(request, at).filter(report=report).exists() for request in requests)


def read(request: EvidenceRequest, reference: str, *, by: User, at: datetime) -> Lent | None:
    """What the report says, once, on record; None if it may not be read (any more)."""
    with transaction.atomic():
        found = readable(request, at).filter(report__reference=reference).select_for_update(of=["self"]).first()
        if found is None:
            return None
        found.read_count, found.last_read_at = found.read_count + 1, at  # the row is locked
        found.save(update_fields=["read_count", "last_read_at"])
        report = (
            Report.objects.select_related("artifact", "version", "evidence", "evidence_key")
            .prefetch_related(with_redactions())
            .get(pk=found.report_id)
        )
        record("read_evidence", report, request.issue, request, actor=by.pseudonym)
    found.report = report
    return Lent(found, _parts(report), is_shown=True)


def _parts(report: Report) -> list[Part]:
    words = words_for(report.evidence, redactions_of(report), Reader.MAINTAINER)
    return [
        Part(part, role_of(report.evidence, part), language_of(report, part, told.text), told.text, told.gaps)
        for part, told in words.items()
        if may_be_lent(report, part)
    ]


# What the reporter is told


def lendings_of(report: Report) -> "QuerySet[OpenedReport]":
    """To whom the report was given, the newest first: never by name."""
    return report.opened.select_related("request").order_by("-request__decided_at")


def object_to(opened: OpenedReport, *, actor: Actor, at: datetime) -> None:
    """The reporter wants it read no more under that request: it is closed to it at once, and moderators are told."""
    with transaction.atomic():
        held = OpenedReport.objects.select_for_update(of=["self"]).select_related("report", "request").get(pk=opened.pk)
        if held.objected_at is not None:
            return
        held.objected_at = at
        held.save(update_fields=["objected_at"])
        issue = issue_of(held.report)
        named = [held.report, *([issue] if issue else []), held.request]
        tell(record("object_to_lending", *named, actor=actor.pseudonym))
