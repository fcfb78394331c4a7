"""Whether one text says what another says, word for word: for finding where words went that have to go."""

from collections.abc import Iterable

from reports.text.analysis import terms
from reports.text.normalising import normalise

RUN = 5  # terms in a row: fewer are a turn of phrase that two people hit upon
LEAST = 6  # characters of a short text that is looked for as it stands; fewer stand in words that mean something else


class Said:
    """What was said, in whatever pieces; :meth:`in_` asks of another text whether it says any of it."""

    def __init__(self, pieces: Iterable[str]) -> None:
        self.runs: set[tuple[str, ...]] = set()
        self.short: set[str] = set()
        for piece in pieces:
            told = terms(piece)
            if len(told) >= RUN:
                self.runs.update(_runs(told))
            elif len(short := _plain(piece)) >= LEAST:
                self.short.add(short)

    def in_(self, text: str) -> bool:
        """Five terms in a row that both have, or all of a piece that has fewer.

        >>> said = Said(["It cited a court ruling from Leeds that was never made", "Jane Roe"])
        >>> said.in_("A court ruling from Leeds which was NEVER made"), said.in_("It invents a court ruling")
        (True, False)
        >>> said.in_("Told by jane  roe."), said.in_("")
        (True, False)
        """
        if not self.runs.isdisjoint(_runs(terms(text))):
            return True
        plain = _plain(text)
        return any(short in plain for short in self.short)


def _runs(told: list[str]) -> Iterable[tuple[str, ...]]:
    return zip(*(told[at:] for at in range(RUN)), strict=False)


def _plain(text: str) -> str:
    return " ".join(normalise(text).split())
