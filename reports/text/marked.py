"""One marked block in somebody else's Markdown: put in, renewed, taken out, and not a character around it changed.

A block is all that stands from the opening mark to the closing one. Nothing is added outside of it, not even an empty
line, so that taking it out gives back what stood before.
"""

import re

OPENING = "<!-- telltale:known-limitations -->"
CLOSING = "<!-- /telltale:known-limitations -->"
_MARK = re.compile(r"<!--\s*(/?)telltale:known-limitations\s*-->")


class Unclear(ValueError):
    """The marks do not stand as one pair: which text is ours cannot be told."""


def block_in(text: str) -> tuple[int, int] | None:
    """Where the block stands, marks and all; None if there is none.

    Raises Unclear unless there is one opening mark and one closing mark after it.
    """
    marks = list(_MARK.finditer(text))
    if not marks:
        return None
    if len(marks) != 2 or marks[0][1] or not marks[1][1]:
        raise Unclear(f"{len(marks)} marks, where one {OPENING} and one {CLOSING} after it are understood")
    return marks[0].start(), marks[1].end()


def with_block(text: str, content: str) -> str:
    """``text`` with ``content`` in its block, which is put at the end if there is none yet. Raises Unclear.

    >>> with_block("# Card", "None.")
    '# Card<!-- telltale:known-limitations -->\\n\\nNone.\\n\\n<!-- /telltale:known-limitations -->'
    """
    stands = block_in(text)
    start, end = stands or (len(text), len(text))
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = ["", *content.strip().splitlines(), ""]
    block = newline.join([OPENING, *lines, CLOSING])
    return text[:start] + block + text[end:]


def without_block(text: str) -> str:
    """``text`` without its block. Raises Unclear.

    >>> without_block(with_block("# Card\\n", "None."))
    '# Card\\n'
    """
    stands = block_in(text)
    return text[: stands[0]] + text[stands[1] :] if stands else text


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
