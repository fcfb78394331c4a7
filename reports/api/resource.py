"""What every address of the API does alike: it names its act, counts who asks, and tells a strong entity tag.

It explains what it was asked and does not know, and each refusal is a problem document (``reports.api.problems``).
"""

from collections.abc import Collection
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response, patch_cache_control, patch_vary_headers
from django.utils.translation import gettext as _
from rest_framework.exceptions import AuthenticationFailed, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.actors import actor_of
from accounts.network import network_of
from accounts.policy import ANONYMOUS, Act, Actor
from reports.api.preconditions import strong_tag
from reports.api.problems import problem
from reports.lanes import Quota, may_ask


class Resource(APIView):
    """One address of the API. ``asks`` names the parameters that its query may have; any other is refused."""

    act = Act.READ_PUBLIC
    asks: Collection[str] = ()
    has_own_limit = False  # where what is asked for is counted otherwise
    quota: Quota | None = None

    @property
    def actor(self) -> Actor:
        """Whoever asks; nobody in particular while the schema is made, and where no token is looked at."""
        if getattr(self, "swagger_fake_view", False) or not self.authentication_classes:
            return ANONYMOUS
        return actor_of(self.request._request)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        try:
            self.perform_authentication(request)
        except AuthenticationFailed:
            may_ask(ANONYMOUS, network_of(request._request))  # a token that is no good may be a guess
            raise
        if not self.has_own_limit:
            self.quota = may_ask(self.actor, network_of(request._request))
        super().initial(request, *args, **kwargs)
        self.check_query(request)

    def check_query(self, request: Request) -> None:
        """Raise for what would be ignored: parameters that are not known here, or said twice, or that say nothing."""
        known = sorted(self.parameters())
        told: dict[str, list[str]] = {}
        for name, values in request.query_params.lists():
            if name not in known:
                told[name[:60]] = [
                    _("There is no such parameter. Known here: {known}.").format(known=", ".join(known))
                    if known
                    else _("Nothing can be asked for by a parameter here.")
                ]
            elif len(values) > 1:
                told[name] = [_("Say this once.")]
            elif not values[0]:
                told[name] = [_("Leave this out, or say what you ask for.")]
        if told:
            raise ValidationError(told)

    def parameters(self) -> Collection[str]:
        return self.asks

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        answer = super().dispatch(request, *args, **kwargs)
        if request.method in ("GET", "HEAD") and answer.status_code == 200:
            answer = unless_had(request, answer)
        if self.quota:
            for name, value in self.quota.headers.items():
                answer.headers.setdefault(name, value)
        patch_vary_headers(answer, ["Authorization"])
        if "Authorization" in request.headers:
            patch_cache_control(answer, private=True)
        return answer


def unless_had(request: HttpRequest, answer: HttpResponseBase) -> HttpResponseBase:
    """304 to whoever has these bytes already, 412 to whoever asked for others only; else the answer with its tag."""
    if isinstance(answer, Response):
        answer.render()
    if answer.streaming:
        return answer
    tag = strong_tag(answer.content)  # type: ignore[attr-defined] # what does not stream has content
    short = get_conditional_response(request, etag=tag)
    if short is not None and short.status_code == 412:
        short = problem(412, _("This has changed since you read it. Read it again before you change it."))
    answer = answer if short is None else short
    answer["ETag"] = tag
    patch_cache_control(answer, no_cache=True)
    return answer
