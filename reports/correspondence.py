"""The private thread between the reporter of a report and the triagers: questions, answers, disputes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.policy import Actor
from ledger.models import Event
from ledger.record import record, subject
from reports.models import Issue, Message, Placement, Report
from reports.notices import tell
from reports.signals import report_changed
from reports.standing import issue_of
from reports.vocabulary import Status

TEXT_MIN, TEXT_MAX = 10, 2_000  # characters of what a reporter writes
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
    def question(self) -> Message | None:
        """The question that waits for the reporter."""
        standing = [line for line in self.lines if line.withdrawn_at is None]
        return standing[-1] if standing and not standing[-1].from_reporter else None

    @property
    def is_answered(self) -> bool:
        """Whether the reporter had the last word. ``Issue.asked_at`` stays: that it was asked is no less true."""
        return bool(self.lines) and self.question is None


def thread_of(report: Report) -> Thread:
    """For the desk: withdrawn lines too, which are marked. One query."""
    return Thread(report, list(report.messages.select_related("by").order_by("sent_at", "pk")))


def thread_for_reporter(report: Report) -> Thread:
    return Thread(report, list(report.messages.filter(withdrawn_at=None).order_by("sent_at", "pk")))


def reply(report: Report, *, text: str, actor: Actor) -> Message:
    """Answer the question that waits. The same words sent twice are one answer.

    Raises ValidationError if nothing was asked, or it is answered already.
    """
    with transaction.atomic():
        held = Report.objects.select_for_update(of=["self"], no_key=True).get(
            pk=report.pk
        )  # two presses come one after the other
        thread = thread_for_reporter(held)
        if thread.question is None:
            if thread.lines and thread.lines[-1].text == text:
                return thread.lines[-1]
            raise ValidationError(_("There is no question that waits for an answer."), code="answered")
        said = Message.objects.create(report=held, from_reporter=True, text=text)
        _speak("reply", held, issue_of(held), actor=actor, message=said.pk)
        return said


def dispute(report: Report, *, about: str, text: str, actor: Actor) -> Message:
    """Say why what was decided is wrong: ``about`` is DISMISSAL or GROUPING. Once, until a person has looked.

    A dismissed issue waits for the desk again. A dispute of the grouping makes the report's place one to look at, and
    says nothing in public. Raises ValidationError if that cannot be disputed (any more).
    """
    with transaction.atomic():
        issue = issue_of(report)
        locked = Issue.objects.select_for_update(of=["self"]).filter(pk=issue.pk if issue else 0).first()
        if locked is None or about not in disputable(report, locked):
            last = thread_for_reporter(report).lines[-1:]
            if last and last[0].from_reporter and last[0].text == text:
                return last[0]  # the same button, pressed twice
            raise ValidationError(_("This was disputed already, or nothing is left to dispute."), code="status")
        said = Message.objects.create(report=report, from_reporter=True, text=text)
        if about == DISMISSAL:
            Issue.objects.filter(pk=locked.pk).update(is_disputed=True, changed_at=timezone.now())
        else:
            _placement(report, locked).update(needs_look=True)
        _speak("dispute", report, locked, actor=actor, message=said.pk, about=about)
        return said


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


def _speak(verb: str, report: Report, issue: Issue | None, *, actor: Actor, **content: int | str) -> None:
    """Record that the reporter said something, tell those it concerns, and say so to other apps."""
    tell(record(verb, *([issue] if issue else []), report, actor=actor.pseudonym, **content))
    transaction.on_commit(lambda: report_changed.send(Report, report_id=report.pk))
