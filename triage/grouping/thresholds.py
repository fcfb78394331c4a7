"""The measured numbers the engine decides by: one row per method, embedder and source, and nowhere else."""

from dataclasses import dataclass
from typing import Literal

METHOD = "lexical-1"
Source = Literal["form", "scanner", "import"]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What an issue's score, in [0, 1], has to reach.

    A report joins from ``place`` plus ``crowding`` times the mean score of the next ten issues on: where everything
    looks alike, likeness says less. From the share ``likely`` of that on an issue is a likely one, from the score
    ``possible`` on a possible one.
    """

    place: float
    crowding: float
    likely: float
    possible: float


_MEASURED: dict[tuple[str, str | None, Source], Thresholds] = {
    ("lexical-1", None, "form"): Thresholds(place=0.28, crowding=0.8, likely=0.8, possible=0.15),
    ("lexical-1", None, "import"): Thresholds(place=0.60, crowding=0.8, likely=0.8, possible=0.25),
    ("lexical-1", None, "scanner"): Thresholds(place=0.85, crowding=0.0, likely=0.9, possible=0.60),
}


def thresholds(source: Source, *, method: str = METHOD, embedder: str | None = None) -> Thresholds:
    """The row for a source. Raises KeyError for a combination nobody has measured."""
    return _MEASURED[method, embedder, source]
