"""References and receipt codes."""

import math
import re

import pytest

from reports.models import Report
from reports.receipts import ALPHABET, CODE_LENGTH, REFERENCE_LENGTH, code_digest, new_code, new_reference, opens


def test_a_code_holds_enough_chance_to_be_the_only_key() -> None:
    assert CODE_LENGTH * math.log2(len(ALPHABET)) >= 112
    assert REFERENCE_LENGTH * math.log2(len(ALPHABET)) >= 80


def test_codes_and_references_keep_their_shape_and_never_come_twice() -> None:
    codes, references = {new_code() for _ in range(500)}, {new_reference() for _ in range(500)}

    assert len(codes) == len(references) == 500
    assert all(re.fullmatch(r"([0-9A-Z]{4}-){5}[0-9A-Z]{4}", code) for code in codes)
    assert all(re.fullmatch(r"r-([0-9a-z]{4}-){3}[0-9a-z]{4}", reference) for reference in references)
    assert not set("ILOU") & set("".join(codes))


def test_a_code_may_be_typed_as_it_is_read() -> None:
    code = "K7QD-M2XV-0123-4567-89AB-CDEF"

    misread = code.replace("0", "o").replace("1", "I")
    for typed in (code.lower(), code.replace("-", ""), code.replace("-", " "), misread):
        assert code_digest(typed) == code_digest(code)
    assert code_digest(code[:-1]) != code_digest(code)


@pytest.mark.parametrize("typed", ["", " ", "-", "\x00", "ß", "İ" * 24, "0" * 100_000])
def test_nothing_else_opens(typed: str) -> None:
    report = Report(receipt_digest=code_digest(new_code()))

    assert not opens(typed, report)


def test_a_digest_is_of_this_site_only(settings: object) -> None:
    here = code_digest("K7QD")
    settings.TOKEN_KEY = b"another site's key".ljust(32)  # type: ignore[attr-defined] # pytest-django's settings

    assert code_digest("K7QD") != here
