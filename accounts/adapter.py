"""What allauth is told of whoever signs in."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from smtplib import SMTPNotSupportedError, SMTPRecipientsRefused
from typing import Any

import structlog
from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest

from accounts.network import household_of, network_of

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class House:
    """The site, as mails call it; ``domain`` is where it is."""

    name: str
    domain: str


class Adapter(DefaultAccountAdapter):  # type: ignore[misc] # untyped in the library
    def get_client_ip(self, request: HttpRequest) -> str:
        """A keyed hash of the address, another one each day: limits on signing in are counted under it, in a table."""
        told = f"{datetime.now(UTC).date()} {household_of(network_of(request))}"
        return hmac.digest(settings.VOICE_KEY, told.encode(), hashlib.sha256).hex()[:32]

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """By the name of the site: the library takes host and port of whatever request it was.

        An address that the server refuses is answered like one whose mail comes back later: whoever mistyped it reads
        that a mail is on its way to it, and can type it again.
        """
        house = House("Telltale", settings.SITE_URL)
        try:
            super().send_mail(template_prefix, email, {**context, "current_site": house})
        except (SMTPRecipientsRefused, SMTPNotSupportedError) as refused:
            log.warning("mail refused", error=type(refused).__name__)
