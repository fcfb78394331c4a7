"""The decision policy: from what each issue scores to what is done with a report. All of it stands here."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from triage.grouping.method import Thresholds

BEST = 3  # an issue is as alike as its best three reports are on average: one lucky likeness does not pull it in
MOST_SUGGESTIONS = 5

Band = Literal["likely", "possible"]
Verdict = Literal["place", "suggest", "open"]


@dataclass(frozen=True, slots=True)
class Proposal:
    """An issue the report may belong to. People are shown the band, never the score."""

    issue: int
    score: float
    band: Band


@dataclass(frozen=True, slots=True)
class Bounds:
    """What people have said, which binds the engine.

    ``bound``: the issue that holds a report said to be the same; the report goes there. ``barred``: issues that hold
    one said not to be the same, or that were refused for it; never joined and never suggested. ``closed``: dismissed
    issues, suggested but never joined. ``touched``: issues a person has judged; joining one asks for a look.
    """

    bound: int | None = None
    barred: Collection[int] = ()
    closed: Collection[int] = ()
    touched: Collection[int] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the engine thinks of a report.

    ``place``: it joins ``issue``, and ``needs_look`` if a person has judged that. ``suggest``: it opens an issue of its
    own and ``suggestions`` are shown. ``open``: it opens one and nothing is near. ``issue`` and ``runner_up`` are the
    best and second best whatever the verdict, None if there are none; ``threshold`` is what ``score`` had to reach.
    """

    verdict: Verdict
    issue: int | None
    score: float
    runner_up: int | None
    runner_up_score: float
    suggestions: tuple[Proposal, ...]
    threshold: float
    needs_look: bool = False


@dataclass(frozen=True, slots=True)
class Policy:
    """How one report is to be judged: by which thresholds, within which bounds, and whether it may join at all."""

    thresholds: Thresholds
    bounds: Bounds = field(default_factory=Bounds)
    may_place: bool = True

    def judge(self, scores: Sequence[tuple[int, float]]) -> Outcome:
        """The outcome for (issue, score) pairs given best first.

        >>> policy = Policy(Thresholds(likely=0.4, possible=0.1, young=0.1), Bounds(touched={3}, barred={9}))
        >>> policy.judge([(9, 0.99), (7, 0.95), (3, 0.33)]).suggestions
        (Proposal(issue=3, score=0.33, band='possible'),)
        >>> policy.judge([(3, 0.95)]).needs_look
        True
        >>> policy.judge([]).verdict
        'open'
        """
        bounds, bars = self.bounds, self.thresholds
        open_to_it = [(issue, score) for issue, score in scores if issue not in bounds.barred]
        (issue, score), (runner_up, runner_up_score) = [*open_to_it[:2], (None, 0.0), (None, 0.0)][:2]
        proposals = tuple(
            Proposal(issue, score, "likely" if score >= bars.likely else "possible")
            for issue, score in open_to_it
            if score >= bars.possible
        )
        joins = self.may_place and issue is not None and score >= bars.likely and issue not in bounds.closed
        verdict: Verdict = "place" if joins else "suggest" if proposals else "open"
        return Outcome(
            verdict,
            issue,
            score,
            runner_up,
            runner_up_score,
            proposals[1 : 1 + MOST_SUGGESTIONS] if joins else proposals[:MOST_SUGGESTIONS],
            bars.likely,
            needs_look=joins and issue in bounds.touched,
        )


def issue_scores(
    probabilities: NDArray[np.float64], issue_ids: Sequence[int], sizes: Mapping[int, int]
) -> list[tuple[int, float]]:
    """(issue, score) of every issue among the candidates, best first, ties to the lower id.

    ``issue_ids[i]`` is the issue of the report that ``probabilities[i]`` belongs to, ``sizes`` how many reports an
    issue holds in all. The score is the mean of the best three; a report of the issue that is not among the candidates
    counts as not alike at all. That guards against chaining: a large issue is not joined by its edge.
    """
    if not len(probabilities):
        return []
    ids = np.asarray(issue_ids, dtype=np.int64)
    order = np.lexsort((-probabilities, ids))
    ranked_ids, ranked = ids[order], probabilities[order]
    issues, starts, seen = np.unique(ranked_ids, return_index=True, return_counts=True)
    rank = np.arange(len(ranked)) - np.repeat(starts, seen)
    best = np.add.reduceat(np.where(rank < BEST, ranked, 0.0), starts)
    held = np.maximum([sizes.get(issue, 0) for issue in issues.tolist()], seen)
    scores = best / np.minimum(held, BEST)
    return [(int(issues[index]), float(scores[index])) for index in np.lexsort((issues, -scores))]
