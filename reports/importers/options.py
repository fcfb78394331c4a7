"""What the person who imports says that the file does not."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

from reports.naming import parse

LOW, HIGH = "low", "high"


class BadOption(Exception):
    """An option that cannot be followed, in words that whoever gave it can act on. ``name`` is the option's."""

    def __init__(self, name: str, sentence: str) -> None:
        super().__init__(sentence)
        self.name = name


@dataclass(frozen=True, slots=True)
class Options:
    """``artifact`` stands in for what the file says it is about.

    ``scorer`` picks one of an evaluation's scorers; ``fails`` says which end of a score is the failure, ``threshold``
    from where on. ``mapping`` says which column is which answer: its parsed document, as of TOML or JSON.
    """

    artifact: str = ""
    scorer: str = ""
    fails: str = ""
    threshold: float | None = None
    mapping: Mapping[str, Any] | None = None

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self:
        """Options from plain values, as a row or a request holds them. Raises :class:`BadOption`."""
        known = {field.name for field in fields(cls)}
        if unknown := sorted(set(given) - known):
            raise BadOption(unknown[0], f"there is no option “{unknown[0]}”.")
        options = cls(**given)
        options.check()
        return options

    def check(self) -> None:
        for name in ("artifact", "scorer", "fails"):
            if not isinstance(getattr(self, name), str):
                raise BadOption(name, "takes a text.")
        if self.threshold is not None and not is_number(self.threshold):
            raise BadOption("threshold", "takes a number.")
        if self.mapping is not None and not isinstance(self.mapping, Mapping):
            raise BadOption("mapping", "takes a table of tables.")
        if self.artifact and not all(parse(self.artifact)):
            raise BadOption("artifact", f"takes ORG/NAME, and “{self.artifact}” is not that.")
        if self.fails not in ("", LOW, HIGH):
            raise BadOption("fails", f"takes {LOW} or {HIGH}, and “{self.fails}” is neither.")

    def given(self) -> set[str]:
        """The names of those that say something."""
        return {field.name for field in fields(self) if getattr(self, field.name) not in ("", None)}


def is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
