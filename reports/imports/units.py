"""What was read out of a file, on the disk until it is filed: a line for each unit, so that filing can stop anywhere.

Reading some formats to their end is one piece of work whose results come last. Written down once, they are filed from
here by whoever comes, and nothing is read twice.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from django.core.serializers.json import DjangoJSONEncoder

from reports.importers.units import Found, Passed, Rejected, Unit
from reports.vocabulary import SourceType

REJECTS_KEPT = 10_000  # of an import with line and reason; those after are only counted


@dataclass(frozen=True, slots=True)
class Many:
    """So many in a row of which nothing is to be told but their number."""

    passed: int = 0
    rejected: int = 0


@dataclass(slots=True)
class Writing:
    """Writes units down; ``found`` is how many there were so far, whatever became of their lines."""

    stream: BinaryIO
    found: int = 0
    rejected: int = 0
    first_reason: str = ""
    pending: dict[str, int] = field(default_factory=lambda: {"passed": 0, "rejected": 0})

    def take(self, found: Iterable[Found]) -> Iterator[None]:
        """Write one down each time it is asked."""
        for each in found:
            self.found += 1
            try:
                self._write(each)
            except RecursionError:
                self._write(Rejected(each.line, "nested too deeply"))
            yield
        self._settle()

    def _write(self, found: Found) -> None:
        match found:
            case Passed():
                self.pending["passed"] += 1
            case Rejected() if self.rejected >= REJECTS_KEPT:
                self.rejected += 1
                self.pending["rejected"] += 1
            case Rejected():
                self.rejected += 1
                self.first_reason = self.first_reason or f"{found.line}: {found.reason}"
                self._line({"line": found.line, "reason": found.reason})
            case Unit():
                told = {"line": found.line, "answers": found.answers, "author": found.author}
                self._line({**told, "source_type": found.source_type})

    def _line(self, told: dict[str, object]) -> None:
        self._settle()
        self.stream.write(json.dumps(told, cls=DjangoJSONEncoder).encode() + b"\n")

    def _settle(self) -> None:
        many = {name: count for name, count in self.pending.items() if count}
        if many:
            self.pending = {"passed": 0, "rejected": 0}
            self._line(dict(many))


def unit_of(line: bytes) -> Found | Many:
    """What a line says. The answers are as they were read: no number or date was made anything else on the way."""
    told = json.loads(line)
    if "answers" in told:
        source_type = SourceType(told["source_type"]) if told["source_type"] else None
        return Unit(told["line"], told["answers"], author=told["author"], source_type=source_type)
    if "reason" in told:
        return Rejected(told["line"], told["reason"])
    return Many(**told)
