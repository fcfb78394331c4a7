"""Reports from other tools: one module a format, each a generator over what a file holds.

An importer gives what it finds, in file order: a :class:`~reports.importers.units.Unit` to file, a
:class:`~reports.importers.units.Passed` or a :class:`~reports.importers.units.Rejected`. It files nothing itself:
that is :func:`reports.importers.intake.take`.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from reports.importers import avid, columns, flare, garak, inspect, promptfoo, telltale
from reports.importers.lines import JsonLines, Row
from reports.importers.options import BadOption, Options
from reports.importers.sources import Source
from reports.importers.units import Found, Rejected

Importer = Callable[[Source, Options], Iterator[Found]]


class OfRows(Protocol):
    """``artifact`` stands in for what the file says it is about."""

    def __call__(self, rows: Iterable[Row | Rejected], *, artifact: str = "") -> Iterator[Found]: ...


@dataclass(frozen=True, slots=True)
class Format:
    """How a file of this format is read, and which options say something about it."""

    reports: Importer
    takes: frozenset[str] = frozenset({"artifact"})
    check: Callable[[Options], None] = Options.check


def lines_of(reports: OfRows) -> Format:
    """A format of JSON objects, one a line."""

    def read(source: Source, options: Options) -> Iterator[Found]:
        source.refuse_what_is_no_text()
        yield from reports(JsonLines(source), artifact=options.artifact)

    return Format(read)


FORMATS: dict[str, Format] = {
    "telltale": lines_of(telltale.reports),
    "avid": lines_of(avid.reports),
    "garak": lines_of(garak.reports),
    "inspect": Format(inspect.reports, frozenset({"artifact", "scorer", "fails", "threshold"})),
    "promptfoo": Format(promptfoo.reports),
    "flare": Format(flare.reports),
    "csv": Format(columns.reports, frozenset({"artifact", "mapping"}), columns.check),
}


def check_options(format_name: str, options: Options) -> None:
    """Raises :class:`BadOption` for what cannot be followed, or says nothing about a file of that format."""
    options.check()
    if strangers := sorted(options.given() - FORMATS[format_name].takes):
        raise BadOption(strangers[0], f"says nothing about a file of format {format_name}.")
    FORMATS[format_name].check(options)


def found_in(source: Source, format_name: str, options: Options | None = None) -> Iterator[Found]:
    """What a file holds, in its order.

    Raises :class:`BadOption` at once, and :class:`~reports.importers.sources.Unreadable` when the first is asked for.
    """
    options = options or Options()
    check_options(format_name, options)
    return FORMATS[format_name].reports(source, options)
