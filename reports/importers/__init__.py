"""Reports from other tools: one module a format, each a generator over the rows of a file.

An importer takes rows and gives what it finds, in file order: a :class:`~reports.importers.units.Unit` to file, a
:class:`~reports.importers.units.Passed` or a :class:`~reports.importers.units.Rejected`. It files nothing itself.
"""

from collections.abc import Iterable, Iterator
from typing import Protocol

from reports.importers import avid, garak, telltale
from reports.importers.lines import Row
from reports.importers.units import Found, Rejected


class Importer(Protocol):
    """``artifact`` stands in for what the file says it is about."""

    def __call__(self, rows: Iterable[Row | Rejected], *, artifact: str = "") -> Iterator[Found]: ...


FORMATS: dict[str, Importer] = {
    "telltale": telltale.reports,
    "avid": avid.reports,
    "garak": garak.reports,
}
