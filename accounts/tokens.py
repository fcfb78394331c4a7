"""API tokens and one-time sign-in links: made once, stored as keyed digests only."""

import hashlib
import hmac
import re
import secrets
import zlib
from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.actors import actor_for
from accounts.models import Token, User
from accounts.policy import SCOPES, Actor
from ledger.record import record

PREFIX = "tt_"
FORM = re.compile(r"tt_(?P<body>[0-9a-f]{40})(?P<checksum>[0-9a-f]{6})")  # docs/tokens.md tells it to secret scanners
LASTS, LONGEST = timedelta(days=90), timedelta(days=365)
MOST_TOKENS = 50  # of one account, good at the same time
SIGN_IN_SALT = "accounts.sign-in"
SIGN_IN_MAX_AGE_S = 24 * 60 * 60


def digest(token: str) -> bytes:
    return hmac.digest(settings.TOKEN_KEY, token.encode(), hashlib.sha256)


def checksum(body: str) -> str:
    """Six hex digits that let a secret scanner tell a real token from a look-alike."""
    return f"{zlib.crc32(body.encode()) & 0xFFFFFF:06x}"


def is_well_formed(token: str) -> bool:
    """Whether it can be one of ours at all: asked before anything is looked up.

    >>> is_well_formed("tt_" + "0" * 40 + checksum("0" * 40)), is_well_formed("tt_" + "0" * 46)
    (True, False)
    """
    written = FORM.fullmatch(token)
    return written is not None and checksum(written["body"]) == written["checksum"]


def make_token(user: User, *, scopes: list[str], name: str = "", lasts: timedelta = LASTS, by: str = "") -> str:
    """A new token of 160 random bits for ``user``. It cannot be shown again.

    ``by`` is the pseudonym of whoever makes it, ``user`` unless said. Raises ValueError if a scope is not known, or it
    would last longer than a year.
    """
    _made, token = _made_token(user, scopes=scopes, name=name, lasts=lasts, by=by)
    return token


def make_own_token(user: User, *, scopes: list[str], name: str, lasts: timedelta) -> str:
    """The same, of a name that no other good token of theirs has: whoever presses twice has one.

    Raises ValidationError with a sentence.
    """
    with transaction.atomic():
        User.objects.select_for_update(of=["self"], no_key=True).get(pk=user.pk)
        good = user.tokens.good()
        if good.filter(name=name, replaced_by=None).exists():
            raise ValidationError(
                _("You have a token of this name. If you did not see it when it was made, rotate it."), code="twice"
            )
        if good.count() >= MOST_TOKENS:
            raise ValidationError(_("You have %(most)d tokens. Revoke one first.") % {"most": MOST_TOKENS})
        return make_token(user, scopes=scopes, name=name, lasts=lasts)


def rotate(token: Token, *, overlap: timedelta) -> str:
    """A new token in the place of ``token``, for the same things and as long, which is good for ``overlap`` still.

    Raises ValidationError if it is not good any more, or was rotated already.
    """
    with transaction.atomic():
        held = Token.objects.select_for_update(of=["self"], no_key=True).select_related("user").get(pk=token.pk)
        if not held.is_good:
            raise ValidationError(_("This token has ended. Make a new one."), code="ended")
        if held.replaced_by_id:
            raise ValidationError(_("This token was rotated already."), code="twice")
        lasts = min((held.expires_at - held.created_at) if held.expires_at else LASTS, LONGEST)
        made, secret = _made_token(held.user, scopes=held.scopes, name=held.name, lasts=lasts, instead_of=held)
        ends = min(filter(None, [timezone.now() + overlap, held.expires_at]))
        held.replaced_by = made
        held.expires_at = ends if overlap else held.expires_at
        held.revoked_at = None if overlap else timezone.now()
        held.save(update_fields=["replaced_by", "expires_at", "revoked_at"])
        return secret


def revoke(token: Token) -> None:
    """It opens nothing from now on. Twice is once."""
    with transaction.atomic():
        if Token.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now()):
            record("revoke_token", token, token.user, actor=token.user.pseudonym)


def _made_token(
    user: User, *, scopes: list[str], name: str, lasts: timedelta, by: str = "", instead_of: Token | None = None
) -> tuple[Token, str]:
    if unknown := set(scopes) - set(SCOPES):
        raise ValueError(f"Unknown scope: {', '.join(sorted(unknown))}. Known: {', '.join(SCOPES)}.")
    if lasts > LONGEST:
        raise ValueError("A token lasts a year at most.")
    body = secrets.token_hex(20)
    token = f"{PREFIX}{body}{checksum(body)}"
    now = timezone.now()
    values = {"digest": digest(token), "scopes": scopes, "created_at": now, "expires_at": now + lasts}
    with transaction.atomic():
        made = Token.objects.create(user=user, name=name, **values)
        verb, about = ("rotate_token", [instead_of]) if instead_of else ("make_token", [])
        told = {"scopes": scopes, "expires": f"{now + lasts:%Y-%m-%d}"}
        record(verb, made, user, *about, actor=by or user.pseudonym, **told)
    return made, token


def actor_of_token(token: str) -> tuple[User, Actor] | None:
    """The account behind a token and what the token lets it do; None if it is unknown, expired or revoked.

    What has not the form of a token, or not its checksum, costs no query.
    """
    if not is_well_formed(token):
        return None
    found = Token.objects.good().select_related("user").filter(digest=digest(token)).first()
    if found is None:
        return None
    today = timezone.now().date()
    if found.last_used_on != today:
        Token.objects.filter(pk=found.pk).update(last_used_on=today)
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
