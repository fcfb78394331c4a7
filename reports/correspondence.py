"""The private thread between the reporter of a report and the triagers: questions, answers, disputes, and what is added
to the report after it was filed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.policy import Actor
from ledger.models import Event
from ledger.record import subject
from reports.attachments import take
from reports.models import Issue, Message, Placement, Report
from reports.sealed import seal_beside
from reports.speaking import speak
from reports.standing import issue_of
from reports.vocabulary import Status

TEXT_MIN, TEXT_MAX = 10, 2_000  # characters of what a reporter writes
EVIDENCE_MAX = 20_000  # characters of what is added to a report at once: as long as an account may be
WRITES_A_DAY = 10  # what a reporter sends unasked about one report within a day; answers to questions are on top
DISMISSAL = "dismissal"  # what is disputed: that the issue was dismissed
GROUPING = "grouping"  # or that the report belongs there
# A dispute stands until one of these happens to its issue.
ENDS_DISPUTE = ("dismiss", "settle", "reopen")


@dataclass(frozen=True, slots=True)
class Thread:
    """What was said about one report, oldest first, and who has the next word."""

    report: Report
    lines: Sequence[Message]

    @property
    def _said(self) -> list[Message]:
        """What stands of the conversation. Evidence added is no answer to a question."""
        return [line for line in self.lines if line.withdrawn_at is None and not line.is_evidence]

    @property
    def question(self) -> Message | None:
        """The question that waits for the reporter."""
        said = self._said
        return said[-1] if said and not said[-1].from_reporter else None

    @property
    def is_answered(self) -> bool:
        """Whether the reporter had the last word on a question. ``Issue.asked_at`` stays: that it was asked is no less
        true."""
        asked = any(not line.from_reporter for line in self._said)
        return asked and self.question is None

    @property
    def is_unasked(self) -> bool:
        """Whether the reporter wrote, and nobody has asked them anything."""
        return bool(self._said) and not any(not line.from_reporter for line in self._said)


def thread_of(report: Report) -> Thread:
    """For the desk: withdrawn lines too, which are marked, and not what was added to the report's words. One query."""
    said = report.messages.filter(is_evidence=False).select_related("by")
    return Thread(report, list(said.order_by("sent_at", "pk")))


def thread_for_reporter(report: Report) -> Thread:
    return Thread(report, list(report.messages.filter(withdrawn_at=None).order_by("sent_at", "pk")))


def reply(report: Report, *, text: str, actor: Actor) -> Message:
    """Answer the question that waits. The same words sent twice are one answer.

    Raises ValidationError if nothing was asked, it is answered already, or the report is withdrawn.
    """
    with transaction.atomic():
        held = _held(report)
        thread = thread_for_reporter(held)
        if thread.question is None:
            if again := _repeated(held, text):
                return again
            raise ValidationError(_("There is no question that waits for an answer."), code="answered")
        said = _said(held, text)
        speak("reply", held, issue_of(held), actor=actor, message=said.pk)
        return said


def say(report: Report, *, text: str, actor: Actor) -> Message:
    """Write to the triagers unasked. The same words sent twice in a row are one message.

    Raises ValidationError if enough was sent within a day, or the report is withdrawn.
    """
    return _write(report, "say", text=text, actor=actor)


def add_evidence(
    report: Report, *, text: str, actor: Actor, files: "Sequence[UploadedFile[Any]]" = ()
) -> Message | None:
    """Add words, files or both to the report. Triagers read them with its words; maintainers do not.

    Raises as :func:`say` does, and where a file was not taken: then the words are not kept either, and the good files
    are. Not to be called inside a transaction.
    """
    with transaction.atomic():
        _refuse_too_many(_held(report))
    here = set(report.attachments.values_list("pk", flat=True)) if files else set()
    taken = [file for file in take(files, report=report) if file.pk not in here] if files else []
    again = _repeated(report, text, is_evidence=True) if text and taken else None  # another file by the same words
    if text and not again:
        return _write(report, "add", text=text, actor=actor, is_evidence=True)
    if taken:
        with transaction.atomic():
            speak("add", report, issue_of(report), actor=actor, files=len(taken))
    return again


def _write(report: Report, verb: str, *, text: str, actor: Actor, is_evidence: bool = False) -> Message:
    with transaction.atomic():
        held = _held(report)
        if again := _repeated(held, text, is_evidence=is_evidence):
            return again
        _refuse_too_many(held)
        said = _said(held, text, is_evidence=is_evidence)
        speak(verb, held, issue_of(held), actor=actor, message=said.pk)
        return said


def _said(report: Report, text: str, *, is_evidence: bool = False) -> Message:
    said = Message(report=report, from_reporter=True, is_evidence=is_evidence, plain_text=text)
    seal_beside(said)
    said.save()
    return said


def _refuse_too_many(report: Report) -> None:
    lately = report.messages.filter(from_reporter=True, sent_at__gt=timezone.now() - timedelta(days=1))
    if lately.count() < WRITES_A_DAY:
        return
    often = ngettext(
        "You have written %(count)d time within a day, which is as often as this page takes. Come back tomorrow.",
        "You have written %(count)d times within a day, which is as often as this page takes. Come back tomorrow.",
        WRITES_A_DAY,
    )
    raise ValidationError(often % {"count": WRITES_A_DAY}, code="often")


def _held(report: Report) -> Report:
    """The report's row, locked, so that two presses come one after the other. Raises ValidationError if it is gone."""
    held = Report.objects.select_for_update(of=["self"], no_key=True).get(pk=report.pk)
    if held.withdrawn_at or held.erased_at:
        raise ValidationError(_("This report was withdrawn. Take that back first."), code="withdrawn")
    return held


def _repeated(report: Report, text: str, *, is_evidence: bool = False) -> Message | None:
    """What the reporter said last, if it is the same: the button was pressed twice."""
    own = report.messages.filter(withdrawn_at=None, from_reporter=True, is_evidence=is_evidence)
    last = own.order_by("-sent_at", "-pk").first()
    return last if last is not None and last.text == text else None


def dispute(report: Report, *, about: str, text: str, actor: Actor) -> Message:
    """Say why what was decided is wrong: ``about`` is DISMISSAL or GROUPING. Once, until a person has looked.

    A dismissed issue waits for the desk again. A dispute of the grouping makes the report's place one to look at, and
    says nothing in public. Raises ValidationError if that cannot be disputed (any more).
    """
    with transaction.atomic():
        issue = issue_of(report)
        locked = Issue.objects.select_for_update(of=["self"]).filter(pk=issue.pk if issue else 0).first()
        report = _held(report)  # whoever erased it meanwhile leaves no place for words
        if locked is None or about not in disputable(report, locked):
            last = thread_for_reporter(report).lines[-1:]
            if last and last[0].text == text and _disputes(last[0]):
                return last[0]  # the same button, pressed twice
            raise ValidationError(_("This was disputed already, or nothing is left to dispute."), code="status")
        said = _said(report, text)
        if about == DISMISSAL:
            Issue.objects.filter(pk=locked.pk).update(is_disputed=True, changed_at=timezone.now())
        else:
            _placement(report, locked).update(needs_look=True)
        speak("dispute", report, locked, actor=actor, message=said.pk, about=about)
        return said


def _disputes(line: Message) -> bool:
    said = Event.objects.filter(verb="dispute", subjects__contains=[subject(line.report)])
    return said.filter(payload__content__message=line.pk).exists()


def disputable(report: Report, issue: Issue | None) -> frozenset[str]:
    """What the reporter may dispute now."""
    if issue is None or report.withdrawn_at or report.erased_at:
        return frozenset()
    if issue.status == Status.DISMISSED:
        return frozenset() if disputed_at(report, issue) else frozenset({DISMISSAL})
    # Only where the reporter can read what theirs was grouped with, and others are there.
    if not issue.is_public or issue.report_count < 2 or _placement(report, issue).filter(needs_look=True).exists():
        return frozenset()
    return frozenset({GROUPING})


def disputed_at(report: Report, issue: Issue) -> datetime | None:
    """Since when this report's dispute of a dismissal waits for a person; None if it does not."""
    if not issue.is_disputed:
        return None
    own = Event.objects.filter(verb="dispute", subjects__contains=[subject(issue), subject(report)])
    ended = Event.objects.filter(verb__in=ENDS_DISPUTE, subjects__contains=[subject(issue)])
    last = ended.order_by("-pk").values_list("pk", flat=True).first() or 0
    return own.filter(pk__gt=last).order_by("-pk").values_list("at", flat=True).first()


def _placement(report: Report, issue: Issue) -> "models.QuerySet[Placement]":
    return Placement.objects.active().filter(report=report, issue=issue)
