"""Who calls the API: a token's account, or nobody. Session cookies mean nothing here."""

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.actors import actor_of
from accounts.models import User
from accounts.policy import ANONYMOUS, allows, missing_scopes
from accounts.tokens import PREFIX, actor_of_token

if TYPE_CHECKING:  # the views' module loads this one, by the settings
    from rest_framework.views import APIView


class TokenAuthentication(BaseAuthentication):
    """``Authorization: Bearer tt_…``. A token that is not good, or named otherwise, is 401, never anonymous."""

    def authenticate(self, request: Request) -> tuple[User, str] | None:
        scheme, _space, token = get_authorization_header(request).decode("latin-1").partition(" ")
        is_unread = not scheme and "Authorization" in request.headers  # the server hands on what is no ASCII as nothing
        if scheme.lower() != "bearer" and PREFIX not in (scheme + token) and not is_unread:
            request._request._actor = ANONYMOUS  # type: ignore[attr-defined] # see actors.actor_of
            return None
        found = actor_of_token(token.strip()) if scheme.lower() == "bearer" else None
        if found is None:
            raise AuthenticationFailed(_("This token is not known, has expired or was revoked."))
        user, actor = found
        request._request._actor = actor  # type: ignore[attr-defined] # see actors.actor_of
        return user, token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="telltale"'


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call] # untyped in the library
    """What the schema says of a token."""

    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "A token that begins with tt_."}


class MayAct(BasePermission):
    """Asks policy whether the caller may do the ``act`` that the view names; a view that names none is closed."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        act: Any = getattr(view, "act", None)
        actor = actor_of(request._request)
        if act is not None and actor.scopes is not None and (lacked := missing_scopes(actor.scopes, act)):
            self.message = _(
                "This takes another scope than the token has: {scopes}. It has: {held}. Make one with that scope on "
                "the page of your tokens, where your role allows it."
            ).format(scopes=_(", ").join(lacked), held=_(", ").join(sorted(actor.scopes)) or _("none"))
        return act is not None and allows(actor, act)
