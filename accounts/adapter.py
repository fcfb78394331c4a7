"""What allauth is told of whoever signs in."""

import hashlib
import hmac
from datetime import UTC, datetime

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest

from accounts.network import household_of, network_of


class Adapter(DefaultAccountAdapter):  # type: ignore[misc] # untyped in the library
    def get_client_ip(self, request: HttpRequest) -> str:
        """A keyed hash of the address, another one each day: limits on signing in are counted under it, in a table."""
        told = f"{datetime.now(UTC).date()} {household_of(network_of(request))}"
        return hmac.digest(settings.VOICE_KEY, told.encode(), hashlib.sha256).hex()[:32]
