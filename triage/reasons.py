"""Why a report went where it went, kept at the moment of deciding: ids, offsets and features, never text."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from django.conf import settings

from reports.models import Report
from triage.background import background
from triage.grouping.explanation import Span, shared
from triage.grouping.features import Numbers
from triage.grouping.outcome import Outcome, Policy, issue_scores
from triage.neighbours import Neighbours
from triage.reading import Reading, stored

FIELD_NAMES = {"title": "summary", "happened": "what_happened"}  # the engine's names where they differ from ours


def reasons_of(report: Report, reading: Reading, outcome: Outcome, near: Neighbours, policy: Policy) -> dict[str, Any]:
    """Why, against the nearest report of the best issue. Empty if nothing is near.

    ``features``: what each said for (positive) or against it, as shares of all that was said. ``turns``: features
    without any one of which the outcome had been another, with what it had been.
    """
    if outcome.issue is None or outcome.verdict == "open":
        return {}
    members = [at for at, issue_id in enumerate(near.issue_ids) if issue_id == outcome.issue]
    at = max(members, key=lambda place: (float(near.probabilities[place]), -place))
    nearest = stored(near.report_ids[at])
    if nearest is None:  # its words were erased while we looked
        return {}
    ours, theirs = shared(
        reading.fields,
        nearest.fields,
        masks=reading.masks,
        other_masks=nearest.masks,
        is_common=nearest.common_among(reading.known.rarities),
        key=settings.TERM_KEY,
        background=background(),
    )
    return {
        "by": "text",
        "issue": outcome.issue,
        "nearest": nearest.report.pk,
        "nearest_score": round(float(near.probabilities[at]), 4),
        "score": round(outcome.score, 4),
        "threshold": round(outcome.threshold, 4),
        "runner_up": outcome.runner_up,
        "runner_up_score": round(outcome.runner_up_score, 4),
        "features": [{"name": name, "weight": round(weight, 4)} for name, weight in spoken(near, at).items()],
        "turns": turns(outcome, near, policy),
        "spans": {"report": by_field(ours), "nearest": by_field(theirs)},
    }


def spoken(near: Neighbours, at: int) -> dict[str, float]:
    """What each feature of a pair says: signed shares of all that was said, in [-1, 1]."""
    method = near.method_of(at)
    said = method.contributions(near.table, at)
    if near.table.quote[at] > 0:
        unquoted = method.probabilities(near.table, without="quote")[at]
        said["quote"] = logit(float(near.probabilities[at])) - logit(float(unquoted))
    if near.table.agreement[at] < 1:
        said["disagreement"] = float(np.log(max(1e-3, 1 - method.disagreement * (1 - near.table.agreement[at]))))
    total = sum(map(abs, said.values())) or 1.0
    return {name: weight / total for name, weight in said.items()}


def turns(outcome: Outcome, near: Neighbours, policy: Policy) -> dict[str, str]:
    """Features that the outcome hangs on: without any one of them it had been the verdict beside it."""
    found: dict[str, str] = {}
    for name in (*near.method.names, "quote"):
        scores = issue_scores(without(near, name), near.issue_ids, near.sizes)
        instead = policy.judge(scores)
        if (instead.verdict, instead.issue) != (outcome.verdict, outcome.issue):
            found[name] = instead.verdict if instead.verdict != outcome.verdict else "elsewhere"
    return found


def without(near: Neighbours, name: str) -> Numbers:
    """The probabilities as if one feature said nothing."""
    changed = near.method.probabilities(near.table, without=name)
    return np.where(np.isnan(changed), near.probabilities, changed)


def logit(probability: float) -> float:
    bounded = min(max(probability, 1e-6), 1 - 1e-6)
    return float(np.log(bounded / (1 - bounded)))


def by_field(spans: Sequence[Span]) -> dict[str, list[list[int]]]:
    """Spans as {field: [[start, end], …]}, fields by the names they have in Evidence."""
    grouped: dict[str, list[list[int]]] = {}
    for span in spans:
        grouped.setdefault(FIELD_NAMES.get(span.field, span.field), []).append([span.start, span.end])
    return grouped
