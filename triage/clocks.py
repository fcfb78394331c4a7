"""How long a maintainer has had, in words for both sides. Nothing here acts: a clock tells, people decide.

Days are working days (``reports.workdays``).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import Grant, Role
from reports.models.context import ACKNOWLEDGE_WITHIN
from reports.promptness import days_silent
from reports.workdays import day_in_words, due_on, next_working_day


class State(StrEnum):
    """How a clock stands. ``done`` has stopped, ``still`` only tells."""

    DONE = "done"
    OK = "ok"
    SOON = "soon"
    OVERDUE = "overdue"
    STILL = "still"


STATES: dict[State, Promise | str] = {
    State.DONE: gettext_lazy("done"),
    State.OK: gettext_lazy("in time"),
    State.SOON: gettext_lazy("due soon"),
    State.OVERDUE: gettext_lazy("overdue"),
    State.STILL: "",
}


@dataclass(frozen=True, slots=True)
class Exchange:
    """What passed between the desk and those who answer for one artifact in one issue.

    ``heard_at`` is when they last said anything; ``within`` is in working days.
    """

    notified_at: datetime | None
    acknowledged_at: datetime | None = None
    answered_at: datetime | None = None
    heard_at: datetime | None = None
    embargo_until: datetime | None = None
    within: int = ACKNOWLEDGE_WITHIN


@dataclass(frozen=True, slots=True)
class Clock:
    """One line. ``of`` says which: acknowledge, answer, silence, embargo."""

    of: str
    state: State
    words: str
    due_on: date | None = None

    @property
    def standing(self) -> str:
        return str(STATES[self.state])


def clocks(exchange: Exchange, *, now: datetime) -> list[Clock]:
    """Those that run, in the order in which they matter; none before anybody was told."""
    if exchange.notified_at is None:
        return []
    return [
        clock
        for clock in (
            _acknowledging(exchange, exchange.notified_at, now),
            _answering(exchange, exchange.notified_at, now),
            _silence(exchange, exchange.notified_at, now),
            _embargo(exchange, now),
        )
        if clock is not None
    ]


def state_of(due: date, today: date) -> State:
    """Soon is today, or the working day before."""
    if today > due:
        return State.OVERDUE
    return State.SOON if next_working_day(today) >= due else State.OK


def _acknowledging(exchange: Exchange, notified_at: datetime, now: datetime) -> Clock:
    if exchange.acknowledged_at is not None:
        told = _("Acknowledged on %(day)s") % {"day": day_in_words(exchange.acknowledged_at)}
        return Clock("acknowledge", State.DONE, told)
    due = due_on(notified_at, within=exchange.within)
    state = state_of(due, now.astimezone(UTC).date())
    sentence = _("Should have been acknowledged by %(day)s") if state is State.OVERDUE else _("Acknowledge by %(day)s")
    return Clock("acknowledge", state, sentence % {"day": day_in_words(due)}, due)


def _answering(exchange: Exchange, notified_at: datetime, now: datetime) -> Clock:
    if exchange.answered_at is not None:
        return Clock("answer", State.DONE, _("Answered on %(day)s") % {"day": day_in_words(exchange.answered_at)})
    return Clock("answer", State.STILL, _("Unanswered since %(day)s") % {"day": day_in_words(notified_at)})


def _silence(exchange: Exchange, notified_at: datetime, now: datetime) -> Clock | None:
    """Nothing was said for days. Not told of who has answered: they owe no further word."""
    if exchange.answered_at is not None:
        return None
    days = days_silent(notified_at, exchange.acknowledged_at, exchange.heard_at, now=now)
    if days is None:
        return None
    told = ngettext("Silent for %(days)d day", "Silent for %(days)d days", days) % {"days": days}
    return Clock("silence", State.STILL, told)


def _embargo(exchange: Exchange, now: datetime) -> Clock | None:
    until = exchange.embargo_until
    if until is None:
        return None
    return Clock(
        "embargo", State.STILL, _("Embargo until %(day)s") % {"day": day_in_words(until)}, until.astimezone(UTC).date()
    )


def answerable(artifact_ids: Iterable[int]) -> set[int]:
    """Those of the artifacts that somebody answers for."""
    holding = Grant.objects.filter(role=Role.MAINTAINER, ended_at=None, artifact_id__in=list(artifact_ids))
    return {pk for pk in holding.values_list("artifact_id", flat=True) if pk is not None}
