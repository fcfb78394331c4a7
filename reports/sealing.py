"""Text that only this site can read again, for rows that should tell a stolen backup nothing."""

import base64

from cryptography.fernet import Fernet
from django.conf import settings


def _box(key: bytes) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(key))


def seal(text: str, *, key: bytes | None = None) -> bytes:
    """The text, sealed with the key of contacts unless another is given."""
    return _box(key or settings.CONTACT_KEY).encrypt(text.encode())


def unseal(sealed: bytes, *, key: bytes | None = None) -> str:
    """What was sealed. Raises cryptography.fernet.InvalidToken if it was sealed with another key."""
    return _box(key or settings.CONTACT_KEY).decrypt(bytes(sealed)).decode()
