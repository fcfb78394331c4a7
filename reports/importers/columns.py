"""Tables as CSV, one report a row, read by a mapping that says which column is which answer.

The mapping is a document of up to four parts::

    delimiter = ";"                        # else the one that the header has most of: , ; or tab

    [columns]                              # column = answer
    Title = "summary"
    Text = "what_happened"
    Prio = "severity"

    [constants]                            # answer = what every row says
    artifact = "acme/chat-7b"
    kind = "false_information"

    [values.severity]                      # what the column writes = what the answer is called
    P1 = "critical"
"""

import codecs
import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from reports.answers import Answers
from reports.importers.lines import BYTE_ORDER_MARK
from reports.importers.options import BadOption, Options
from reports.importers.shapes import fingerprint, text
from reports.importers.sources import Source, Unreadable
from reports.importers.units import Found, Rejected, Unit
from reports.vocabulary import SourceType, TurnRole

SOURCE = "csv"
DELIMITERS = (",", ";", "\t")
CELL_MAX = 2_000_000  # characters, as many as an answer may have
LINE_MAX = 8 * 1024 * 1024  # bytes
CHUNK = 65_536  # bytes
# What a cell can say that the schema asks for in another shape.
TURNS = {"system_prompt": TurnRole.SYSTEM, "prompt": TurnRole.USER, "output": TurnRole.ASSISTANT}
COUNTS = ("tries", "failures")
PLAIN = frozenset(Answers().fields) - {"transcript", "reproduction", "settings", "consent", "confirms"}
FIELDS = PLAIN | TURNS.keys() | set(COUNTS)
NEEDED = ("artifact", "what_happened", "kind")
JOINED = ("what_happened", "expected", "summary")  # answers that several columns may make together
PARTS = {"columns", "constants", "values", "delimiter"}


@dataclass(frozen=True, slots=True)
class Columns:
    """A mapping that was checked. ``is_given`` is False where the columns are called as the answers are."""

    columns: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    delimiter: str = ""
    is_given: bool = True

    @classmethod
    def of(cls, options: Options) -> "Columns":
        """Raises :class:`BadOption` for a part or an answer that is not known, or that nothing is said of."""
        if options.mapping is None:
            return cls(is_given=False)
        if unknown := sorted(set(options.mapping) - PARTS):
            raise BadOption("mapping", f"has a part “{unknown[0]}”, and takes {', '.join(sorted(PARTS))}.")
        parts = {part: options.mapping.get(part, {}) for part in ("columns", "constants", "values")}
        for part, value in parts.items():
            if not isinstance(value, Mapping):
                raise BadOption("mapping", f"has {part} that are no table.")
        delimiter = options.mapping.get("delimiter", "")
        if delimiter not in ("", *DELIMITERS):
            raise BadOption("mapping", "has a delimiter that is none of comma, semicolon and tab.")
        mapping = cls(**parts, delimiter=delimiter)
        mapping.check(options)
        return mapping

    def check(self, options: Options) -> None:
        for answer in [*self.columns.values(), *self.constants, *self.values]:
            if not isinstance(answer, str) or answer not in FIELDS:
                raise BadOption("mapping", f"names an answer “{answer}”; there are {', '.join(sorted(FIELDS))}.")
        for words in self.values.values():
            if not isinstance(words, Mapping):
                raise BadOption("mapping", "has values that are no table of what is written and what it is called.")
        answered = [*self.columns.values()]
        if twice := [each for each in answered if answered.count(each) > 1 and each not in JOINED]:
            raise BadOption("mapping", f"has two columns for “{twice[0]}”.")
        self.need({*answered, *self.constants, *(["artifact"] if options.artifact else [])})

    def need(self, answered: set[str]) -> None:
        if missing := [each for each in NEEDED if each not in answered]:
            raise BadOption("mapping", f"says nothing of {', '.join(missing)}: name a column or a constant.")

    def for_header(self, header: list[str], options: Options) -> "Columns":
        """This mapping, for a file of that header. Raises :class:`BadOption` and :class:`Unreadable`."""
        if twice := [column for column in header if header.count(column) > 1]:
            raise Unreadable(f"The header has two columns “{twice[0]}”.")
        if self.is_given:
            if strangers := [column for column in self.columns if column not in header]:
                raise BadOption(
                    "mapping", f"names a column “{strangers[0]}”, and the file has {', '.join(header)[:500]}."
                )
            return self
        if strangers := [column for column in header if column not in FIELDS]:
            raise BadOption("mapping", f"is needed: there is no answer “{strangers[0]}”. Say which column is which.")
        self.need({*header, *(["artifact"] if options.artifact else [])})
        return Columns(columns={column: column for column in header}, delimiter=self.delimiter)

    def answers(self, row: Mapping[str, str]) -> dict[str, Any]:
        """What a row says, by answer; an empty cell says nothing, unless ``values`` has a word for it."""
        found: dict[str, Any] = dict(self.constants)
        for column, answer in self.columns.items():
            cell = text(row[column])
            words = self.values.get(answer, {})
            value = words.get(cell, words.get(cell.lower(), cell))
            if value != "":
                is_more = answer in JOINED and column != next(self.of_answer(answer)) and answer in found
                found[answer] = f"{found[answer]}\n\n{value}" if is_more else value
        return found

    def of_answer(self, answer: str) -> Iterator[str]:
        return (column for column, each in self.columns.items() if each == answer)


def check(options: Options) -> None:
    """Raises :class:`BadOption` for a mapping that no file could be read by."""
    Columns.of(options)


def reports(source: Source, options: Options) -> Iterator[Found]:
    mapping = Columns.of(options)
    refuse_other_encodings(source)
    delimiter = mapping.delimiter or delimiter_of(source)
    csv.field_size_limit(CELL_MAX)
    table = csv.reader(lines_of(source), delimiter=delimiter, strict=True)
    before = 0
    try:
        header = [text(cell) for cell in next(table, [])]
        if not any(header):
            raise Unreadable("The file is empty: it has no header.")
        mapping = mapping.for_header(header, options)
        before = table.line_num
        for cells in table:
            if any(cells):
                yield unit(before + 1, header, cells, mapping, options)
            before = table.line_num
    except csv.Error as broken:
        yield Rejected(before + 1, f"the table cannot be read from here on: {broken}")


def unit(line: int, header: list[str], cells: list[str], mapping: Columns, options: Options) -> Found:
    if len(cells) != len(header):
        return Rejected(line, f"has {len(cells)} cells, and the header {len(header)} columns")
    found = mapping.answers(dict(zip(header, cells, strict=True)))
    if options.artifact:
        found["artifact"] = options.artifact
    return Unit(line, shaped(found), source_type=None if found.get("rule_id") else SourceType.FORM)


def shaped(found: dict[str, Any]) -> dict[str, Any]:
    """Answers in the shape of the schema, which judges them."""
    answers = {answer: value for answer, value in found.items() if answer in PLAIN}
    turns = [{"role": role.value, "content": found[name]} for name, role in TURNS.items() if name in found]
    if turns:
        answers["transcript"] = turns
    if any(name in found for name in COUNTS):
        answers["reproduction"] = {name: found[name] for name in COUNTS if name in found}
    if isinstance(also := answers.get("also_affects"), str):
        answers["also_affects"] = [each for part in also.split(",") if (each := part.strip())]
    answers.setdefault("source", SOURCE)
    answers.setdefault("source_key", fingerprint(answers))
    return answers | {"consent": True}


def lines_of(source: Source) -> Iterator[str]:
    """The lines of a text that is known to be UTF-8, none of them longer than is held at one time."""
    is_first = True
    while line := source.readline(LINE_MAX):
        if len(line) >= LINE_MAX:
            raise csv.Error(f"a line is longer than {LINE_MAX // 1024 // 1024} MB")
        yield line.removeprefix(BYTE_ORDER_MARK if is_first else b"").decode()
        is_first = False


def refuse_other_encodings(source: Source) -> None:
    """Raises :class:`Unreadable` at the first line that is not UTF-8, before anything of the file is filed."""
    source.refuse_what_is_no_text()
    if b"\r" in source.head() and b"\n" not in source.head():
        raise Unreadable("The lines of the file end in CR alone: save it with LF or CRLF.")
    decoder, line = codecs.getincrementaldecoder("utf-8")(), 1
    while chunk := source.stream.read(CHUNK):
        try:
            line += decoder.decode(chunk).count("\n")
        except UnicodeDecodeError as wrong:
            line += chunk[: wrong.start].count(b"\n")
            raise Unreadable(f"Line {line} is not UTF-8 text: save the file as UTF-8.") from None
    source.stream.seek(0)


def delimiter_of(source: Source) -> str:
    header = source.head().decode(errors="replace").partition("\n")[0]
    return max(DELIMITERS, key=header.count)
