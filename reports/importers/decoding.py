"""JSON from strangers, decoded within bounds."""

import json
from typing import Any

BYTES_MAX = 16 * 1024 * 1024  # of one line or piece; the longest honest one, the digest of a full garak run, has 2 MB
VALUES_MAX = 1_000_000  # in one line or piece: a hundred bytes of memory each, however few they take in the file
NESTED = "nested too deeply"
TOO_LONG = f"longer than {BYTES_MAX // 1024 // 1024} MB"


class Broken(Exception):
    """What cannot be decoded, and why in words that the person at the shell can act on."""


def decoded(text: bytes) -> Any:
    """The value of a JSON text, NaN and Infinity allowed as some tools write them. Raises :class:`Broken`."""
    if text.count(b",") + text.count(b"[") + text.count(b"{") > VALUES_MAX:
        raise Broken(f"holds more than {VALUES_MAX:,} values")
    try:
        return json.loads(text.decode())
    except UnicodeDecodeError:
        raise Broken("not UTF-8 text") from None
    except RecursionError:
        raise Broken(NESTED) from None
    except ValueError:  # broken JSON, or a number of thousands of digits
        raise Broken("not JSON") from None
