"""What every template may ask of the house. Nothing is looked up before a template asks."""

from functools import cache

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from accounts.actors import actor_of
from accounts.policy import ANONYMOUS, Actor
from reports import notices
from triage import judging, queue


def house(request: HttpRequest) -> dict[str, object]:
    def actor() -> Actor:
        return actor_of(request) if hasattr(request, "user") else ANONYMOUS  # an early error has no user yet

    @cache
    def waiting_count() -> int:
        return queue.waiting_count() if actor().is_triager else 0

    @cache
    def waiting_signal_count() -> int:
        return judging.waiting_count() if actor().is_triager else 0

    @cache
    def unread_count() -> str:
        return notices.unread_shown(actor())

    return {
        "actor": SimpleLazyObject(actor),
        "unread_count": unread_count,
        "waiting_signal_count": waiting_signal_count,
        "waiting_count": waiting_count,
        "demo_site": settings.DEMO,
        "mfa_off": not settings.REQUIRE_MFA,
    }
