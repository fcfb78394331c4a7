"""OpenID Connect as allauth speaks it, and stricter: the id_token is asked for, signed, fresh, and of this sign-in."""

import secrets
from typing import Any

from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.internal import jwtkit
from allauth.socialaccount.models import SocialApp, SocialLogin, SocialToken
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from jwt import PyJWTError, get_unverified_header

from accounts.social import KEPT_ORGS, named_orgs

NONCES = "oidc_nonces"  # in the session: those of sign-ins that have been begun
FEW = 5  # begun at a time, as in several tabs
SIGNED_BY = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"})


class StrictAdapter(OpenIDConnectOAuth2Adapter):  # type: ignore[misc] # untyped in the library
    @property
    def openid_config(self) -> dict[str, Any]:
        """What the issuer says of itself, if it is the one that was named (OpenID Connect Discovery 4.3)."""
        told: dict[str, Any] = super().openid_config
        named = str(self.get_provider().app.settings["server_url"])
        if str(told.get("issuer", "")).rstrip("/") != named.rstrip("/"):
            raise OAuth2Error("the issuer is another")
        return told

    def complete_login(self, request: HttpRequest, app: SocialApp, token: SocialToken, **kwargs: Any) -> SocialLogin:
        claims = self._claims(app, kwargs["response"].get("id_token"))
        if not nonce_used(request, claims.get("nonce")):
            raise OAuth2Error("the nonce is another's")
        if not claims.get("email") and "userinfo_endpoint" in self.openid_config:
            more = self._fetch_user_info(token.token)
            if more.get("sub") != claims["sub"]:  # OpenID Connect Core 5.3.2
                raise OAuth2Error("the answer is about somebody else")
            claims = {**more, **claims}
        return self.get_provider().sociallogin_from_response(request, {"id_token": claims})

    def _claims(self, app: SocialApp, id_token: object) -> dict[str, Any]:
        if not isinstance(id_token, str):
            raise OAuth2Error("no id_token")
        try:
            if get_unverified_header(id_token).get("alg") not in SIGNED_BY:
                raise OAuth2Error("not signed as it should be")
        except PyJWTError as unread:
            raise OAuth2Error("not an id_token") from unread
        claims: dict[str, Any] = jwtkit.verify_and_decode(
            credential=id_token,
            keys_url=self.openid_config["jwks_uri"],
            issuer=self.openid_config["issuer"],
            audience=app.client_id,
            lookup_kid=jwtkit.lookup_kid_jwk,
        )
        if not isinstance(claims.get("sub"), str) or "exp" not in claims:
            raise OAuth2Error("an id_token says whose it is, and until when")
        return claims


class StrictProvider(OpenIDConnectProvider):  # type: ignore[misc] # untyped in the library
    oauth2_adapter_class = StrictAdapter

    def get_auth_params_from_request(self, request: HttpRequest, action: str) -> dict[str, Any]:
        """With a nonce, and with nothing that an address of ours was given from outside."""
        return {**self.get_auth_params(), "nonce": new_nonce(request)}

    def get_scope_from_request(self, request: HttpRequest) -> list[str]:
        scope: list[str] = self.get_scope()
        return scope

    def extract_extra_data(self, data: dict[str, Any]) -> dict[str, Any]:
        """Only what is needed: which organisations they belong to, where the operator asked for that."""
        orgs = named_orgs(data["id_token"].get(settings.OIDC_ORGS_CLAIM)) if settings.OIDC_ORGS_CLAIM else []
        return {KEPT_ORGS: orgs, "told_at": timezone.now().isoformat()} if orgs else {}

    def extract_email_addresses(self, data: dict[str, Any]) -> list[Any]:
        """Verified means that the provider said true, and not something that is as good as true in Python."""
        addresses: list[Any] = super().extract_email_addresses(data)
        verified = data["id_token"].get("email_verified") in (True, "true")
        for address in addresses:
            address.verified = verified or get_adapter().is_email_verified(self, address.email)
        return addresses


def new_nonce(request: HttpRequest) -> str:
    nonce = secrets.token_urlsafe(24)
    request.session[NONCES] = [*request.session.get(NONCES, []), nonce][-FEW:]
    return nonce


def nonce_used(request: HttpRequest, nonce: object) -> bool:
    """Whether it is of a sign-in that began in this session; it is good for one."""
    begun: list[str] = request.session.get(NONCES, [])
    if not isinstance(nonce, str) or nonce not in begun:
        return False
    request.session[NONCES] = [each for each in begun if each != nonce]
    return True


provider_classes = [StrictProvider]
