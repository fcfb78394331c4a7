"""The measured numbers the engine decides by: one row per method, embedder and source, and nowhere else."""

from dataclasses import dataclass
from typing import Literal

METHOD = "lexical-1"
Source = Literal["form", "scanner", "import"]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Issue scores in [0, 1]: from ``place`` on a report joins, from ``possible`` on the issue is suggested."""

    place: float
    likely: float
    possible: float


_MEASURED: dict[tuple[str, str | None, Source], Thresholds] = {
    ("lexical-1", None, "form"): Thresholds(place=0.40, likely=0.32, possible=0.18),
    ("lexical-1", None, "import"): Thresholds(place=0.40, likely=0.32, possible=0.18),
    ("lexical-1", None, "scanner"): Thresholds(place=0.90, likely=0.80, possible=0.60),
}


def thresholds(source: Source, *, method: str = METHOD, embedder: str | None = None) -> Thresholds:
    """The row for a source. Raises KeyError for a combination nobody has measured."""
    return _MEASURED[method, embedder, source]
