"""API tokens and one-time sign-in links: made once, stored as keyed digests only."""

import hashlib
import hmac
import secrets
import zlib

from django.conf import settings
from django.core import signing
from django.utils import timezone

from accounts.actors import actor_for
from accounts.models import Token, User
from accounts.policy import SCOPES, Actor

PREFIX = "tt_"
SIGN_IN_SALT = "accounts.sign-in"
SIGN_IN_MAX_AGE_S = 24 * 60 * 60


def digest(token: str) -> bytes:
    return hmac.digest(settings.TOKEN_KEY, token.encode(), hashlib.sha256)


def checksum(body: str) -> str:
    """Six hex digits that let a secret scanner tell a real token from a look-alike."""
    return f"{zlib.crc32(body.encode()) & 0xFFFFFF:06x}"


def make_token(user: User, *, scopes: list[str], name: str = "") -> str:
    """A new token of 160 random bits for ``user``. It cannot be shown again.

    Raises ValueError if a scope is not known.
    """
    if unknown := set(scopes) - set(SCOPES):
        raise ValueError(f"Unknown scope: {', '.join(sorted(unknown))}. Known: {', '.join(SCOPES)}.")
    body = secrets.token_hex(20)
    token = f"{PREFIX}{body}{checksum(body)}"
    Token.objects.create(user=user, name=name, digest=digest(token), scopes=scopes)
    return token


def actor_of_token(token: str) -> tuple[User, Actor] | None:
    """The account behind a token and what the token lets it do; None if it is unknown, expired or revoked."""
    found = Token.objects.select_related("user").filter(digest=digest(token), user__is_active=True).first()
    now = timezone.now()
    if found is None or found.revoked_at or (found.expires_at and found.expires_at <= now):
        return None
    if found.last_used_on != now.date():
        Token.objects.filter(pk=found.pk).update(last_used_on=now.date())
    return found.user, actor_for(found.user, scopes=frozenset(found.scopes))


def sign_in_code(user: User) -> str:
    """A code that signs ``user`` in once within a day: it names the last sign-in, which using it changes."""
    return signing.dumps([user.pk, str(user.last_login)], salt=SIGN_IN_SALT)


def user_of_code(code: str) -> User | None:
    """Whom a sign-in code is for; None if it is forged, old or used."""
    try:
        pk, last_login = signing.loads(code, salt=SIGN_IN_SALT, max_age=SIGN_IN_MAX_AGE_S)
    except signing.BadSignature:
        return None
    user = User.objects.filter(pk=pk, is_active=True).first()
    return user if user and str(user.last_login) == last_login else None
