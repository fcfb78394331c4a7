"""What an importer finds in a file, one at a time."""

from collections.abc import Mapping
from dataclasses import dataclass

from reports.vocabulary import SourceType


@dataclass(frozen=True, slots=True)
class Unit:
    """One report to file: the answers, the line it begins on, and who wrote it according to its source.

    ``source_type`` says what kind of writing it is where that does not follow from its having been imported.
    """

    line: int
    answers: Mapping[str, object]
    author: str = ""
    source_type: SourceType | None = None


@dataclass(frozen=True, slots=True)
class Passed:
    """Something that was tested and did not fail: read, and nothing to file."""

    line: int


@dataclass(frozen=True, slots=True)
class Rejected:
    """What cannot be filed, and why in words that the person at the shell can act on."""

    line: int
    reason: str


Found = Unit | Passed | Rejected
