"""Text in which nobody is named and lines of dashes stand between the turns."""

import re

from reports.text.conversation.fences import fenced
from reports.text.conversation.turns import Doubt, Form, Role, Turn

_RULE = re.compile(r"[ \t]{0,3}(?:-{3,80}|={3,80}|\*{3,80}|_{3,80}|—{2,40}|─{2,80}|⸻)[ \t]{0,9}")
_SECTION = re.compile(r"\s{0,9}(?:#{1,6}\s|\||[-*+]\s|\d{1,2}[.)]\s|`{3}|~{3}|\*\*)")
_SETTING = re.compile(r"[\w -]{1,40}:[^\n]{0,200}")
_ASKS = re.compile("[?？؟]")
_SURE = 4  # blocks that need no question mark to be taken for a conversation


def read_blocks(text: str) -> tuple[Form, list[Turn], set[Doubt]] | None:
    """Blocks in turn, the person's first; None where they look like the sections of one answer."""
    blocks = [block for block in _blocks(text) if block]
    asked = blocks[::2]
    if len(blocks) < 2 or len(blocks) % 2 or any(map(_SECTION.match, asked)):
        return None
    if all(map(_SETTING.fullmatch, blocks[0].split("\n"))) and not _ASKS.search(blocks[0]):
        return None
    if len(blocks) < _SURE and not _ASKS.search(blocks[0]):
        return None
    roles: tuple[Role, Role] = ("user", "assistant")
    turns: list[Turn] = [{"role": roles[place % 2], "content": block} for place, block in enumerate(blocks)]
    return Form.BLOCKS, turns, {Doubt.ALTERNATED}


def _blocks(text: str) -> list[str]:
    lines = text.split("\n")
    blocks: list[list[str]] = [[]]
    for line, is_fenced in zip(lines, fenced(lines), strict=True):
        if not is_fenced and _RULE.fullmatch(line):
            blocks.append([])
        else:
            blocks[-1].append(line)
    return ["\n".join(block).strip() for block in blocks]
