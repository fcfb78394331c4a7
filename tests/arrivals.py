"""Reports that arrive one after the other and are grouped as the site does it, without a database."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from triage.grouping.background import Background
from triage.grouping.copies import is_copy, text_of
from triage.grouping.features import Table, table
from triage.grouping.fields import Fields
from triage.grouping.method import Method, shipped
from triage.grouping.outcome import Bounds, Outcome, Policy, issue_scores
from triage.grouping.pool import Pool
from triage.grouping.rarity import Rarity
from triage.grouping.vector import Vector, analyse


class Counted:
    """In how many of the reports so far each term stands."""

    def __init__(self, vectors: Sequence[Vector] = ()) -> None:
        self.total = 0
        self.by_term: dict[int, int] = {}
        for vector in vectors:
            self.add(vector)

    def add(self, vector: Vector) -> None:
        self.total += 1
        for term in vector.terms.tolist():
            self.by_term[term] = self.by_term.get(term, 0) + 1

    def counts_of(self, hashes: NDArray[np.int32]) -> NDArray[np.int64]:
        return np.array([self.by_term.get(term, 0) for term in hashes.tolist()], dtype=np.int64)


def rarity_among(vectors: Sequence[Vector] = (), background: Background | None = None) -> Rarity:
    """How telling terms are among these reports; without a background unless one is given."""
    return Rarity(Counted(vectors), background or Background.of([]))


def compared(query: Vector, *known: Vector, background: Background | None = None) -> Table:
    """The features of the query with each of the known, rare as terms are among those."""
    return table(query, Pool.of(known), rarity=rarity_among(known, background))


@dataclass(frozen=True, slots=True)
class Arrival:
    """A report as it comes in. ``key`` names it and the issue it opens; a family of None is an unknown artifact."""

    key: str
    family: str | None
    vector: Vector
    text: str
    rule: str = ""  # of a scanner

    @classmethod
    def of(
        cls,
        key: str,
        fields: Fields,
        *,
        masks: Sequence[str],
        secret: bytes,
        family: str | None = "one",
        rule: str = "",
    ) -> "Arrival":
        return cls(key, family, analyse(fields, masks=masks, key=secret), text_of(fields, masks=masks), rule)


@dataclass
class Site:
    """What has arrived, and in which issue each stands, named by the report that opened it. Nobody judges here."""

    background: Background
    method: Method = field(default_factory=shipped)
    known: dict[str, Arrival] = field(default_factory=dict)
    issues: dict[str, str] = field(default_factory=dict)
    counts: Counted = field(default_factory=Counted)

    def take(self, report: Arrival) -> str:
        """Group one report; returns the issue it stands in."""
        self.issues[report.key] = self.gathered(report) or self.judged(report) or report.key
        self.known[report.key] = report
        self.counts.add(report.vector)
        return self.issues[report.key]

    def gathered(self, report: Arrival) -> str | None:
        """Where its copy stands, or what its scanner's rule has opened."""
        if report.family is None:
            return None
        near = self.near(report)
        alike = [each for each in near if report.rule and self.known[self.issues[each.key]].rule == report.rule]
        alike += [each for each in near if each.rule == report.rule and is_copy(report.text, each.text)]
        return self.issues[alike[0].key] if alike else None

    def judged(self, report: Arrival) -> str | None:
        outcome, names = self.outcome(report)
        return names[outcome.issue] if outcome.verdict == "place" and outcome.issue is not None else None

    def outcome(self, report: Arrival) -> tuple[Outcome, list[str]]:
        """What the policy makes of it, and the names of the issues by their numbers there."""
        near = self.near(report)
        names = sorted({self.issues[each.key] for each in near})
        numbers = [names.index(self.issues[each.key]) for each in near]
        sizes = {number: numbers.count(number) for number in set(numbers)}
        pool = Pool.of([each.vector for each in near])
        values = table(report.vector, pool, rarity=Rarity(self.counts, self.background))
        rules = [self.known[name].rule for name in names]
        policy = Policy(
            self.method.thresholds["scanner" if report.rule else "form"].among(len(near)),
            Bounds(closed={at for at, rule in enumerate(rules) if rule and report.rule and rule != report.rule}),
            may_place=report.family is not None,
        )
        return policy.judge(issue_scores(self.method.probabilities(values), numbers, sizes)), names

    def near(self, report: Arrival) -> list[Arrival]:
        """All of the report's family, or of the site if it has none."""
        return [each for each in self.known.values() if report.family in (None, each.family)]
