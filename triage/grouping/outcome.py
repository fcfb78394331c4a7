"""From issue scores to what is done with a report."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from triage.grouping.thresholds import METHOD, Source, thresholds

MOST_SUGGESTIONS = 5
_RUNNERS_UP = 10

Band = Literal["likely", "possible"]
Verdict = Literal["place", "suggest", "open"]


@dataclass(frozen=True, slots=True)
class Proposal:
    """An issue the report may belong to. People are shown the band, never the score."""

    issue: int
    score: float
    band: Band


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the engine thinks of a report.

    ``place``: it joins ``issue``. ``suggest``: it opens an issue of its own and ``suggestions`` are shown. ``open``: it
    opens one and nothing is near. ``issue`` and ``runner_up`` are the best and second best whatever the verdict, None
    if there are none; ``threshold`` is what ``score`` had to reach to be placed.
    """

    verdict: Verdict
    issue: int | None
    score: float
    runner_up: int | None
    runner_up_score: float
    suggestions: tuple[Proposal, ...]
    threshold: float
    method: str = METHOD


def judge(scores: Sequence[tuple[int, float]], *, source: Source, may_place: bool = True) -> Outcome:
    """The outcome for (issue, score) pairs given best first.

    ``may_place=False`` where a join is never automatic, as for reports on an unknown artifact.

    >>> judge([(7, 0.95), (3, 0.33)], source="form").verdict
    'place'
    >>> judge([(7, 0.95)], source="form", may_place=False).suggestions
    (Proposal(issue=7, score=0.95, band='likely'),)
    >>> judge([], source="form").verdict
    'open'
    """
    row = thresholds(source)
    threshold = row.place + row.crowding * _crowding(scores)
    proposals = tuple(
        Proposal(issue, score, "likely" if score >= row.likely * threshold else "possible")
        for issue, score in scores[:MOST_SUGGESTIONS]
        if score >= row.possible
    )
    (issue, score), (runner_up, runner_up_score) = [*scores[:2], (None, 0.0), (None, 0.0)][:2]
    verdict: Verdict = "suggest" if proposals else "open"
    if may_place and score >= threshold:
        verdict, proposals = "place", proposals[1:]
    return Outcome(verdict, issue, score, runner_up, runner_up_score, proposals, threshold)


def _crowding(scores: Sequence[tuple[int, float]]) -> float:
    """How alike the runners-up are: their mean score, issues that are not there counting as not alike at all."""
    return sum(score for _, score in scores[1 : 1 + _RUNNERS_UP]) / _RUNNERS_UP
