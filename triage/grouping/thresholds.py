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


# Measured on labelled streams, each report decided on arrival; B-cubed precision / F1 / F1 of reports with company.
# form: eclipse.thin .916 / .854 / .761 (all alone .804 / .591), openoffice.thin .983 / .828 / .688 (.801 / .623),
#   aiid_pairs_dev.thin .965 / .906 / .865. With crowding 0 and place .36, the best fixed pair: .851 and .828.
#   Our demo groups keep a precision of 1.0 from .25 on; .28 keeps near misses on an empty site apart
#   (tests/triage/grouping/stories.json).
# scanner: avid_garak 1.0 / 1.0 / 1.0 from .60 to .95.
# import: advisories written from one template. Of 218 on one artifact, nearly each another fault, .28 joins 52 to
#   others and .60 joins 8. No labelled stream of imported prose was at hand.
_MEASURED: dict[tuple[str, str | None, Source], Thresholds] = {
    ("lexical-1", None, "form"): Thresholds(place=0.28, crowding=0.8, likely=0.8, possible=0.15),
    ("lexical-1", None, "import"): Thresholds(place=0.60, crowding=0.8, likely=0.8, possible=0.25),
    ("lexical-1", None, "scanner"): Thresholds(place=0.75, crowding=0.0, likely=0.8, possible=0.50),
}


def thresholds(source: Source, *, method: str = METHOD, embedder: str | None = None) -> Thresholds:
    """The row for a source. Raises KeyError for a combination nobody has measured."""
    return _MEASURED[method, embedder, source]
