"""References and receipt codes: how a report is named, and how whoever filed it proves that they did."""

import hashlib
import hmac
import secrets

from django.conf import settings

from reports.models import Report

# Crockford's base 32: no I, L, O or U, so that a code survives being read aloud or copied by hand.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH = 24  # characters of 5 bits: 120 random bits
REFERENCE_LENGTH = 16  # 80 random bits
MISREAD = str.maketrans({"I": "1", "L": "1", "O": "0", "-": None, " ": None})


def _grouped(text: str) -> str:
    return "-".join(text[at : at + 4] for at in range(0, len(text), 4))


def _random(length: int) -> str:
    return "".join(ALPHABET[byte % 32] for byte in secrets.token_bytes(length))  # 32 divides 256: no letter is favoured


def new_code() -> str:
    """A receipt code, "K7QD-M2XV-…": shown once, stored as a keyed hash."""
    return _grouped(_random(CODE_LENGTH))


def new_reference() -> str:
    """A report's name, "r-8c1f-02b7-…": unguessable, so that knowing one tells nothing of others."""
    return f"r-{_grouped(_random(REFERENCE_LENGTH)).lower()}"


def code_digest(code: str) -> bytes:
    """The keyed hash of a code, however it was typed."""
    return hmac.digest(settings.TOKEN_KEY, code.upper().translate(MISREAD).encode(), hashlib.sha256)


def opens(code: str, report: Report) -> bool:
    """Whether ``code`` is the receipt code of ``report``; takes the same time whatever the answer."""
    return hmac.compare_digest(code_digest(code), bytes(report.receipt_digest))
