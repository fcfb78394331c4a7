"""How a search is written: words, "exact words", name:value,"another value", and a minus before what is not wanted.

Knows nothing of what can be asked (``triage.questions``). Reads whatever it is given: nothing is refused here, and what
was read is written back in one way only.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

LONGEST = 1_000  # characters of a search; more is cut off, and said so
MOST = 40  # terms of a search, and values of a term

# Phones write these for a quotation mark.
QUOTES = str.maketrans(dict.fromkeys("“”„‟＂", '"'))
TERM = re.compile(
    r"""(?P<sign>-?)(?:
        (?P<name>[^\W\d][\w-]*):(?P<values>(?:"[^"]*"?|[^\s"])*)
        | "(?P<exact>[^"]*)"?
        | (?P<word>[^\s"]+)
    ) | (?P<lone>-)""",
    re.VERBOSE,
)
VALUE = re.compile(r'"([^"]*)"?|([^",]+)')
PLAIN = re.compile(r'[^\s",]+')


@dataclass(frozen=True, slots=True)
class Term:
    """One thing asked. ``name`` is "" for words of the text; of several ``values`` one has to fit."""

    name: str
    values: tuple[str, ...]
    is_negated: bool = False
    is_exact: bool = False  # words between quotation marks: in this order

    def __str__(self) -> str:
        sign = "-" if self.is_negated else ""
        if not self.name:
            return f'{sign}"{self.values[0]}"' if self.is_exact else sign + self.values[0]
        return f"{sign}{self.name}:{','.join(map(quoted, self.values))}"


def read(text: str) -> tuple[Term, ...]:
    """The terms of a search, in the order in which they stand."""
    found = (_term(match) for match in TERM.finditer(clean(text)))
    terms = tuple(term for term in found if term is not None)[:MOST]
    while len(write(terms)) > LONGEST:  # written out it may have grown
        terms = terms[:-1]
    return terms


def write(terms: Iterable[Term]) -> str:
    """The one way to write these terms: ``read(write(terms)) == terms`` for whatever ``read`` has given."""
    return " ".join(map(str, terms))


def clean(text: str) -> str:
    """As much of the text as is read, on one line, without what nobody can see or type."""
    visible = ("".join(" " if unicodedata.category(sign) in ("Cc", "Cs") else sign for sign in text[:LONGEST])).split()
    return " ".join(visible).translate(QUOTES)


def quoted(value: str) -> str:
    return value if PLAIN.fullmatch(value) else f'"{value}"'


def _term(match: re.Match[str]) -> Term | None:
    is_negated = match["sign"] == "-"
    if match["name"]:
        values = (between or bare for between, bare in VALUE.findall(match["values"]))
        kept = tuple(value for each in values if (value := each.strip()))[:MOST]
        return Term(match["name"].lower() if match["name"].isascii() else match["name"], kept, is_negated)
    if match["exact"] is not None:
        exact = match["exact"].strip()
        return Term("", (exact,), is_negated, is_exact=True) if exact else None
    return Term("", (match["word"] or match["lone"],), is_negated)
