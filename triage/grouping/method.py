"""A method of grouping: how features become a probability, and what an issue's score has to reach.

Methods are versioned files of fitted numbers, never of words: ``methods/<name>.json``, written by ``refit_grouping``
and the bench. Whoever changes a number gives a new name, for every judgement says by which method it was made.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np

from triage.grouping.features import MEANING, NAMES, Numbers, Table

Source = Literal["form", "scanner", "import"]

HERE = Path(__file__).parent / "methods"
LEXICAL = "lexical-2"  # by words alone: the default
MEANINGFUL = "meaning-2"  # by words and by what an embedder makes of them
GROWN = 300  # reports; as many as are compared closely


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What an issue's score, in [0, 1], has to reach to be a ``likely`` home or a ``possible`` one.

    ``young`` is enough to be likely where there is hardly anything to choose from: among few reports a likeness is
    seldom chance. From ``GROWN`` reports in the family on it takes ``likely``, and in between a share of both.
    """

    likely: float
    possible: float
    young: float

    def among(self, known: int) -> Self:
        """The thresholds for a report that is compared with ``known`` others."""
        grown = min(1.0, known / GROWN)
        return replace(self, likely=self.young + (self.likely - self.young) * grown)


@dataclass(frozen=True, slots=True, eq=False)
class Method:
    """A logistic pair model with its thresholds.

    ``weights`` by feature name, on the features as ``Table`` holds them; ``centre`` is what each feature is between two
    reports of different failures that were near enough to be compared: what a feature says is told from there.
    ``quote_share``: how far a quotation in common may decide by itself; ``disagreement``: how much of the likeness by
    words goes where two quotations have nothing in common; both in [0, 1]. ``embedder``: the id of the
    embedder it was fitted with, "" if none. ``notes``: on what it was fitted and what it reached.
    """

    name: str
    embedder: str
    weights: Mapping[str, float]
    bias: float
    centre: Mapping[str, float]
    quote_share: float
    disagreement: float
    thresholds: Mapping[str, Thresholds]
    notes: Mapping[str, Any]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.weights)

    def probabilities(self, table: Table, *, without: str = "") -> Numbers:
        """That each pair is one failure, in [0, 1]. ``without``: as if this feature said nothing."""
        values = table.columns(self.names)
        if without in self.weights:
            values = values.copy()
            values[:, self.names.index(without)] = self.centre[without]
        by_words = 1 / (1 + np.exp(-(values @ np.array(list(self.weights.values())) + self.bias)))
        quote = 0.0 if without == "quote" else table.quote
        by_words *= 1 - self.disagreement * (1 - table.agreement)
        probabilities: Numbers = 1 - (1 - by_words) * (1 - self.quote_share * quote)
        return probabilities

    def contributions(self, table: Table, row: int) -> dict[str, float]:
        """What each feature of one pair adds to the logit or takes from it, told from the centre."""
        values = table.columns(self.names)[row]
        return {
            name: weight * (float(value) - self.centre[name])
            for (name, weight), value in zip(self.weights.items(), values, strict=True)
        }

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The method a file holds. Raises ValueError naming what is wrong with it."""
        read = json.loads(text)
        if unknown := set(read["weights"]) - {*NAMES, MEANING}:
            raise ValueError(f"{read['name']} weighs what nobody measures: {', '.join(sorted(unknown))}")
        if set(read["centre"]) != set(read["weights"]):
            raise ValueError(f"{read['name']} has not a centre for each of its weights.")
        thresholds = {source: Thresholds(**row) for source, row in read["thresholds"].items()}
        return cls(**{**read, "thresholds": thresholds})

    def to_json(self) -> str:
        return json.dumps(
            {
                "name": self.name,
                "embedder": self.embedder,
                "weights": self.weights,
                "bias": self.bias,
                "centre": self.centre,
                "quote_share": self.quote_share,
                "disagreement": self.disagreement,
                "thresholds": {source: asdict(row) for source, row in self.thresholds.items()},
                "notes": self.notes,
            },
            indent=2,
        )


@cache
def shipped(name: str = LEXICAL) -> Method:
    """A method that came with the code. Raises KeyError if none of that name did."""
    path = HERE / f"{name}.json"
    if not path.is_file():
        raise KeyError(name)
    return Method.from_json(path.read_text())
