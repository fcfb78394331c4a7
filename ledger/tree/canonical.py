"""One way of writing a JSON value. Source: RFC 8785.

For values as PostgreSQL keeps them: no NaN, no lone surrogates.
"""

import json
from json.encoder import encode_basestring
from typing import Any

quoted = encode_basestring  # a text as JSON, quotation marks and all
plainly = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode
"""``canonical``, in less time, of what holds no fractions and no name beyond the Basic Multilingual Plane."""


def canonical(value: Any) -> str:
    """Raises TypeError for what JSON does not know, ValueError for a number that is none."""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, dict):
        names = sorted(value, key=_as_ordered) if len(value) > 1 else value
        return "{" + ",".join(f"{quoted(name)}:{canonical(value[name])}" for name in names) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    if isinstance(value, float):
        return _number(value)
    if value is None or isinstance(value, int):
        return json.dumps(value)
    raise TypeError(f"{type(value).__name__} is not JSON.")


def _as_ordered(name: str) -> bytes:
    """RFC 8785 orders names by their UTF-16."""
    return name.encode("utf-16-be")


def _number(value: float) -> str:
    """As ECMAScript writes it: the shortest digits that lead back to it, plain from 1e-6 up to 1e21."""
    if value != value or value in (float("inf"), float("-inf")):
        raise ValueError(f"{value} is no number.")
    if value == 0:
        return "0"
    sign, (digits, point) = "-" if value < 0 else "", _digits(abs(value))
    count = len(digits)
    if count <= point <= 21:
        return sign + digits + "0" * (point - count)
    if 0 < point <= 21:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    mantissa = digits[0] + (f".{digits[1:]}" if count > 1 else "")
    return f"{sign}{mantissa}e{point - 1:+d}"


def _digits(value: float) -> tuple[str, int]:
    """Its digits without zeros at either end, and where the point stands: value = 0.digits × 10^point."""
    mantissa, _, exponent = repr(value).partition("e")
    whole, _, rest = mantissa.partition(".")
    digits = (whole + rest).lstrip("0")
    point = len(whole.lstrip("0")) if whole.strip("0") else len(digits) - len(rest)
    return digits.rstrip("0"), point + int(exponent or 0)
