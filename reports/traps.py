"""What a form asks of no person: a field that nobody sees, and how long it took.

Nothing is refused by it. Whoever falls in is held, and their words are as safe as anybody's.
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime

from django.conf import settings
from django.utils import timezone

HONEYPOT = "website"
DRAWN = "drawn"
LEAST_S = 3  # from when the form was drawn until it is sent; a draft takes a person longer even to read
MOST_S = 24 * 3_600


def drawn(at: datetime | None = None) -> str:
    """When the form was drawn, signed."""
    moment = str(int((at or timezone.now()).timestamp()))
    return f"{moment}.{_signature(moment)}"


def is_trapped(sent: Mapping[str, object], *, at: datetime | None = None) -> bool:
    """Whether a form was filled in as no person does: what nobody sees, or sooner or later than anybody would."""
    if sent.get(HONEYPOT):
        return True
    moment, _dot, signature = str(sent.get(DRAWN, "")).partition(".")
    if not hmac.compare_digest(signature.encode(errors="replace"), _signature(moment).encode()):
        return True
    took_s = (at or timezone.now()).timestamp() - int(moment)
    return not LEAST_S <= took_s <= MOST_S


def _signature(moment: str) -> str:
    return hmac.digest(settings.FORM_KEY, moment.encode(errors="replace"), hashlib.sha256).hex()[:32]
