"""Whose voice a report is, without saying who (DESIGN §1)."""

import hashlib
import hmac
import secrets
from datetime import date, datetime
from functools import lru_cache
from ipaddress import IPv6Address, ip_address

from django.conf import settings
from django.utils import timezone

from reports.models import DailySalt

PREFIX_BITS = {4: 24, 6: 48}  # what a household or an office shares; never the whole address


def network_prefix(address: str) -> str:
    """The network an address belongs to, "" if it is not an address."""
    try:
        parsed = ip_address(address.strip())
    except ValueError:
        return ""
    if isinstance(parsed, IPv6Address):
        parsed = parsed.ipv4_mapped or parsed  # else all of IPv4, as sockets for both show it, were one network
    shared = PREFIX_BITS[parsed.version]
    own = parsed.max_prefixlen - shared  # the bits that go
    return f"{type(parsed)(int(parsed) >> own << own)}/{shared}"  # ip_network says the same, at four times the cost


def _salt(day: date) -> bytes:
    try:
        return _stored_salt(day)
    except DailySalt.DoesNotExist:
        salt, _ = DailySalt.objects.get_or_create(day=day, defaults={"salt": secrets.token_bytes(16)})
        return bytes(salt.salt)


@lru_cache(maxsize=2)
def _stored_salt(day: date) -> bytes:
    """Remembered once it is read. Not when it is made: its transaction may yet be rolled back, and the salt with it."""
    return bytes(DailySalt.objects.get(day=day).salt)


def digest_of_day(at: datetime, *parts: str) -> bytes:
    """A keyed hash of ``parts`` that nobody can link to another day's, nor to a voice."""
    told = b"/".join([_salt(at.date()), b"of a day", *(part.encode() for part in parts)])
    return hmac.digest(settings.VOICE_KEY, told, hashlib.sha256)[:16]


def throw_salts_away() -> int:
    """Forget every salt but today's; what was hashed with them can be linked by nobody any more."""
    deleted, _ = DailySalt.objects.filter(day__lt=timezone.now().date()).delete()
    return deleted


def _keyed(prefix: str, *parts: bytes) -> str:
    return f"{prefix}:{hmac.digest(settings.VOICE_KEY, b'/'.join(parts), hashlib.sha256).hex()[:32]}"


def voice_key(*, user_id: int | None, network: str, source: str, author: str, reference: str) -> str:
    """The voice of one report: the account, else the network of the day, else the source's author, else itself."""
    if user_id:
        return _keyed("account", str(user_id).encode())
    if prefix := network_prefix(network):
        return _keyed("network", _salt(timezone.now().date()), prefix.encode())
    if author:
        return _keyed("author", source.encode(), author.encode())
    return _keyed("report", reference.encode())
