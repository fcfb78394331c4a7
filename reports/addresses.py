"""Addresses of attachments: signed, good for five minutes, and for the one they were made for.

Only who may read a file is given its address, and the page behind it asks for that right once more. The signature is
there for what an address goes through on its way: a history, a screen, a copy.

Where files have a host of their own (FILES_HOST) nobody is signed in there, and the address itself says for whom it was
made, sealed: the right that is asked for once more is that one's.
"""

import hashlib
import hmac
import time
from dataclasses import dataclass
from urllib.parse import urlencode

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.urls import reverse

from reports.sealing import seal, unseal

GOOD_FOR_S = 300
LONGEST_NUMBER = 12  # digits of a moment, more than any that we sign


@dataclass(frozen=True, slots=True)
class Signed:
    """What an address says: until when it is good (seconds since 1970), and for whom, both as they stand there.

    ``sealed`` is the reader once more, where the address has to bring them along.
    """

    until: str
    reader: str
    signature: str
    sealed: str = ""


def address_of(name: str, *, reader: str) -> str:
    """The address of the file for ``reader``, "account:7" or the like, which it does not tell."""
    until, mark = str(int(time.time()) + GOOD_FOR_S), mark_of(reader)
    signed = {"until": until, "for": mark, "signature": signature(name, until, mark)}
    if settings.FILES_HOST:
        signed["by"] = seal(reader, key=settings.FILE_KEY).decode()
    return f"{settings.FILES_URL}{reverse('attachment', args=[name])}?{urlencode(signed)}"


def reader_in(signed: Signed) -> str:
    """Who brought the address along, "" if it names nobody that we sealed."""
    try:
        return unseal(signed.sealed.encode(), key=settings.FILE_KEY)
    except InvalidToken:
        return ""


def is_good(name: str, signed: Signed, *, reader: str) -> bool:
    """Whether we made that address, for that reader, within the last minutes; as fast for every wrong one."""
    ours = signature(name, signed.until, signed.reader)
    is_ours = hmac.compare_digest(ours.encode(), signed.signature.encode())
    is_theirs = hmac.compare_digest(mark_of(reader).encode(), signed.reader.encode())
    is_number = signed.until.isascii() and signed.until.isdecimal() and len(signed.until) <= LONGEST_NUMBER
    return is_ours and is_theirs and is_number and 0 <= int(signed.until) - time.time() <= GOOD_FOR_S


def mark_of(reader: str) -> str:
    return _digest("reader", reader)[:16]


def signature(name: str, until: str, mark: str) -> str:
    return _digest("address", name, until, mark)


def _digest(*parts: str) -> str:
    """Of the parts and their lengths, so that no two lists of parts are signed alike."""
    told = b"".join(f"{len(part.encode())}:{part}".encode() for part in parts)
    return hmac.digest(settings.FILE_KEY, told, hashlib.sha256).hex()
