"""Text that is JSON, or JSON on each line: read within bounds, and refused with a doubt beyond them."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from reports.text.conversation.pieces import Reading
from reports.text.conversation.shapes import read_value
from reports.text.conversation.turns import Conversation, Doubt, Form, concluded, refused

_DEEPEST = 60  # levels of nesting; the deepest export met has twelve
_LIKELY = re.compile(r'"(?:role|from|sender|author|messages|mapping|chat_messages|contents|parts)"\s*:')


def read_json(pasted: str) -> Conversation | None:
    """The conversation in the JSON, or None where the text is none."""
    if pasted[:1] not in ("{", "["):
        return None
    value: Any
    try:
        value = json.loads(pasted)
    except RecursionError:
        return refused(Doubt.TOO_DEEP)
    except ValueError:
        value = _lines(pasted)
        if value is None:
            return refused(Doubt.BROKEN_JSON) if _LIKELY.search(pasted[:5000]) else None
    if _is_too_deep(value):
        return refused(Doubt.TOO_DEEP)
    reading = Reading()
    form = read_value(value, reading)
    if form is None or Doubt.SEVERAL_CONVERSATIONS in reading.doubts:
        return refused(Doubt.UNRECOGNISED) if form is None else refused(Doubt.SEVERAL_CONVERSATIONS, form)
    if not isinstance(value, Lines) or form is not Form.MESSAGES:
        return concluded(form, reading.turns, reading.doubts)
    return concluded(Form.JSONL, reading.turns, reading.doubts)


class Lines(list[Any]):
    """Values that stood one on each line."""


def _lines(pasted: str) -> Lines | None:
    """Each line as its own JSON; None as soon as one is none."""
    found = Lines()
    for line in pasted.split("\n"):
        if not line.strip():
            continue
        try:
            found.append(json.loads(line))
        except (ValueError, RecursionError):
            return None
    return found


def _is_too_deep(value: Any) -> bool:
    level = [value]
    for _depth in range(_DEEPEST):
        level = [inner for outer in level if isinstance(outer, dict | list) for inner in _inside(outer)]
        if not level:
            return False
    return True


def _inside(outer: Mapping[str, Any] | list[Any]) -> Iterator[Any]:
    return iter(outer if isinstance(outer, list) else outer.values())
