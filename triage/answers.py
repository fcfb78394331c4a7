"""What those who answer for an artifact say of an issue, and how both sides read it.

They acknowledge, answer, dispute and try again. Nothing of it changes how an artifact stands: a triager takes an answer
by affecting or resolving with it (``triage.moves``), or turns it down.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Case, CharField, Exists, F, IntegerField, Max, OuterRef, Q, QuerySet, Value, When
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.actors import actor_for
from accounts.models import Role, User
from accounts.policy import Actor, spokesperson
from ledger.record import record
from reports.models import Affected, Answer, Artifact, ContextRule, Issue, Reproduction, Version
from reports.models.context import ACKNOWLEDGE_WITHIN
from reports.naming import version_named
from reports.notices import tell
from reports.vocabulary import AffectedStatus
from triage.clocks import Clock, Exchange, State, answerable, clocks
from triage.locks import lock_issues
from triage.matching import flag_if_fixed
from triage.models import Decision
from triage.moves import Verb
from triage.moves.affecting import is_settled
from triage.moves.answering import TurnedDown
from triage.moves.status import holds

TEXT_LENGTH = 4_000
STATES: dict[str, Promise] = {
    "waiting": gettext_lazy("Waits for a triager"),
    "accepted": gettext_lazy("Accepted"),
    "refused": gettext_lazy("Turned down"),
}


PLACES: dict[str, Promise] = {
    "new": gettext_lazy("Acknowledge these"),
    "unanswered": gettext_lazy("Waiting for your answer"),
    "answered": gettext_lazy("Answered"),
    "settled": gettext_lazy("Settled"),
}


@dataclass(frozen=True, slots=True)
class Given:
    """An answer as both sides read it. ``why`` is the reason it was turned down, in words.

    ``is_tried``: somebody tried the fix that it proposes, and it held.
    """

    answer: Answer
    state: str
    why: str = ""
    is_tried: bool = False

    @property
    def standing(self) -> str:
        return str(STATES[self.state])

    @property
    def reasons(self) -> Sequence[tuple[str, str | Promise]]:
        """Why it may be turned down."""
        return TurnedDown.choices

    @property
    def proposes_fix(self) -> bool:
        return self.answer.status == AffectedStatus.FIXED


@dataclass(frozen=True, slots=True)
class Told:
    """How one artifact stands with those who answer for it: the row, whether anybody does, the clocks, the answers."""

    row: Affected
    is_answerable: bool
    clocks: Sequence[Clock]
    answers: Sequence[Given]

    @property
    def waiting(self) -> list[Given]:
        return [given for given in self.answers if given.state == "waiting"]

    @property
    def may_be_notified(self) -> bool:
        return self.is_answerable and self.row.notified_at is None


# What maintainers do


def acknowledge(issue: Issue, artifact: Artifact, *, by: User, at: datetime | None = None) -> Affected:
    """They know of it. A second time says nothing new."""
    with transaction.atomic():
        row = _told_row(issue, artifact, by)
        if row.acknowledged_at is None:
            row.acknowledged_at = at or timezone.now()
            row.save(update_fields=["acknowledged_at"])
            tell(record("acknowledge", issue, artifact, actor=by.pseudonym))
    return row


def take_back_acknowledgement(issue: Issue, artifact: Artifact, *, by: User) -> Affected:
    """It was pressed by mistake: the clock runs as if it had not been. Not once they have answered."""
    with transaction.atomic():
        row = _told_row(issue, artifact, by)
        if issue.answers.filter(artifact=artifact).exists():
            raise ValidationError(_("You have answered, so you know of it."))
        if row.acknowledged_at is not None:
            row.acknowledged_at = None
            row.save(update_fields=["acknowledged_at"])
            record("unacknowledge", issue, artifact, actor=by.pseudonym)
    return row


def give_answer(
    issue: Issue,
    artifact: Artifact,
    *,
    by: User,
    text: str,
    status: str = "",
    introduced_in: str = "",
    fixed_in: str = "",
    is_dispute: bool = False,
    at: datetime | None = None,
) -> Answer:
    """File what a maintainer says, with what it proposes to be recorded. Versions by name.

    The same words sent twice are one answer. Raises ValidationError with a sentence for the field it is about.
    """
    text = text.strip()
    _makes_sense(text, status=status, fixed_in=fixed_in, is_dispute=is_dispute)
    with transaction.atomic():
        row = _told_row(issue, artifact, by)
        proposed = {"introduced_in": _release(artifact, introduced_in), "fixed_in": _release(artifact, fixed_in)}
        _in_order(**proposed)
        values = {"text": text, "status": status, "is_dispute": is_dispute, **proposed}
        waiting = issue.answers.filter(artifact=artifact, by=by, accepted_at=None, refused_at=None, **values)
        if (same := waiting.first()) is not None:
            return same
        now = at or timezone.now()
        answer = Answer.objects.create(issue=issue, artifact=artifact, by=by, given_at=now, **values)
        if row.acknowledged_at is None:
            row.acknowledged_at = now
            row.save(update_fields=["acknowledged_at"])
        if is_dispute:
            Issue.objects.filter(pk=issue.pk).update(is_disputed=True)
        verb = "dispute" if is_dispute else "answer"
        tell(record(verb, issue, artifact, answer, actor=by.pseudonym, **_codes(answer)))
    return answer


def try_again(
    issue: Issue,
    artifact: Artifact,
    *,
    by: User,
    version: str,
    tries: int,
    failures: int,
    settings: dict[str, Any] | None = None,
    evidence: str = "",
    at: datetime | None = None,
) -> Reproduction:
    """Record what a maintainer saw when they tried again: theirs, and marked as theirs."""
    with transaction.atomic():
        _told_row(issue, artifact, by)
        tried_on = _release(artifact, version)
        if tried_on is None:
            raise ValidationError({"version": _("Say on which version it was tried.")})
        tried = Reproduction(
            issue=issue,
            artifact=artifact,
            version=tried_on,
            by=by,
            tries=tries,
            failures=failures,
            settings=settings or {},
            evidence=evidence.strip(),
            tried_at=at or timezone.now(),
        )
        tried.full_clean()
        tried.save()
        counted = {"version": tried_on.pk, "tries": tries, "failures": failures}
        tell(record("reproduce", issue, artifact, tried, actor=by.pseudonym, **counted))
        if failures:
            flag_if_fixed(issue, tried_on, actor=by.pseudonym)
    return tried


def take_back(tried: Reproduction, *, by: User) -> None:
    """What they recorded by mistake counts no more. A flag it raised stays: a person looks at that."""
    with transaction.atomic():
        _told_row(tried.issue, tried.artifact, by)
        if tried.by_id != by.pk:
            raise PermissionDenied
        ended = Reproduction.objects.filter(pk=tried.pk, ended_at=None).update(ended_at=timezone.now())
        if not ended:
            raise ValidationError(_("That has been taken back already."))
        record("unreproduce", tried.issue, tried.artifact, tried, actor=by.pseudonym)


def _told_row(issue: Issue, artifact: Artifact, by: User) -> Affected:
    """The row of an artifact that ``by`` speaks for and was told of, with the issue's row locked.

    Raises PermissionDenied for everybody else, and once the issue is open to them no more.
    """
    actor = spokesperson(actor_for(by))
    lock_issues([issue.pk])
    told = Affected.objects.told_to(actor).filter(artifact=artifact, issue__in=Issue.objects.told_to(actor))
    row = told.filter(issue=issue).first()
    if row is None:
        raise PermissionDenied
    return row


def _makes_sense(text: str, *, status: str, fixed_in: str, is_dispute: bool) -> None:
    if not text:
        raise ValidationError({"text": _("Write what you have to say.")})
    if len(text) > TEXT_LENGTH:
        told = _("That is too long: %(most)d characters at most.") % {"most": TEXT_LENGTH}
        raise ValidationError({"text": told})
    if status and status not in AffectedStatus.values:
        raise ValidationError({"status": _("There is no such choice.")})
    is_fix = status == AffectedStatus.FIXED
    if is_fix and not fixed_in.strip():
        raise ValidationError({"fixed_in": _("Say in which version it is fixed.")})
    if fixed_in.strip() and not is_fix:
        raise ValidationError({"fixed_in": _("Only a fix names a version. Choose “Fixed”.")})
    if is_fix and is_dispute:
        raise ValidationError({"status": _("What is fixed was there: answer it, or dispute it.")})


def _release(artifact: Artifact, name: str) -> Version | None:
    """The version of that name, made if nobody has named it before; what only points to a release is none."""
    version = version_named(artifact, name.replace("\x00", "")) if name.strip() else None
    if version is not None and version.is_alias:
        told = _("“%(version)s” points to whatever is newest. Name the release itself.") % {"version": version}
        raise ValidationError(told, code="alias")
    return version


def _in_order(*, introduced_in: Version | None, fixed_in: Version | None) -> None:
    first, fix = (each.position if each else None for each in (introduced_in, fixed_in))
    if first is not None and fix is not None and fix <= first:
        raise ValidationError({"fixed_in": _("By the order of versions that is not after the first affected one.")})


def _codes(answer: Answer) -> dict[str, Any]:
    """What the ledger hears of an answer: codes and ids, never its words."""
    told = {"status": answer.status, "introduced_in": answer.introduced_in_id, "fixed_in": answer.fixed_in_id}
    return {name: value for name, value in told.items() if value}


# How both sides read it


def answers_for(issue: Issue, rows: Sequence[Affected] | None = None, *, now: datetime | None = None) -> list[Told]:
    """Each artifact of the issue that somebody answers for, with its clocks and answers; what waits comes first.

    ``rows`` are those of the issue with artifact and versions, if they are at hand. The same number of queries however
    many there are, and one more than for the rows where nobody answers for any.
    """
    if rows is None:
        rows = list(issue.affected.select_related("artifact", "introduced_in", "fixed_in").order_by("pk"))
    return told_of(issue, rows, now=now or timezone.now())


def told_of(issue: Issue, rows: Sequence[Affected], *, now: datetime) -> list[Told]:
    """The same for some rows of the issue, with their artifacts."""
    known = answerable(row.artifact_id for row in rows)
    shown = [row for row in rows if row.notified_at or row.artifact_id in known]
    notified = [row for row in shown if row.notified_at]
    given = given_in(issue, [row.artifact_id for row in notified]) if notified else []
    running = clocks_for(notified, now=now, issue=issue) if notified else {}
    told = [
        Told(
            row=row,
            is_answerable=row.artifact_id in known,
            clocks=running.get(row.pk, []),
            answers=[each for each in given if each.answer.artifact_id == row.artifact_id],
        )
        for row in shown
    ]
    return sorted(told, key=lambda each: (not each.waiting, each.row.pk))


def rows_told_to(actor: Actor) -> "QuerySet[Affected]":
    """The maintainer's list: what nobody acknowledged, then what nobody answered, the longest waiting first.

    What is settled comes last. Rows bring their issue, artifact and ``place``, a key of ``PLACES``.
    """
    given = Answer.objects.filter(issue=OuterRef("issue"), artifact=OuterRef("artifact"))
    settled = ~Q(resolution="") | Q(status=AffectedStatus.NOT_AFFECTED)
    place = Case(
        When(settled, then=Value("settled")),
        When(acknowledged_at=None, then=Value("new")),
        When(Q(Exists(given)) | Q(stated_at__isnull=False), then=Value("answered")),
        default=Value("unanswered"),
        output_field=CharField(),
    )
    order = Case(*(When(place=name, then=Value(at)) for at, name in enumerate(PLACES)), output_field=IntegerField())
    rows = Affected.objects.visible_to(actor).told_to(actor).filter(issue__in=Issue.objects.told_to(actor))
    told = rows.select_related("issue__family", "artifact", "fixed_in").annotate(place=place)
    return told.order_by(order, "notified_at", "pk")


def given_in(issue: Issue, artifact_ids: Sequence[int]) -> list[Given]:
    """The answers of those artifacts, the newest first, each as it stands."""
    rows = Answer.objects.filter(issue=issue, artifact__in=artifact_ids)
    answers = list(rows.select_related("by", "artifact", "introduced_in", "fixed_in"))
    why = why_refused(issue) if any(answer.refused_at for answer in answers) else {}
    return [
        Given(answer, state_of(answer), why.get(answer.pk, ""), is_tried=_is_tried(issue, answer)) for answer in answers
    ]


def _is_tried(issue: Issue, answer: Answer) -> bool:
    return state_of(answer) == "waiting" and answer.fixed_in is not None and holds(issue, answer.fixed_in)


def state_of(answer: Answer) -> str:
    if answer.accepted_at:
        return "accepted"
    return "refused" if answer.refused_at else "waiting"


def why_refused(issue: Issue) -> dict[int, str]:
    """The reason given for each answer that was turned down, by answer."""
    refusals = Decision.objects.filter(issue=issue, verb=Verb.TURN_DOWN, undone_by=None).exclude(reason="")
    return {
        int(name.removeprefix("answer:")): str(TurnedDown(reason).label)
        for reason, after in refusals.values_list("reason", "after")
        for name in after.get("rows", {})
        if name.startswith("answer:") and reason in TurnedDown.values
    }


def clocks_for(rows: Sequence[Affected], *, now: datetime, issue: Issue | None = None) -> dict[int, list[Clock]]:
    """The clocks of each row, by row. Rows bring their issue, unless all are of ``issue``. Three queries."""
    within = dict(ContextRule.objects.values_list("context", "acknowledge_within"))
    answered, tried = _last_heard(Answer, "given_at", rows), _last_heard(Reproduction, "tried_at", rows)
    running: dict[int, list[Clock]] = {}
    for row in rows:
        about = issue or row.issue
        at = (row.issue_id, row.artifact_id)
        said = answered.get(at) or row.stated_at
        exchange = Exchange(
            notified_at=row.notified_at,
            acknowledged_at=row.acknowledged_at,
            answered_at=said,
            heard_at=max((moment for moment in (said, tried.get(at)) if moment), default=None),
            embargo_until=about.embargo_end,
            within=within.get(about.context_of_use, ACKNOWLEDGE_WITHIN),
        )
        told = clocks(exchange, now=now)
        # What is settled keeps its dates, and nobody waits for anything more.
        running[row.pk] = [clock for clock in told if clock.state is State.DONE] if is_settled(row) else told
    return running


def _last_heard(
    kind: type[Answer] | type[Reproduction], moment: str, rows: Sequence[Affected]
) -> dict[tuple[int, int], datetime]:
    """When those who answer for an artifact last gave one of that kind, by issue and artifact."""
    theirs = {"by__grants__role": Role.MAINTAINER, "by__grants__artifact_id": F("artifact_id")}
    given = kind._default_manager.filter(
        issue__in={row.issue_id for row in rows}, artifact__in={row.artifact_id for row in rows}, **theirs
    )
    last = given.order_by().values_list("issue_id", "artifact_id").annotate(last=Max(moment))
    return {(issue_id, artifact_id): at for issue_id, artifact_id, at in last}
