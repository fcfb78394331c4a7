"""The address a request came from. It is hashed at once and stored nowhere."""

from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest


def network_of(request: HttpRequest) -> str:
    """The caller's address, seen past the ``PROXY_COUNT`` proxies that the operator put in front."""
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
    if settings.PROXY_COUNT and len(hops) >= settings.PROXY_COUNT:
        return hops[-settings.PROXY_COUNT]
    return str(request.META.get("REMOTE_ADDR", ""))


def household_of(address: str) -> str:
    """Whom an address stands for: itself, or all of what an IPv6 line is given, of which each try could use another.

    >>> household_of("203.0.113.7"), household_of("2001:db8:1:2:3::4"), household_of("::ffff:203.0.113.7")
    ('203.0.113.7', '2001:db8:1::/48', '203.0.113.7')
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        mapped = parsed.ipv4_mapped
        return str(mapped) if mapped else str(ip_network((parsed, 48), strict=False))
    return address
