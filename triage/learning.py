"""Learning from what people decided: pairs of reports they called the same or not, and a method fitted to those.

A pair is what the pair model weighs: a report and one of those nearest to it that came before. How rare words are is
counted as of today, not as of then; the texts, the neighbours and the order are those of then.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Self

import numpy as np
from django.db import connection, transaction
from django.utils import timezone
from numpy.typing import NDArray

from accounts.policy import SYSTEM
from ledger.record import record
from reports.models import Placement, Report
from reports.vocabulary import PlacedBy
from triage.bounds import home_of_issue
from triage.grouping.features import MEANING, NAMES, Numbers, Table
from triage.grouping.fitting import capped, fit
from triage.grouping.method import Method
from triage.matching import source_of
from triage.methods import embedder_at_work, in_force, next_name, put_in_force
from triage.models import Constraint, FittedMethod, Suggestion
from triage.neighbours import Neighbours, neighbours_of
from triage.reading import read_report

LEAST = 200  # decisions below which nothing is fitted
HELD_OUT = 0.3  # of the decisions, the newest: a method is measured on what came after what it was fitted to
OF_AN_ISSUE = 20  # newest reports of an issue that are asked about
ASKED_AT_MOST = 4_000  # newest reports, some minutes' work
NEAREST = 3  # reports of an issue that one answer about the whole issue speaks of
MOST_OF_A_GROUP = 10  # pairs that one issue, or two issues kept apart, may count for
STEPS = 50  # hundredths by which thresholds are raised at most, if precision asks for it

# Reports in issues that a person confirmed, as far as they stood there when a person last decided on the issue. Copies
# and what a scanner's rule gathers are left out: the pair model is not asked about those.
LOOKED_AT = """
WITH looked AS (
  SELECT i.id, (
    SELECT max(d.decided_at) FROM triage_decision d WHERE d.issue_id = i.id AND d.by = 'person'
      AND d.undoes_id IS NULL AND NOT EXISTS (SELECT FROM triage_decision u WHERE u.undoes_id = d.id)
  ) AS at
  FROM reports_issue i WHERE i.status IN ('confirmed', 'resolved') AND i.touched_at IS NOT NULL
)
SELECT p.report_id, l.id, l.at FROM looked l
JOIN reports_placement p ON p.issue_id = l.id AND p.superseded_at IS NULL AND NOT p.needs_look
  AND (p.placed_at <= l.at OR p.by = 'person')
JOIN reports_report r ON r.id = p.report_id AND r.copy_of_id IS NULL AND r.rule_id = ''
WHERE l.at IS NOT NULL
ORDER BY p.report_id
"""


@dataclass(frozen=True, slots=True)
class Word:
    """What a person said of a pair. ``decision`` names the act; ``group`` what may count for so much and no more."""

    same: bool
    at: datetime
    decision: str
    group: str


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Pairs of reports as the pair model sees them, with what people said of each; position by position.

    ``values`` (n, ``len(names)``), ``quote`` and ``agreement`` as in Table; ``likely``: what it took to join.
    """

    names: tuple[str, ...]
    values: Numbers
    quote: Numbers
    agreement: Numbers
    likely: Numbers
    words: list[Word]

    def __len__(self) -> int:
        return len(self.words)

    @property
    def same(self) -> NDArray[np.bool_]:
        return np.array([word.same for word in self.words], dtype=np.bool_)

    @property
    def shares(self) -> Numbers:
        """How much each counts, so that no issue drowns the others."""
        numbers: dict[str, int] = {}
        return capped([numbers.setdefault(word.group, len(numbers)) for word in self.words], most=MOST_OF_A_GROUP)

    @property
    def table(self) -> Table:
        return Table(self.values, self.quote, self.agreement, np.zeros(len(self)), self.names)

    def decisions(self) -> list[str]:
        """The acts behind them, oldest first."""
        return list(dict.fromkeys(word.decision for word in sorted(self.words, key=lambda word: word.at)))

    def only(self, rows: NDArray[np.bool_]) -> Self:
        return replace(
            self,
            values=self.values[rows],
            quote=self.quote[rows],
            agreement=self.agreement[rows],
            likely=self.likely[rows],
            words=[word for word, stays in zip(self.words, rows.tolist(), strict=True) if stays],
        )


@dataclass(frozen=True, slots=True)
class Measure:
    """How a method judges pairs, each as its share. A pair joins that reaches ``likely``; None: there is none."""

    precision: float | None
    recall: float | None
    log_loss: float
    pairs: int


@dataclass(frozen=True, slots=True)
class Refit:
    """What came of fitting. ``method`` is None if there is nothing better than what is in force; ``why`` says why."""

    decisions: int
    pairs: int
    before: Measure | None = None
    after: Measure | None = None
    method: Method | None = None
    why: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Sayings:
    """All that people said: of pairs, of a report and an issue, and of the issues they confirmed."""

    pairs: Mapping[tuple[int, int], Word]
    answers: Mapping[tuple[int, int], Word]  # (report, issue)
    looked: Mapping[int, tuple[int, datetime]]  # report: (issue, when)

    @classmethod
    def of_people(cls) -> Self:
        return cls(_of_pairs(), _of_answers(), _of_issues())

    def askers(self) -> list[int]:
        """Reports to be asked about, newest first; of large issues only some."""
        named = {later for _earlier, later in self.pairs} | {report_id for report_id, _issue in self.answers}
        by_issue: dict[int, list[int]] = defaultdict(list)
        for report_id, (issue_id, _at) in self.looked.items():
            by_issue[issue_id].append(report_id)
        some = {each for members in by_issue.values() for each in sorted(members)[-OF_AN_ISSUE:]}
        return sorted(named | some, reverse=True)[:ASKED_AT_MOST]

    def about(self, report_id: int, near: Neighbours) -> Iterator[tuple[int, Word]]:
        """(position, word) of each neighbour that people said something of; the more exact word counts."""
        spoken: dict[int, int] = defaultdict(int)
        for at, (other, issue_id) in enumerate(zip(near.report_ids, near.issue_ids, strict=True)):
            word = self.pairs.get((other, report_id))
            answer = self.answers.get((report_id, issue_id))
            if word is None and answer is not None and spoken[issue_id] < NEAREST:
                spoken[issue_id] += 1
                word = answer
            if word := word or self._by_issues(report_id, other):
                yield at, word

    def _by_issues(self, report_id: int, other: int) -> Word | None:
        ours, theirs = self.looked.get(report_id), self.looked.get(other)
        if ours is None or theirs is None:
            return None
        (_, last), issues = max((ours[1], ours[0]), (theirs[1], theirs[0])), sorted({ours[0], theirs[0]})
        at = max(ours[1], theirs[1])
        return Word(len(issues) == 1, at, f"issue {last}", " ".join(map(str, issues)))


def _of_pairs() -> dict[tuple[int, int], Word]:
    """By constraints that stand. One move may say several; it is one decision."""
    found = {}
    for said in Constraint.objects.filter(ended_at=None).order_by("pk"):
        act = _act(said.made_at)
        found[said.report_id, said.other_id] = Word(said.says == Constraint.Says.SAME, said.made_at, act, act)
    return found


def _of_answers() -> dict[tuple[int, int], Word]:
    """By suggestions that were taken or refused, and by what people placed; issues are where merges have led."""
    found = {}
    for placed in Placement.objects.active().filter(by=PlacedBy.PERSON).order_by("pk"):
        act = _act(placed.placed_at)
        found[placed.report_id, home_of_issue(placed.issue_id)] = Word(True, placed.placed_at, act, act)
    answered = Suggestion.objects.exclude(taken_at=None, refused_at=None)
    for opinion in answered.order_by("pk"):
        if at := opinion.refused_at or opinion.taken_at:
            act = _act(at)
            word = Word(opinion.refused_at is None, at, act, act)
            found.setdefault((opinion.report_id, home_of_issue(opinion.issue_id)), word)
    return found


def _of_issues() -> dict[int, tuple[int, datetime]]:
    with connection.cursor() as cursor:
        cursor.execute(LOOKED_AT)
        return {report_id: (issue_id, at) for report_id, issue_id, at in cursor.fetchall()}


def _act(at: datetime) -> str:
    """One act of a person: what is said at one moment, in however many rows, as when two issues become one."""
    return at.isoformat()


def gathered(*, told: Callable[[int, int], None] = lambda _done, _of: None) -> tuple[Pairs, Pairs]:
    """Pairs compared by words alone, and pairs compared by meaning too. ``told`` hears how far it is."""
    sayings = Sayings.of_people()
    askers = sayings.askers()
    by_words, by_meaning = _Rows(NAMES), _Rows((*NAMES, MEANING))
    for done, report in enumerate(_read(askers), start=1):
        near = neighbours_of(report, read_report(report), before=report.pk)
        for at, word in sayings.about(report.pk, near):
            method = near.method_of(at)
            likely = method.thresholds[source_of(report)].among(near.known).likely
            (by_meaning if method.embedder else by_words).add(near.table, at, likely, word)
        told(done, len(askers))
    return by_words.joined(), by_meaning.joined()


def _read(report_ids: Sequence[int]) -> Iterator[Report]:
    reports = Report.objects.filter(pk__in=report_ids, evidence__isnull=False, artifact__isnull=False)
    reports = reports.select_related("artifact", "version", "evidence", "evidence_key")
    reports = reports.prefetch_related("artifact__aliases")
    return reports.order_by("-pk").iterator(chunk_size=200)


class _Rows:
    """Pairs while they are gathered."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        self.numbers: list[list[float]] = []
        self.words: list[Word] = []

    def add(self, table: Table, at: int, likely: float, word: Word) -> None:
        rest = (float(table.quote[at]), float(table.agreement[at]), likely)
        self.numbers.append([*table.columns(self.names)[at].tolist(), *rest])
        self.words.append(word)

    def joined(self) -> Pairs:
        numbers = np.array(self.numbers, dtype=np.float64).reshape(len(self.words), len(self.names) + 3)
        return Pairs(self.names, numbers[:, :-3], numbers[:, -3], numbers[:, -2], numbers[:, -1], self.words)


def split(pairs: Pairs) -> tuple[Pairs, Pairs]:
    """Those to fit to, and the newest, held out: by decision, so that none stands on both sides."""
    decisions = pairs.decisions()
    newest = set(decisions[len(decisions) - round(HELD_OUT * len(decisions)) :])
    held_out = np.array([word.decision in newest for word in pairs.words], dtype=np.bool_)
    return pairs.only(~held_out), pairs.only(held_out)


def measured(method: Method, pairs: Pairs, *, raised: float = 0.0) -> Measure:
    """How the method judges these pairs if it took ``raised`` more to join than it did."""
    probabilities = np.clip(method.probabilities(pairs.table), 1e-6, 1 - 1e-6)
    same, shares = pairs.same, pairs.shares
    joins = probabilities >= np.minimum(pairs.likely + raised, 0.99)
    right = float(shares[joins & same].sum())
    joined, alike = float(shares[joins].sum()), float(shares[same].sum())
    losses = -np.log(np.where(same, probabilities, 1 - probabilities))
    return Measure(
        right / joined if joined else None,
        right / alike if alike else None,
        float(np.average(losses, weights=shares)),
        len(pairs),
    )


def refit(pairs: Pairs, *, by_meaning: bool, least: int = LEAST) -> Refit:
    """Fit a method to the older decisions, and see whether it judges the newer ones better. Writes nothing."""
    decisions = len(pairs.decisions())
    if decisions < least:
        why = f"{decisions} decisions tell of reports near each other, {least - decisions} too few to learn from."
        return Refit(decisions, len(pairs), why=why)
    known, held_out = split(pairs)
    if any(not each.same.any() or each.same.all() for each in (known, held_out)):
        why = "It takes pairs that are the same and pairs that are not, among the older decisions and the newer ones."
        return Refit(decisions, len(pairs), why=why)
    now = in_force(by_meaning=by_meaning)
    before = measured(now, held_out)
    fitted = _fitted(now, known, embedder=embedder_at_work(by_meaning=by_meaning))
    raised, after = _raised(fitted, held_out, before)
    why = _worse(before, after)
    if why:
        return Refit(decisions, len(pairs), before, after, why=why)
    notes = {"decisions": decisions, "pairs": len(pairs), "instead_of": now.name, "raised": raised}
    method = replace(
        _with_thresholds(fitted, raised), name=next_name(by_meaning=by_meaning), notes=notes | _noted(before, after)
    )
    return Refit(decisions, len(pairs), before, after, method)


def _fitted(now: Method, known: Pairs, *, embedder: str) -> Method:
    """New weights; what a quotation counts for stays. Pairs that a quotation decides tell little of words."""
    found = fit(known.values, known.same, importance=known.shares * (1 - now.quote_share * known.quote))

    def by_name(numbers: Numbers) -> dict[str, float]:
        return {name: round(float(number), 4) for name, number in zip(known.names, numbers, strict=True)}

    return replace(
        now,
        embedder=embedder,
        weights=by_name(found.weights),
        bias=round(found.bias, 4),
        centre=by_name(found.centre),
    )


def _raised(fitted: Method, held_out: Pairs, before: Measure) -> tuple[float, Measure]:
    """The least that thresholds have to be raised by for precision not to fall, and how it judges then."""
    for step in range(STEPS + 1):
        after = measured(fitted, held_out, raised=step / 100)
        if not _falls(before, after):
            return step / 100, after
    return 0.0, measured(fitted, held_out)


def _with_thresholds(method: Method, raised: float) -> Method:
    thresholds = {
        source: replace(
            row, likely=round(min(row.likely + raised, 0.99), 4), young=round(min(row.young + raised, 0.99), 4)
        )
        for source, row in method.thresholds.items()
    }
    return replace(method, thresholds=thresholds)


def _falls(before: Measure, after: Measure) -> bool:
    """What joins nothing is never wrong, and no better for it than what joined."""
    if before.precision is None:
        return False
    return after.precision is None or after.precision < before.precision - 1e-9


def _worse(before: Measure, after: Measure) -> str:
    if _falls(before, after):
        return "Precision would fall, whatever it took to join: what is in force stays."
    if after.log_loss > before.log_loss:
        return "It judges the newer decisions worse than what is in force, which stays."
    return ""


def _noted(before: Measure, after: Measure) -> dict[str, Any]:
    return {
        when: {"precision": measure.precision, "recall": measure.recall, "log_loss": measure.log_loss}
        for when, measure in (("before", before), ("after", after))
    } | {"held_out": after.pairs}


@transaction.atomic
def adopt(method: Method) -> FittedMethod:
    """Keep a fitted method and put it in force."""
    row = FittedMethod.objects.create(
        name=method.name, embedder=method.embedder, body=json.loads(method.to_json()), notes=dict(method.notes)
    )
    put_in_force(method.name)
    record("refit", row, actor=SYSTEM.pseudonym, method=method.name, at=timezone.now().isoformat())
    return row
