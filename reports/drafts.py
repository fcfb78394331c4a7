"""What somebody has begun to report: kept here for them, sealed, and found again by a cookie.

A page that keeps or reads drafts stands under :func:`carries_draft`, outermost but for ``needs``; inside it

* ``fields_of(request)`` are the answers so far by the name of their field, ``{}`` if there are none;
* ``typed(request.POST)`` are the answers that a page has sent, as they are kept;
* ``keep(request, fields)`` makes the draft or saves it, and sees to the cookie; raises :class:`TooLong`;
* ``discard(request)`` forgets it, and the cookie with it.

``notes_of(request)`` is what else is remembered for as long as the draft lives, such as what its writer chose to leave
unmasked; it stays as it is unless ``keep`` is given other notes.

A draft is what stands in the form, whole: each save replaces the one before. Somebody who has the form open in two tabs
keeps what was saved last, by whichever tab.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import wraps
from typing import Any

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.network import network_of
from reports import attachments
from reports.lanes import TooMany, may_begin
from reports.models import Draft
from reports.sealing import seal, unseal

KEPT = timedelta(days=7)  # from the last save; said on the form and on the page that checks the answers
MOST_BYTES = 1_000_000  # of answers; what one request may bring (DATA_UPLOAD_MAX_MEMORY_SIZE)
TOKEN_BYTES = 16
NOT_KEPT = frozenset({"csrfmiddlewaretoken", "step", "gate", "remove_file"})  # what a page sends beside the answers


class TooLong(ValidationError):
    """More than a draft may hold. What was kept before still stands."""

    def __init__(self) -> None:
        super().__init__(_("This is longer than one report can be. Shorten it, or leave part of the conversation out."))


class TooManyBegun(ValidationError):
    """More drafts were begun than this site keeps at once."""

    def __init__(self, refusal: TooMany) -> None:
        super().__init__(_("Nothing was saved. %(when)s") % {"when": refusal.sentence})


def typed(posted: Mapping[str, Any]) -> dict[str, str]:
    """The answers among what a page has sent, as they were typed."""
    return {name: value for name, value in posted.items() if name not in NOT_KEPT and isinstance(value, str)}


def draft_of(request: HttpRequest) -> Draft | None:
    """The draft of whoever asks: not one that is too old, nor one that this site's key cannot open."""
    found = _opened(request)
    return found[0] if found else None


def fields_of(request: HttpRequest) -> dict[str, str]:
    """The answers so far, by the name of their field."""
    found = _opened(request)
    return dict(found[1]) if found else {}


def notes_of(request: HttpRequest) -> dict[str, Any]:
    """What is remembered beside the answers."""
    found = _opened(request)
    return dict(found[2]) if found else {}


def keep(request: HttpRequest, fields: Mapping[str, str], *, notes: Mapping[str, Any] | None = None) -> Draft:
    """Save the answers, in place of those before.

    Raises :class:`TooLong`, or :class:`TooManyBegun` where it would be one more draft; then nothing has changed.
    """
    kept = dict(fields), notes_of(request) if notes is None else dict(notes)
    if len(json.dumps(kept[0], ensure_ascii=False).encode()) > MOST_BYTES:
        raise TooLong
    written = json.dumps(kept, ensure_ascii=False)
    sealed, now = seal(written, key=settings.DRAFT_KEY), timezone.now()
    draft = draft_of(request)
    if draft is not None and Draft.objects.filter(pk=draft.pk).update(sealed=sealed, saved_at=now):
        draft.sealed, draft.saved_at = sealed, now
        token = request.COOKIES[settings.DRAFT_COOKIE_NAME]
    else:
        begin_draft(network_of(request))
        token = _token(fields.get("once", ""))
        draft, _new = Draft.objects.update_or_create(
            digest=_digest(token), defaults={"sealed": sealed, "saved_at": now}
        )
        request.COOKIES[settings.DRAFT_COOKIE_NAME] = token  # for whoever keeps twice in one request
    _remember(request, (draft, *kept), cookie=token)
    return draft


def discard(request: HttpRequest) -> None:
    """Forget the draft and whatever lies beside it."""
    if token := request.COOKIES.get(settings.DRAFT_COOKIE_NAME):
        for draft in Draft.objects.filter(digest=_digest(token)):
            attachments.remove_all(draft=draft)
            draft.delete()
    _remember(request, None, cookie="")


def forget_drafts() -> int:
    """Delete what nobody has saved for seven days; says how many."""
    old = Draft.objects.filter(saved_at__lte=timezone.now() - KEPT)
    total = old.count()
    old.delete()
    return total


def carries_draft(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Give the browser the cookie of a draft that the page has kept, for as long as it is kept; or take it away."""

    @wraps(view)
    def carried(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        token: str | None = getattr(request, "_draft_cookie", None)
        if token is not None:
            response.set_cookie(
                settings.DRAFT_COOKIE_NAME,
                token,
                max_age=KEPT if token else 0,
                secure=settings.IS_HTTPS,
                httponly=True,
                samesite="Lax",
            )
        return response

    return carried


def begin_draft(network: str) -> None:
    """Count one more draft, so that nobody fills this site with what they never send. Raises :class:`TooManyBegun`."""
    try:
        may_begin(network)
    except TooMany as refusal:
        raise TooManyBegun(refusal) from refusal


_Opened = tuple[Draft, dict[str, str], dict[str, Any]]


def _opened(request: HttpRequest) -> _Opened | None:
    """The draft, its answers and its notes, looked up once a request."""
    if not hasattr(request, "_draft"):
        found = _found(request.COOKIES.get(settings.DRAFT_COOKIE_NAME, ""))
        request._draft = found  # type: ignore[attr-defined] # as below
    opened: _Opened | None = request._draft  # type: ignore[attr-defined] # as below
    return opened


def _found(token: str) -> _Opened | None:
    if not token:
        return None
    draft = Draft.objects.filter(digest=_digest(token), saved_at__gt=timezone.now() - KEPT).first()
    if draft is None:
        return None
    try:
        fields, notes = json.loads(unseal(bytes(draft.sealed), key=settings.DRAFT_KEY))
    except InvalidToken:  # the key file was replaced
        return None
    return draft, fields, notes


def _remember(request: HttpRequest, opened: _Opened | None, *, cookie: str) -> None:
    request._draft = opened  # type: ignore[attr-defined] # kept for the length of the request
    request._draft_cookie = cookie  # type: ignore[attr-defined] # the same


def _token(once: str) -> str:
    """The cookie of a draft that is begun. What one page saves twice before it has a cookie is one draft: it follows
    from what the page was given to be sent once, which nobody else has seen."""
    if not once:
        return secrets.token_urlsafe(TOKEN_BYTES)
    return hmac.digest(settings.DRAFT_KEY, f"cookie\n{once}".encode(errors="replace"), hashlib.sha256).hex()


def _digest(token: str) -> bytes:
    return hmac.digest(settings.TOKEN_KEY, f"draft\n{token}".encode(errors="replace"), hashlib.sha256)
