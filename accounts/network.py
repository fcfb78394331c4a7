"""The address a request came from. It is hashed at once and stored nowhere."""

from django.conf import settings
from django.http import HttpRequest


def network_of(request: HttpRequest) -> str:
    """The caller's address, seen past the ``PROXY_COUNT`` proxies that the operator put in front."""
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
    if settings.PROXY_COUNT and len(hops) >= settings.PROXY_COUNT:
        return hops[-settings.PROXY_COUNT]
    return str(request.META.get("REMOTE_ADDR", ""))
