"""Taking what one looks for out of foreign JSON, where any value may have any shape."""

import hashlib
import json
import math
import re
from typing import Any

from reports.answers import SETTINGS_MAX

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")  # what PostgreSQL cannot keep: NUL, and halves of surrogate pairs
_NO_NAME = re.compile(
    r"[\W_]*(n ?/? ?a|none|null|nil|not applicable|unspecified|unknown( (model|system|dataset))?)?[\W_]*"
)
_UNKNOWN = re.compile(r"[\W_]*unknown( (model|system|dataset))?[\W_]*")
SETTING_MAX, SETTINGS_IN_LIST = 200, 10  # characters of one kept, and how many of a list
_NO_NAME_MAX = 40  # characters: the pattern is only asked about short ones, so that its time is bounded


def at(value: Any, *path: str) -> Any:
    """What stands under a path of keys, None if any of them is not there."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def verbatim(value: Any) -> str:
    """The text of a value, "" if it is none. What cannot be stored shows as a replacement character."""
    return _UNSTORABLE.sub("\ufffd", value) if isinstance(value, str) else ""


def text(value: Any) -> str:
    return verbatim(value).strip()


def name(value: Any) -> str:
    """A value's text on one line, "" if it names nothing: "n/a", "none", "unknown" and the like."""
    line = " ".join(text(value).split())
    return "" if len(line) < _NO_NAME_MAX and _NO_NAME.fullmatch(line.lower()) else line


def says_unknown(value: Any) -> bool:
    """Whether a value says that nobody knows the name, which is an answer, unlike "n/a" or nothing."""
    line = " ".join(text(value).split()).lower()
    return len(line) < _NO_NAME_MAX and _UNKNOWN.fullmatch(line) is not None


def texts(value: Any) -> list[str]:
    """The texts of a list, or the one text that stands in place of a list; what is empty or no text is left out."""
    return [found for each in (value if isinstance(value, list) else [value]) if (found := text(each))]


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects of a list; what is none is left out."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def count(value: Any) -> int | None:
    """A whole number from 0, None if the value is none."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        return None
    return value


def fitting(settings: dict[str, Any]) -> dict[str, Any]:
    """Those settings that can be kept: plain values, none that says nothing, and no more than the schema takes."""
    kept: dict[str, Any] = {}
    left = SETTINGS_MAX // 2
    for key, value in settings.items():
        found = plain(value)
        left -= len(json.dumps([key, found])) if found not in (None, "", []) else 0
        if left > 0 and found not in (None, "", []):
            kept[text(key)] = found
    return kept


def plain(value: Any) -> Any:
    """A value as settings can hold it, None if they cannot: a short text, a number, or a few of these."""
    if isinstance(value, str):
        return text(value)[:SETTING_MAX]
    if isinstance(value, list):
        return [found for each in value[:SETTINGS_IN_LIST] if not isinstance(each, list) and (found := plain(each))]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, bool) or (isinstance(value, int) and abs(value) < 2**53) else None


def fingerprint(document: dict[str, Any]) -> str:
    """A key for a document that has none of its own: the same for the same content, whatever the order of its keys."""
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(canonical.encode()).hexdigest()}"
