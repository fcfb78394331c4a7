"""How urgent an issue is: severity × voices × context of use × harm × signal, doubled by every month that it waits.

A person's word stands instead of the product, never instead of the waiting. What is stored is the logarithm of all
that with the moment of opening in place of the time waited: ``log2(product) - opened_at / 30 days``. Every issue gains
one a month, so the order is the same at every moment and no clock has to write it anew. A month more of waiting weighs
as much as twice the product. Possible regressions stand above, whatever their priority.

``triage.counting`` writes ``Issue.priority`` by the SQL below, whenever it counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import exp2, log
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.timesince import timesince
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from reports.models import ContextRule, Issue, Signal
from reports.vocabulary import Harm, Severity

MONTH_S = 30 * 86_400.0  # seconds of waiting that double what is urgent

# Only how steps compare is meant. "Not sure" lies between low and medium: whoever files is seldom sure.
SEVERITY_WEIGHTS = {
    Severity.NOT_SURE: 1.5,
    Severity.LOW: 1.0,
    Severity.MEDIUM: 2.0,
    Severity.HIGH: 4.0,
    Severity.CRITICAL: 8.0,
}
# In ascending order of what is worst: an issue's harm is the worst that a report with a voice tells of.
HARM_WEIGHTS = {Harm.NO: 1.0, Harm.UNSURE: 1.0, Harm.NEARLY: 1.5, Harm.YES: 2.0}
SIGNAL_WEIGHTS = {Signal.Tier.WATCH: 1.5, Signal.Tier.ALARM: 2.0}
OPEN_SIGNALS = (Signal.State.NEW, Signal.State.IN_REVIEW, Signal.State.CONFIRMED)
LEAST = 1e-6  # of a person's weight: a logarithm needs something

# In place of the product, which lies between 1 and about 500. First and last are twenty months away from a plain issue.
FIRST, HIGH, NORMAL, LAST = exp2(21), 64.0, 2.0, exp2(-19)
CHOICES: tuple[tuple[float, Promise], ...] = (
    (FIRST, _("First")),
    (HIGH, _("High")),
    (NORMAL, _("Normal")),
    (LAST, _("Last")),
)

# Of one issue, with its counts at hand as c: c.severity, c.voices, c.context, c.harm, c.id, c.opened, c.override.
# 1 + ln(voices): the hundredth voice adds less than the second.
SQL = """
ln(greatest(%(least_weight)s, coalesce(c.override,
    coalesce((%(severity_weights)s::float8[])[array_position(%(severities)s::text[], c.severity::text)], 1)
    * (1 + ln(greatest(c.voices, 1)::float8))
    * coalesce((SELECT rule.weight FROM reports_contextrule rule WHERE rule.context = c.context), 1)
    * coalesce((%(harm_weights)s::float8[])[array_position(%(harms)s::text[], c.harm::text)], 1)
    * coalesce((SELECT max((%(signal_weights)s::float8[])[array_position(%(tiers)s::text[], s.tier::text)])
                FROM reports_signal s WHERE s.issue_id = c.id AND s.state = ANY(%(open_signals)s)), 1)
)::float8)) / ln(2::float8) - extract(epoch FROM c.opened)::float8 / %(month_s)s
"""
PARAMETERS: dict[str, Any] = {
    "severities": [severity.value for severity in SEVERITY_WEIGHTS],
    "severity_weights": list(SEVERITY_WEIGHTS.values()),
    "harms": [harm.value for harm in HARM_WEIGHTS],
    "harm_weights": list(HARM_WEIGHTS.values()),
    "tiers": [tier.value for tier in SIGNAL_WEIGHTS],
    "signal_weights": list(SIGNAL_WEIGHTS.values()),
    "open_signals": [state.value for state in OPEN_SIGNALS],
    "least_weight": LEAST,
    "month_s": MONTH_S,
}


@dataclass(frozen=True, slots=True)
class Factor:
    """One thing that makes an issue more urgent, in words, and by how much."""

    words: str
    weight: float

    @property
    def times(self) -> str:
        return f"×{rounded(self.weight)}"

    def __str__(self) -> str:
        return f"{self.words} {self.times}"


@dataclass(frozen=True, slots=True)
class Priority:
    """Why an issue stands where it does. ``chosen`` is a person's word, which counts instead of all but the waiting."""

    factors: Sequence[Factor]
    chosen: str
    is_on_top: bool  # a possible regression stands above all others

    def __str__(self) -> str:
        return " · ".join(map(str, self.factors))


def explained(issue: Issue, *, now: datetime | None = None, signals: Sequence[Signal] | None = None) -> Priority:
    """What the issue's place in the queue follows from. Asks for the context's weight, and for the open ``signals``
    if they are not known."""
    waiting = _waiting(issue, now or timezone.now())
    if issue.priority_override is not None:
        chosen = choice_in_words(issue.priority_override)
        told = Factor(gettext("%(choice)s, set by a person") % {"choice": chosen}, issue.priority_override)
        return Priority((told, waiting), chosen, issue.is_possible_regression)
    named = {"severity": issue.get_severity_display()}
    factors = [
        Factor(gettext("severity: %(severity)s") % named, SEVERITY_WEIGHTS[Severity(issue.severity)]),
        Factor(
            ngettext("%(count)d voice", "%(count)d voices", issue.voice_count) % {"count": issue.voice_count},
            1 + log(max(issue.voice_count, 1)),
        ),
    ]
    return Priority((*factors, *_further(issue, signals), waiting), "", issue.is_possible_regression)


def choice_in_words(weight: float) -> str:
    """The name of a weight that a person gave; the number itself if it is none of the choices."""
    return next((str(words) for value, words in CHOICES if value == weight), f"×{rounded(weight)}")


def rounded(weight: float) -> str:
    """To one digit after the point, if there is anything there."""
    return number_format(int(weight) if weight == int(weight) else round(weight, 1))


def _further(issue: Issue, signals: Sequence[Signal] | None) -> list[Factor]:
    """What is told only where it changes something."""
    factors = []
    rule = ContextRule.objects.filter(context=issue.context_of_use).first() if issue.context_of_use else None
    if rule and rule.weight != 1:
        factors.append(Factor(gettext("used in: %(context)s") % {"context": rule.get_context_display()}, rule.weight))
    harm = HARM_WEIGHTS.get(Harm(issue.harm_occurred), 1.0) if issue.harm_occurred else 1.0
    if harm != 1:
        happened = issue.harm_occurred == Harm.YES
        factors.append(Factor(gettext("harm happened") if happened else gettext("harm nearly happened"), harm))
    opened = list(open_signals().filter(issue=issue)) if signals is None else signals
    if opened:
        weight = max(SIGNAL_WEIGHTS.get(Signal.Tier(signal.tier), 1.0) for signal in opened)
        factors.append(Factor(gettext("an early warning is open"), weight))
    return factors


def _waiting(issue: Issue, now: datetime) -> Factor:
    waited = max((now - issue.opened_at).total_seconds(), 0)
    words = gettext("waiting %(time)s") % {"time": timesince(issue.opened_at, now, depth=1)}
    return Factor(words, exp2(min(waited / MONTH_S, 1_000)))


def open_signals() -> "QuerySet[Signal]":
    return Signal.objects.filter(state__in=OPEN_SIGNALS)
