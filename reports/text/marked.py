"""One marked block in somebody else's Markdown: put in, renewed, taken out, and not a character around it changed.

A block is all that stands from the opening mark to the closing one. Nothing is added outside of it, not even an empty
line, so that taking it out gives back what stood before. Only where the text does not end its last line a line break
goes before the block, else it would be part of that line (and could spoil the end of a front matter); the mark says so,
and the break is taken out with the block.
"""

import re

NAME = "telltale:known-limitations"
OPENING = f"<!-- {NAME} -->"
OPENING_ON_OWN_LINE = f"<!-- {NAME} own-line -->"
CLOSING = f"<!-- /{NAME} -->"
_MARK = re.compile(rf"<!--\s*(/?){NAME}(\s+own-line)?\s*-->")
_HALF = re.compile(rf"<!--\s*/?{NAME}")
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})([^\r\n]*)", re.MULTILINE)
_FRONT_MATTER = re.compile(
    r"\A\ufeff?---[^\S\r\n]*(?:\r\n|\r|\n).*?^---[^\S\r\n]*(?=[\r\n]|\Z)", re.DOTALL | re.MULTILINE
)


class Unclear(ValueError):
    """The marks do not stand as one pair: which text is ours cannot be told."""


def block_in(text: str) -> tuple[int, int] | None:
    """Where the block stands, marks and all; None if there is none.

    Raises Unclear unless there is one opening mark and one closing mark after it, both where Markdown is read.
    """
    marks = list(_MARK.finditer(text))
    if len(marks) != len(_HALF.findall(text)):
        raise Unclear("a mark is not whole")
    if not marks:
        return None
    if len(marks) != 2 or marks[0][1] or not marks[1][1]:
        raise Unclear(f"{len(marks)} marks, where one {OPENING} and one {CLOSING} after it are understood")
    for start, end in _set_apart(text):
        if any(start <= mark.start() < end for mark in marks):
            raise Unclear("a mark stands in a code block or in the front matter")
    start = marks[0].start()
    return start - (_break_before(text, start) if marks[0][2] else 0), marks[1].end()


def with_block(text: str, content: str) -> str:
    """``text`` with ``content`` in its block, which is put at the end if there is none yet. Raises Unclear.

    >>> with_block("# Card\\n", "None.")
    '# Card\\n<!-- telltale:known-limitations -->\\n\\nNone.\\n\\n<!-- /telltale:known-limitations -->'
    """
    stands = block_in(text)
    if stands is None and any(end == len(text) and is_open for _start, end, is_open in _fences(text)):
        raise Unclear("the text ends in a code block that is not closed")
    start, end = stands or (len(text), len(text))
    newline = "\r\n" if "\r\n" in text else "\n"
    breaks = not text[:start] or text[:start].endswith(("\n", "\r"))
    opening = OPENING if breaks else newline + OPENING_ON_OWN_LINE
    if stands and text[start:].startswith(OPENING):  # as somebody put it, in the middle of a line maybe
        opening = OPENING
    lines = ["", *content.strip().splitlines(), ""]
    block = newline.join([opening, *lines, CLOSING])
    return text[:start] + block + text[end:]


def without_block(text: str) -> str:
    """``text`` without its block. Raises Unclear.

    >>> without_block(with_block("# Card", "None."))
    '# Card'
    """
    stands = block_in(text)
    return text[: stands[0]] + text[stands[1] :] if stands else text


def _break_before(text: str, place: int) -> int:
    """How long the line break is that ends before ``place``."""
    return next((len(mark) for mark in ("\r\n", "\n", "\r") if text[:place].endswith(mark)), 0)


def _set_apart(text: str) -> list[tuple[int, int]]:
    """Where Markdown shows what is written and reads nothing."""
    front = _FRONT_MATTER.match(text)
    return [*([front.span()] if front else []), *((start, end) for start, end, _is_open in _fences(text))]


def _fences(text: str) -> list[tuple[int, int, bool]]:
    """Code blocks between fences (CommonMark 4.5), and whether one is open to the end of the text."""
    found: list[tuple[int, int, bool]] = []
    fence: re.Match[str] | None = None
    for line in _FENCE.finditer(text):
        if fence is None:
            fence = None if line[1][0] == "`" and "`" in line[2] else line
        elif line[1][0] == fence[1][0] and len(line[1]) >= len(fence[1]) and not line[2].strip():
            found.append((fence.start(), line.end(), False))
            fence = None
    return [*found, (fence.start(), len(text), True)] if fence else found


# What Markdown or HTML would take for its own; a title is somebody's words, and stands here as words.
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|~>-])")
_BARE_LINK = re.compile(r"(?i)(https?|ftp|www|mailto)([:.])")


def as_text(words: str) -> str:
    """Words on one line that no reader of Markdown takes for markup, a mark of ours or a link.

    >>> as_text("<b>*a*</b>")
    '&lt;b\\\\>\\\\*a\\\\*&lt;/b\\\\>'
    """
    line = " ".join(words.split())
    quiet = line.replace("&", "&amp;").replace("<", "&lt;")
    escaped = _SPECIAL.sub(r"\\\1", quiet)
    return _BARE_LINK.sub(lambda found: f"{found[1]}&#{ord(found[2])};", escaped)
