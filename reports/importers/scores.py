"""What a score of an evaluation says: failed, did not fail, or cannot be told."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from reports.importers.options import HIGH, Options
from reports.importers.shapes import text

NAMED = 60  # characters of a scorer's name
THRESHOLD = 0.5  # of a score from 0 to 1: a half-right answer is no failure
# Inspect's marks: correct, incorrect, partly, no answer; and what its own metrics take for numbers.
MARKS = {"C": 1.0, "I": 0.0, "P": 0.5, "N": 0.0, "yes": 1.0, "true": 1.0, "no": 0.0, "false": 0.0}


def by_scorer(scores: Any) -> Iterator[tuple[str, Any]]:
    """Each scorer's value; one that gives several by name counts as so many scorers, ``scorer.name``."""
    for scorer, score in scores.items() if isinstance(scores, Mapping) else ():
        value = score.get("value") if isinstance(score, Mapping) else None
        if not isinstance(scorer, str) or not text(scorer):
            continue
        named = text(scorer)[:NAMED]
        if isinstance(value, Mapping):
            yield from (
                (f"{named}.{text(name)[:NAMED]}", each) for name, each in value.items() if isinstance(name, str)
            )
        else:
            yield named, value


def number_of(value: Any) -> float | None:
    """A score as a number; NaN where the sample was not scored, None for what is no score at all."""
    if value is None:
        return math.nan
    if isinstance(value, str):
        mark = MARKS.get(value) if value in MARKS else MARKS.get(value.lower())
        return mark if mark is not None else written(value)
    if isinstance(value, bool | int | float):
        try:
            return float(value)
        except OverflowError:  # a whole number beyond all floats
            return None
    return None


def written(value: str) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None


def fails(score: float, options: Options) -> bool:
    """Low scores fail unless the option says high ones do, from the threshold on (high) or below it (low)."""
    threshold = THRESHOLD if options.threshold is None else options.threshold
    return score >= threshold if options.fails == HIGH else score < threshold


def is_off_scale(score: float, options: Options) -> bool:
    """Whether only who made the scale can say what fails on it."""
    return options.threshold is None and not 0 <= score <= 1
