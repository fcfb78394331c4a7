"""Erasing a report: what it says goes, that it was filed stays, with its place, its voice and its line in the ledger.

What one transaction can take away goes in one transaction. The rest, on disk and elsewhere, is named in
``Erasure.left`` and taken away by ``reports.remains``, so that it is taken away even if we die in between.
docs/erasure.md says what goes, what stays, and why.
"""

import secrets
from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from cryptography.fernet import InvalidToken
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.policy import Actor
from reports import attachments
from reports.echoes import Echo, echoes, said_by
from reports.filing import ERASED_SOURCE, erased_key
from reports.idempotency import KEPT as ANSWERS_KEPT
from reports.models import (
    Contact,
    Credit,
    Erasure,
    Evidence,
    EvidenceKey,
    Excerpt,
    IdempotencyKey,
    ImportReject,
    Issue,
    Message,
    Notice,
    Placement,
    Redaction,
    Report,
    Reproduction,
    Subscription,
    Translation,
)
from reports.published import refresh
from reports.sealing import seal, unseal
from reports.signals import report_erasing
from reports.speaking import speak
from reports.standing import issue_of
from reports.text.quoting import Said
from reports.vocabulary import Channel, ErasureAsker, ErasureBasis, ErasureLeft
from reports.withdrawing import to_look_at

WORDS_MOST = 2_000  # characters of what is written with a request
BESIDE = (Excerpt, Redaction, Translation, Message, Contact, Credit, Notice, Evidence, EvidenceKey)


def ask(report: Report, *, words: str = "", actor: Actor, asked_by: ErasureAsker = ErasureAsker.REPORTER) -> Erasure:
    """Whoever filed it wants it erased. It waits for two people; asked twice it waits once.

    Raises ValidationError if it is erased already.
    """
    with transaction.atomic():
        held = Report.objects.select_for_update(of=["self"], no_key=True).get(pk=report.pk)
        if held.erased_at:
            raise ValidationError(_("What this report said was erased already."))
        known = Erasure.objects.filter(report=held, refused_at=None).first()
        if known is not None and known.asked_by != ErasureAsker.SETTING:
            return known
        asked = known or Erasure(report=held)
        asked.asked_by, asked.basis, asked.due_at = asked_by, ErasureBasis.CONSENT, None
        asked.sealed_words = seal(words[:WORDS_MOST]) if words else None
        asked.save()
        speak("ask_erasure", held, issue_of(held), actor=actor)
        return asked


def take_back(report: Report, *, actor: Actor) -> None:
    """Whoever asked has changed their mind. Nothing happens where nothing waits."""
    with transaction.atomic():
        waiting = Erasure.objects.waiting().filter(report=report, asked_by=ErasureAsker.REPORTER)
        if waiting.select_for_update(of=["self"]).exists():
            waiting.delete()
            speak("keep_words", report, issue_of(report), actor=actor)


def ask_for_another(*, words: str, address: str = "") -> Erasure:
    """Somebody who is no reporter wants something about them erased: which report that is, the desk finds out."""
    asked: Erasure = Erasure.objects.create(
        asked_by=ErasureAsker.NAMED,
        basis=ErasureBasis.OBJECTION,
        sealed_words=seal(words[:WORDS_MOST]),
        sealed_address=seal(address) if address else None,
    )
    return asked


def words_of(erasure: Erasure) -> str:
    """What was written with the request; "" if nothing was, or nobody can read it any more."""
    return _unsealed(erasure.sealed_words)


def address_of(erasure: Erasure) -> str:
    return _unsealed(erasure.sealed_address)


def _unsealed(what: bytes | memoryview | None) -> str:
    try:
        return unseal(bytes(what)) if what is not None else ""
    except InvalidToken:
        return ""


def erase(
    report: Report,
    *,
    basis: str,
    actor: Actor,
    asked_by: str = ErasureAsker.STAFF,
    by: User | None = None,
    proposal: Erasure | None = None,
    told: Mapping[str, int | str] = MappingProxyType({}),
) -> Erasure:
    """Erase what the report says, wherever it stands. Who may decide that is asked before: ``triage.erasures``.

    Twice is once. What is left to take away is in ``left`` of the row that is returned; ``reports.remains`` does it.
    ``told`` are further codes for the ledger. Raises ValidationError if ``proposal`` was turned down meanwhile.
    """
    with transaction.atomic():
        report_erasing.send(Report, report=report, said=None)
        held, issues = _locked(report)
        known = Erasure.objects.select_for_update(of=["self"]).filter(report=held, refused_at=None).first()
        if proposal is not None and known != proposal:
            raise ValidationError(_("Somebody has decided since. Look again."), code="late")
        if held.erased_at and known is not None and known.executed_at and not _has_words(held):
            return known
        said = said_by(held)
        to_look_at(held).update(needs_look=True)
        report_erasing.send(Report, report=held, said=said)
        quoting = {*held.excerpts.values_list("issue", flat=True), *_take_out(issues, said)}
        _empty(held)
        _forget_in_requests(held)
        _unname(held)
        refresh(quoting)
        done = known or Erasure(report=held, asked_by=asked_by)
        return _executed(done, held, basis=basis, actor=actor, by=by, told=told)


def _locked(report: Report) -> tuple[Report, list[Issue]]:
    """The report and every issue it ever stood in, locked in the order in which everybody locks."""
    placed = Placement.objects.filter(report=report).values("issue")
    issues = list(Issue.objects.filter(pk__in=placed).order_by("pk").select_for_update(of=["self"]))
    return Report.objects.select_for_update(of=["self"]).get(pk=report.pk), issues


def _has_words(report: Report) -> bool:
    """After a restore that brought some tables back and others not."""
    return any(kind._default_manager.filter(report=report).exists() for kind in (Evidence, EvidenceKey, Contact))


def _take_out(issues: list[Issue], said: Said) -> set[int]:
    """Take the report's words out of what people wrote beside the issues; which issues' public words changed."""
    found: list[Echo] = list(echoes(issues, said))
    for echo in found:
        type(echo.row)._default_manager.filter(pk=echo.row.pk).update(**{echo.column: echo.instead})
    changed = {echo.row.pk for echo in found if isinstance(echo.row, Issue)}
    Issue.objects.filter(pk__in=changed).update(changed_at=timezone.now())
    return changed


def _empty(report: Report) -> None:
    """All rows beside the report's own."""
    name, reason = f"report:{report.pk}", Q(pk__in=[])
    attachments.remove_all(report=report)
    if report.source_key:
        reason |= Q(reason__contains=report.source_key)
    if hasattr(report, "evidence") and (summary := report.evidence.summary):
        reason |= Q(reason__contains=summary[:60])
    ImportReject.objects.filter(reason).delete()
    Reproduction.objects.filter(report=report).update(evidence="", settings={})
    Placement.objects.filter(report=report).update(reasons={})
    Notice.objects.filter(subject=name).delete()
    Subscription.objects.filter(subject=name).delete()
    for kind in BESIDE:
        kind._default_manager.filter(report=report).delete()


def _forget_in_requests(report: Report) -> None:
    """What was answered to programs in the last day and names the report. The key stays taken: sent again, the same
    request would file what is erased here."""
    since = timezone.now() - ANSWERS_KEPT - timedelta(minutes=5)
    for row in IdempotencyKey.objects.filter(at__gt=since, sealed_answer__isnull=False).iterator():
        if report.reference in _unsealed(row.sealed_answer):
            IdempotencyKey.objects.filter(pk=row.pk).update(sealed_answer=None, body_digest=b"")


def _unname(report: Report) -> None:
    """The row itself: who, from where, under which name elsewhere, and what is no code of a closed list."""
    values: dict[str, Any] = {"settings": {}, "also_affects": [], "relation": "", "observed_on": None}
    if report.erased_at is None:
        values["source"] = report.source if report.source == report.channel else ERASED_SOURCE
        values["source_key"] = erased_key(report.source, report.source_key) if report.source_key else ""
    others = Report.objects.exclude(pk=report.pk)
    if report.rule_id and not others.filter(rule_id=report.rule_id, erased_at=None).exists():
        values |= {"rule_id": ""}
        Issue.objects.filter(rule_id=report.rule_id).update(rule_id="")
    now = timezone.now()
    Report.objects.filter(pk=report.pk).update(
        reporter=None,
        copy_of=None,
        erased_at=report.erased_at or now,
        grouped_at=report.grouped_at or now,  # what waited to be compared has nothing left to compare
        **values,
    )
    _give_another_voice(report)
    report.refresh_from_db()


def _give_another_voice(report: Report) -> None:
    """A voice that leads nowhere, unless it speaks in the same issue in another report that stands: else erasing one of
    somebody's two reports would make two voices of one."""
    same = Report.objects.filter(voice_key=report.voice_key)
    beside = Placement.objects.filter(report=report).values("issue")
    if not same.filter(erased_at=None, placements__issue__in=beside).exists():
        same.filter(Q(pk=report.pk) | Q(erased_at__isnull=False, placements__issue__in=beside)).update(
            voice_key=f"erased:{secrets.token_hex(16)}"
        )


def _executed(
    done: Erasure, report: Report, *, basis: str, actor: Actor, by: User | None, told: Mapping[str, int | str]
) -> Erasure:
    done.basis, done.executed_at, done.decider = basis, done.executed_at or timezone.now(), by
    done.sealed_words, done.left, done.finished_at = None, _to_take_away(report), None
    done.save()
    speak("erase", report, issue_of(report), actor=actor, basis=basis, reference=report.reference, **told)
    return done


def _to_take_away(report: Report) -> list[str]:
    """Without what it never had: files beside it, and a file of many that it came in."""
    never = set() if report.channel == Channel.IMPORT else {ErasureLeft.IMPORTS}
    if not report.attachments.exists():
        never.add(ErasureLeft.FILES)
    return [piece.value for piece in ErasureLeft if piece not in never]
