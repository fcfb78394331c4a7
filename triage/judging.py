"""Judging early warnings: a person says what a signal is, with a reason, and may take it back.

Each act is one transaction that leaves a Decision with its trail and one event, as in ``triage.decisions``, and
:func:`undo` puts it back. Confirming alone makes a signal public, of what has a page; nothing here changes an issue.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from reports.measured import measured
from reports.models import Issue, Placement, Signal
from reports.models.embargo import under_embargo
from reports.vocabulary import SignalReason
from triage.counting import recount
from triage.decisions import ChangedSince, DecidedSince, may_be_undone, may_decide, record_decision
from triage.locks import lock_family, lock_issues
from triage.models import Decision
from triage.moves import Verb
from triage.moves.scene import answers_for, stand_apart, within
from triage.trail import Overtaken, Trail, put_back

MOST_WORDS = 2_000  # characters of a reason
State = Signal.State
WAITING = (State.NEW, State.IN_REVIEW)


# What a cell is named by, and the column of the reports that stand in it
CELL = {"kind": "kind", "language": "language", "context": "context_of_use", "version": "version"}


class Judgement(models.TextChoices):
    """What a person may say of a signal."""

    REVIEW = "review_signal", gettext_lazy("Look into it")
    CONFIRM = "confirm_signal", gettext_lazy("Confirm")
    REFUTE = "refute_signal", gettext_lazy("Refute")
    KNOW = "know_signal", gettext_lazy("Known already")
    LACK = "lack_signal", gettext_lazy("Too little to go on")


@dataclass(frozen=True, slots=True)
class Way:
    """Where a judgement leads, from where, and the reasons that it takes; none where it closes nothing."""

    to: Signal.State
    start: frozenset[str]
    reasons: tuple[SignalReason, ...] = ()


def _from_all_but(state: Signal.State) -> frozenset[str]:
    return frozenset(State.values) - {state}


Because = SignalReason
JUDGEMENTS: Mapping[Judgement, Way] = {
    Judgement.REVIEW: Way(State.IN_REVIEW, _from_all_but(State.IN_REVIEW)),
    Judgement.CONFIRM: Way(
        State.CONFIRMED,
        _from_all_but(State.CONFIRMED),
        (Because.INDEPENDENT, Because.TRIED, Because.EXPLAINED),
    ),
    Judgement.REFUTE: Way(
        State.REFUTED,
        _from_all_but(State.REFUTED),
        (Because.CAMPAIGN, Because.ATTENTION, Because.MISGROUPED, Because.CHANCE),
    ),
    Judgement.KNOW: Way(
        State.KNOWN, _from_all_but(State.KNOWN), (Because.ON_RECORD, Because.WORKED_ON, Because.INTENDED)
    ),
    Judgement.LACK: Way(State.INSUFFICIENT, _from_all_but(State.INSUFFICIENT), (Because.FEW, Because.UNCLEAR)),
}


def judge(
    signal: Signal,
    judgement: str,
    *,
    by: User,
    reason: str = "",
    note: str = "",
    revision: int | None = None,
    at: datetime | None = None,
) -> Decision:
    """Say what the signal is. ``reason`` is a code of the judgement's list, ``note`` the words of who judges.

    ``revision`` is that of the signal as the page showed it; None asks nothing. ``at`` backdates what demo content
    tells of. Raises :class:`~triage.decisions.ChangedSince` if it was judged or its numbers moved since,
    ValidationError with a sentence if that cannot be said, PermissionDenied if ``by`` may not decide.
    """
    may_decide(by)
    way = JUDGEMENTS[Judgement(judgement)]
    if (reason or way.reasons) and reason not in way.reasons:
        raise ValidationError(_("Choose a reason."), code="reason")
    within(note, MOST_WORDS)
    with transaction.atomic():
        locked = _locked(signal)
        _still_as_shown(locked, revision)
        if locked.state not in way.start:
            raise ValidationError(_("That is what it says already."), code="status")
        if way.to == State.CONFIRMED:
            _no_embargo(locked)
        if way.reasons:
            _stand_apart(locked, by)
        elif locked.state not in WAITING:
            _alone(locked)
        trail, moment = Trail(), at or timezone.now()
        trail.change(locked, state=way.to, **_judged(locked, way, by, moment, reason, note))
        return _recorded(
            Decision(signal=locked, verb=judgement, reason=reason, note=note, decided_at=moment), trail, by=by
        )


def undo(decision: Decision, *, by: User, note: str = "") -> Decision:
    """Put back what stood before a judgement, which must be the last one standing on its signal.

    Raises :class:`~triage.decisions.DecidedSince`, or ValidationError if it is undone already or is an undo itself.
    """
    if decision.signal is None:
        raise TypeError("Only a decision on a signal is undone here")
    may_decide(by)
    with transaction.atomic():
        locked = _locked(decision.signal)
        stood = Decision.objects.select_for_update(of=["self"]).get(pk=decision.pk)
        may_be_undone(stood, concerning=Q(signal=locked))
        if JUDGEMENTS[Judgement(stood.verb)].reasons:
            _stand_apart(locked, by)
        if locked.state not in WAITING and _state_before(stood) in WAITING:
            _alone(locked)
        try:
            trail = put_back(stood.before["rows"], stood.after["rows"], at=timezone.now())
        except Overtaken:
            raise DecidedSince from None
        return _recorded(Decision(signal=locked, verb=Verb.UNDO, undoes=stood, note=note), trail, by=by)


def judgements(signal: Signal) -> "models.QuerySet[Decision]":
    """What people said of it, the newest first."""
    said = Decision.objects.filter(signal=signal).select_related("decider", "undoes", "undone_by")
    return said.order_by("-pk")


def of_cell(signal: Signal) -> Q:
    """Of placements, those of the signal's theme and cell, whenever their reports came."""
    asked = {f"report__{column}": signal.cell[name] for name, column in CELL.items() if signal.cell.get(name)}
    if signal.detector == Signal.Detector.RELEASE:  # it counts days since the release, whichever version is named
        asked.pop("report__version", None)
    if signal.theme:
        asked["issue__theme_place__theme"] = signal.theme
    if signal.artifact_id and "language" in signal.cell:  # whose row is the family
        asked["report__artifact__family"] = signal.artifact_id
    elif signal.artifact_id:
        asked["report__artifact"] = signal.artifact_id
    return Q(**asked)


def waiting_count() -> int:
    """How many signals wait for a judgement: as many as their page lists under that word."""
    return Signal.objects.filter(state__in=WAITING).count()


def in_words(decision: Decision) -> str:
    """What was said, with its reason."""
    if decision.verb == Verb.UNDO and decision.undoes:
        return _("Undone: %(what)s") % {"what": in_words(decision.undoes)}
    what = str(SAID[Judgement(decision.verb)])
    if decision.reason not in SignalReason.values:
        return what
    return _("%(what)s: %(reason)s") % {"what": what, "reason": SignalReason(decision.reason).label}


SAID = {
    Judgement.REVIEW: gettext_lazy("Being looked into"),
    Judgement.CONFIRM: gettext_lazy("Confirmed"),
    Judgement.REFUTE: gettext_lazy("Refuted"),
    Judgement.KNOW: gettext_lazy("Known already"),
    Judgement.LACK: gettext_lazy("Too little to go on"),
}


def _judged(
    signal: Signal, way: Way, by: User, moment: datetime, reason: str, note: str
) -> dict[str, datetime | str | float | None]:
    """What the row says of its judgement; nothing while it waits for one."""
    if not way.reasons:
        return {"judged_at": None, "judged_by": "", "reason": "", "reason_words": "", "ratio_judged": None}
    said: dict[str, datetime | str | float | None] = {"judged_at": moment, "judged_by": by.pseudonym}
    return said | {"reason": reason, "reason_words": note, "ratio_judged": signal.ratio}


def _locked(signal: Signal) -> Signal:
    """The signal, fresh, in the house's order: family, issue, signal. Nobody else judges or counts until the end."""
    if signal.issue is not None:
        lock_family(signal.issue.family_id)
        lock_issues([signal.issue.pk])
    rows = Signal.objects.select_for_update(of=["self"]).select_related("issue", "artifact")
    return rows.get(pk=signal.pk)


def _still_as_shown(signal: Signal, revision: int | None) -> None:
    if revision is None or signal.revision == revision:
        return
    newest: Iterable[Decision] = judgements(signal)[: max(1, min(10, signal.revision - revision))]
    raise ChangedSince(newest)


def _stand_apart(signal: Signal, by: User) -> None:
    """What may become public about something is not said alone by who reported it or answers for it."""
    if signal.issue is not None:
        stand_apart(signal.issue, by)
    if signal.artifact_id in answers_for(by):
        raise ValidationError(_("You answer for this artifact, so somebody else has to decide."), code="apart")


def _no_embargo(signal: Signal) -> None:
    """The numbers of a cell tell of every issue behind it, named or not. Of an issue's own signal, its page decides."""
    behind = Q(pk__in=[pk for pk, _voices in measured(signal).drivers])
    if signal.issue_id is None and signal.artifact_id is not None:
        named = Q(report__in=signal.statistics.get("report_ids", []))
        placed = Placement.objects.active().filter(of_cell(signal) | named, report__held_at=None)
        behind |= Q(pk__in=placed.values("issue"))
    if Issue.objects.filter(under_embargo(), behind).exists():
        raise ValidationError(_("An issue behind it is under embargo: confirming would tell of it."), code="embargo")


def _alone(signal: Signal) -> None:
    """Of one thing one signal waits at a time."""
    if signal.key and Signal.objects.filter(key=signal.key, state__in=WAITING).exclude(pk=signal.pk).exists():
        raise ValidationError(_("A newer signal about the same waits already. Judge that one."), code="status")


def _state_before(decision: Decision) -> str:
    row = next(iter(decision.before["rows"].values()), None) or {}
    return str(row.get("state", ""))


def _recorded(decision: Decision, trail: Trail, *, by: User) -> Decision:
    """One revision more, the decision with its event, and what is counted with open signals."""
    signal = decision.signal
    assert signal is not None  # noqa: S101 -- judge and undo alone call this
    Signal.objects.filter(pk=signal.pk).update(revision=F("revision") + 1)
    made = record_decision(decision, trail, by=by, about=[signal, signal.issue, signal.artifact])
    if signal.issue_id:
        recount([signal.issue_id])
    return made
