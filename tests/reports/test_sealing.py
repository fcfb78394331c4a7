"""What is sealed can be read by this site, and by nobody else."""

from typing import Any

import pytest
from cryptography.fernet import InvalidToken

from reports.sealing import seal, unseal


@pytest.mark.parametrize("text", ["ann@example.org", "", "ä\x00\U0001f511", "x" * 100_000])
def test_what_is_sealed_comes_back(text: str) -> None:
    sealed = seal(text)

    assert unseal(sealed) == text
    assert text.encode() not in sealed or not text


def test_the_same_text_is_never_sealed_alike() -> None:
    assert seal("ann@example.org") != seal("ann@example.org")


def test_another_key_opens_nothing(settings: Any) -> None:
    sealed = seal("ann@example.org")
    settings.CONTACT_KEY = bytes(32)

    with pytest.raises(InvalidToken):
        unseal(sealed)


def test_what_was_touched_opens_no_more() -> None:
    sealed = bytearray(seal("ann@example.org"))
    sealed[20] ^= 1

    with pytest.raises(InvalidToken):
        unseal(bytes(sealed))
