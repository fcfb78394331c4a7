"""D0, the severity rule: what is so grave that a person hears of it after one credible report, whatever the counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

ANY = ""


@dataclass(frozen=True, slots=True)
class Grave:
    """One line of the operator's list: it fits a report that answers all it names; "" names nothing."""

    kind: str = ANY
    harm: str = ANY
    context: str = ANY
    least_hazard: int = 0  # 0 none, 1 blurred, 2 gated, 3 moderators only

    def fits(self, report: Account) -> bool:
        named = ((self.kind, report.kind), (self.harm, report.harm), (self.context, report.context))
        return all(said in (ANY, answer) for said, answer in named) and report.hazard >= self.least_hazard


@dataclass(frozen=True, slots=True)
class Account:
    """What counts about one report. ``is_credible``: neither held, withdrawn, nor called spam by a person."""

    report: int
    kind: str
    harm: str
    context: str
    hazard: int
    reported_on: date
    is_credible: bool


@dataclass(frozen=True, slots=True)
class Gravity:
    """A designated harm: the reports that are it, since when, and the line of the list that says so."""

    reports: tuple[int, ...]
    since: date
    because: Grave


# Like the designated medical events of drug safety, which are looked at one by one. Harm that is said to have happened,
# where it can be of body or of right; leaks and acts in the world whoever was harmed; and what triagers gate.
DESIGNATED: tuple[Grave, ...] = (
    Grave(kind="dangerous_instructions", harm="yes"),
    Grave(kind="dangerous_instructions", harm="nearly"),
    Grave(kind="privacy_leak", harm="yes"),
    Grave(kind="unsafe_action", harm="yes"),
    Grave(harm="yes", context="health"),
    Grave(harm="yes", context="justice"),
    Grave(least_hazard=3),
)


def gravity(reports: Sequence[Account], designated: Sequence[Grave] = DESIGNATED) -> Gravity | None:
    """Whether one of an issue's credible reports is a designated harm; the first line that fits any of them says why.

    >>> one = Account(7, "privacy_leak", "yes", "work", 0, date(2026, 11, 2), is_credible=True)
    >>> gravity([one]).because.kind
    'privacy_leak'
    >>> gravity([]) is None
    True
    """
    credible = sorted((each for each in reports if each.is_credible), key=lambda each: (each.reported_on, each.report))
    for line in designated:
        if fitting := [each for each in credible if line.fits(each)]:
            return Gravity(tuple(each.report for each in fitting), fitting[0].reported_on, line)
    return None
