"""What is near a report: candidates of the index that stand in an issue, compared closely."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from reports.models import Report
from reports.vocabulary import Status
from triage import embeddings, index, shelf
from triage.background import background
from triage.grouping.copies import WORTH_READING, likeness
from triage.grouping.features import Numbers, Table, ranked, table
from triage.grouping.method import Method
from triage.grouping.outcome import Bounds
from triage.grouping.pool import Pool
from triage.grouping.rarity import Rarity
from triage.index import Candidates
from triage.methods import in_force
from triage.reading import Reading, family_of

# Of the family, compared closely. 300 give no more (B-cubed F1 of a tracker .862 for .863); 200 lose .008 of precision
CANDIDATES = 250
MEANT = 300  # that an embedder brings, where there is one
LOOKING_BACK = 4  # times as many are looked for if only earlier ones count
CLOSE = 60  # nearest of them, weighed by the pair model; it was fitted on as many

# Two statements, because the first costs a fifth of the second, and merged issues are few.
PLACED = """
SELECT p.report_id, i.family_id, i.id, i.status, i.touched_at IS NOT NULL, i.report_count, i.rule_id, i.merged_into_id
FROM reports_placement p JOIN reports_issue i ON i.id = p.issue_id
WHERE p.superseded_at IS NULL AND p.report_id = ANY(%s::bigint[])
"""
PLACED_BY_WAY_OF_MERGES = """
WITH RECURSIVE placed AS (
    SELECT report_id, issue_id FROM reports_placement WHERE superseded_at IS NULL AND report_id = ANY(%s::bigint[])
), home (start, id) AS (
    SELECT DISTINCT issue_id, issue_id FROM placed
    UNION SELECT h.start, i.merged_into_id
    FROM home h JOIN reports_issue i ON i.id = h.id WHERE i.merged_into_id IS NOT NULL
)
SELECT p.report_id, i.family_id, i.id, i.status, i.touched_at IS NOT NULL, i.report_count, i.rule_id
FROM placed p JOIN home h ON h.start = p.issue_id JOIN reports_issue i ON i.id = h.id AND i.merged_into_id IS NULL
"""


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """The nearest reports, best first: position by position their ids, issues, features and probabilities.

    ``known``: how many there were to choose from. ``sizes``: reports an issue holds. ``closed``: issues that are
    suggested but never joined; ``touched``: issues that a person has judged. Issues are where merges have led.
    """

    report_ids: list[int]
    issue_ids: list[int]
    sketches: list[bytes]
    table: Table
    probabilities: Numbers
    method: Method
    known: int
    sizes: dict[int, int]
    closed: frozenset[int]
    touched: frozenset[int]

    def best(self, count: int) -> list[int]:
        """The ids of the most alike; what has nothing in common is left out."""
        alike = [key for key, like in zip(self.report_ids, self.table.likeness, strict=True) if like > 0]
        return list(dict.fromkeys(alike))[:count]

    def method_of(self, at: int) -> Method:
        """The method that weighed one pair: by words alone where it has no meanings to compare."""
        return self.method if np.isfinite(self.table.values[at]).all() else in_force(by_meaning=False)

    def within(self, bounds: Bounds) -> Bounds:
        """What people said of the report, with what they did to the issues."""
        return replace(bounds, closed=self.closed, touched=self.touched)

    def like_copies(self, sketch: bytes) -> Iterator[int]:
        """Positions of what may be copies by their sketches, the likest first."""
        alike = likeness(sketch, self.sketches)
        return (int(at) for at in np.argsort(-alike, kind="stable") if alike[at] >= WORTH_READING)


def neighbours_of(
    report: Report, reading: Reading, *, before: int | None = None, beside: Collection[int] = ()
) -> Neighbours:
    """The nearest of the report's family; of the whole site if its artifact is unknown.

    ``before``: only reports with a lower id, as when this one came; the sizes of issues are still today's.
    ``beside``: reports that are weighed too, however far they are, as long as they are of the family.
    """
    family_id = None if report.artifact.is_unknown else family_of(report)
    most = CANDIDATES if before is None else CANDIDATES * LOOKING_BACK
    found = index.candidates(reading.vector, report_id=report.pk, family_id=family_id, most=most, known=reading.known)
    own = embeddings.vectors_of([report.pk]).get(report.pk) if settings.EMBEDDER else None
    if own is not None:
        near = embeddings.neighbours(own, family_id=family_id, exclude=report.pk, most=MEANT)
        found = index.joined(found, near, family_id)
    found = index.joined(found, sorted(set(beside) - {report.pk}), family_id)
    placed = _placed(found, family_id)
    if before is not None:
        placed = [(row, fact) for row, fact in placed if found.report_ids[row] < before]
    rows = np.array([row for row, _ in placed], dtype=np.intp)
    pool = Pool.unpack(found.terms, found.runs, found.grams).only(rows)
    values = table(reading.vector, pool, rarity=Rarity(found.rarities, background()))
    ids = np.array([found.report_ids[row] for row in rows], dtype=np.int64)
    if own is not None:
        values = values.with_meaning(_meaning(own, ids))
    method = in_force(by_meaning=own is not None)
    order = ranked(values.likeness, ids)
    order = order[(np.arange(len(order)) < CLOSE) | np.isin(ids[order], list(beside))]
    close = values.only(order)
    facts = [fact for _, fact in placed]
    return Neighbours(
        report_ids=ids[order].tolist(),
        issue_ids=[facts[at].issue_id for at in order],
        sketches=[found.sketch[rows[at]] for at in order],
        table=close,
        probabilities=_probabilities(close, method),
        method=method,
        known=len(placed),
        sizes={fact.issue_id: fact.size for fact in facts},
        closed=frozenset(fact.issue_id for fact in facts if fact.is_closed_to(report)),
        touched=frozenset(fact.issue_id for fact in facts if fact.is_touched),
    )


@dataclass(frozen=True, slots=True)
class _Fact:
    """The issue a candidate stands in."""

    issue_id: int
    status: str
    is_touched: bool
    size: int
    rule_id: str

    def is_closed_to(self, report: Report) -> bool:
        """Dismissed, or gathering a scanner's rule that is not the report's."""
        is_other_rule = bool(report.rule_id and self.rule_id and report.rule_id != self.rule_id)
        return self.status == Status.DISMISSED or is_other_rule


def _placed(found: Candidates, family_id: int | None) -> list[tuple[int, _Fact]]:
    """(position among the candidates, its issue), once for each issue that a candidate stands in.

    Only issues of the family: a report may stand in another's, where its artifact went elsewhere and its issue stayed.
    """
    rows = {key: row for row, key in enumerate(found.report_ids)}
    with shelf.reading() as cursor:
        cursor.execute(PLACED, [shelf.array(found.report_ids)])
        placed = cursor.fetchall()
        if any(merged_into is not None for *_, merged_into in placed):
            cursor.execute(PLACED_BY_WAY_OF_MERGES, [shelf.array(found.report_ids)])
            placed = cursor.fetchall()
        else:
            placed = [row[:-1] for row in placed]
    placed.sort(key=lambda row: (rows[row[0]], row[2]))
    return [(rows[report_id], _Fact(*fact)) for report_id, family, *fact in placed if family_id in (None, family)]


def _meaning(own: NDArray[np.float32], report_ids: NDArray[np.int64]) -> Numbers:
    """Cosine of meanings; not a number where one has none, as in a language the embedder does not read."""
    vectors = embeddings.vectors_of(report_ids.tolist())
    return np.array([float(own @ vectors[key]) if key in vectors else np.nan for key in report_ids.tolist()])


def _probabilities(close: Table, method: Method) -> Numbers:
    """By the method in force; by words alone for a pair without meanings."""
    if not method.embedder:
        return method.probabilities(close)
    both = method.probabilities(close)
    return np.where(np.isnan(both), in_force(by_meaning=False).probabilities(close), both)
