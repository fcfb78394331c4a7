"""Text that only this site can read again, for rows that should tell a stolen backup nothing."""

import base64

from cryptography.fernet import Fernet
from django.conf import settings


def _box() -> Fernet:
    return Fernet(base64.urlsafe_b64encode(settings.CONTACT_KEY))


def seal(text: str) -> bytes:
    return _box().encrypt(text.encode())


def unseal(sealed: bytes) -> str:
    """What was sealed. Raises cryptography.fernet.InvalidToken if it was sealed with another key."""
    return _box().decrypt(bytes(sealed)).decode()
