"""How often anybody may knock at the doors where people sign in, sign up, reset a password or give a second factor.

Counted of a network, in rows that all processes share and that two requests at the same moment cannot both pass
(``reports.buckets``). What is counted of an account, allauth counts: failed passwords, codes and mails.
"""

from typing import Any

from django.http import HttpRequest, HttpResponse

from accounts.network import network_of
from reports.lanes import TooMany, may_knock
from reports.pages.refusing import too_many

DOORS = ("account_", "mfa_", "socialaccount_", "sign_in")  # views by name


class KnockingMiddleware:
    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer: HttpResponse = self.get_response(request)
        return answer

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        match = request.resolver_match
        if request.method != "POST" or match is None or not (match.url_name or "").startswith(DOORS):
            return None
        try:
            may_knock(network_of(request))
        except TooMany as refusal:
            return too_many(request, refusal, keeps=False)
        return None
