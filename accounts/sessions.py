"""Who is signed in where, and until when: a session ends by idling, by its age, by hand, and when rights change."""

from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.models import Session
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from accounts.models import SignIn, User

KEPT: Final = "signed_in"  # in the session: what follows of it costs no query
SEEN_EVERY = timedelta(minutes=1)  # how exactly it is written down when somebody was last here
BROWSERS = (("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "Mac"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def limits(*, is_staff: bool) -> tuple[timedelta, timedelta]:
    """How long a session may idle, and how long it lasts in all. Staff is whoever holds a role."""
    if is_staff:
        return settings.STAFF_IDLE, settings.STAFF_SESSION
    return settings.SESSION_LASTS, settings.SESSION_LASTS


def begin(request: HttpRequest, user: User, now: datetime | None = None) -> None:
    """Write down that ``user`` signed in; Django has given the session a new key by then."""
    now = now or timezone.now()
    key = request.session.session_key or ""
    browser, system = device(request.headers.get("User-Agent", ""))
    row, _is_new = SignIn.objects.update_or_create(
        session_key=key,
        defaults={"user": user, "browser": browser, "system": system, "began_at": now, "seen_at": now},
    )
    is_staff = user.grants.filter(ended_at=None).exists()
    at = int(now.timestamp())
    request.session[KEPT] = {"row": row.pk, "key": key, "began": at, "seen": at, "staff": is_staff}


def device(user_agent: str) -> tuple[str, str]:
    """A browser and a system in two words, "" for what is not known. What a browser tells beyond that is not kept.

    >>> device("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
    ('Firefox', 'Linux')
    """
    browser = next((name for mark, name in BROWSERS if mark in user_agent), "")
    return browser, next((name for mark, name in SYSTEMS if mark in user_agent), "")


class SignedInMiddleware(AuthenticationMiddleware):
    """Finds who is signed in when somebody asks, as Django's does, unless the session is over."""

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        found: Any = SimpleLazyObject(lambda: whoever_is_signed_in(request))
        request.user = found

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """A key that was changed, as with the password, is changed in the list too."""
        session: Any = getattr(request, "session", None)
        kept = session.get(KEPT) if session is not None and session.modified else None
        if kept and session.session_key and kept["key"] != session.session_key:
            SignIn.objects.filter(pk=kept["row"]).update(session_key=session.session_key)
            session[KEPT] = {**kept, "key": session.session_key}
        return response


def whoever_is_signed_in(request: Any) -> User | AnonymousUser:
    if not hasattr(request, "_cached_user"):  # Django's own name for it
        user = auth.get_user(request)
        request._cached_user = user if not isinstance(user, User) or still_lasts(request, user) else AnonymousUser()
    found: User | AnonymousUser = request._cached_user
    return found


def still_lasts(request: HttpRequest, user: User) -> bool:
    """Whether the session may go on; what is over is emptied. Once a minute it is written down that it was used."""
    now = timezone.now()
    kept = request.session.get(KEPT)
    if kept is None:  # begun before sign-ins were listed
        begin(request, user, now)
        return True
    idle, whole = limits(is_staff=kept["staff"])
    at = now.timestamp()
    is_over = at - kept["seen"] > idle.total_seconds() or at - kept["began"] > whole.total_seconds()
    if not is_over and at - kept["seen"] >= SEEN_EVERY.total_seconds():
        is_over = not SignIn.objects.filter(pk=kept["row"]).update(seen_at=now)  # somebody ended it meanwhile
        request.session[KEPT] = {**kept, "seen": int(at)}
    if is_over:
        SignIn.objects.filter(pk=kept["row"]).delete()
        request.session.flush()
    return not is_over


def open_sign_ins(user: User) -> list[SignIn]:
    """Those of ``user`` that last still, the one used last first."""
    idle, whole = limits(is_staff=user.grants.filter(ended_at=None).exists())
    now = timezone.now()
    return list(user.sign_ins.filter(seen_at__gte=now - idle, began_at__gte=now - whole).order_by("-seen_at", "-pk"))


def end_sessions(user: User, *, only: int | None = None, but: str | None = None) -> int:
    """End those of ``user``: all, ``only`` one of them, or all ``but`` that of a session's key. How many there were."""
    rows = user.sign_ins.all()
    if only is not None:
        rows = rows.filter(pk=only)
    if but is not None:
        rows = rows.exclude(session_key=but)
    keys = list(rows.values_list("session_key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    rows.delete()
    return len(keys)


def forget_ended(*, at: datetime) -> None:
    """Sessions that nobody came back to: who was signed in, and which receipts were open."""
    Session.objects.filter(expire_date__lt=at).delete()
    SignIn.objects.filter(seen_at__lt=at - settings.SESSION_LASTS).delete()


def on_sign_in(sender: Any, request: HttpRequest | None, user: User, **_more: Any) -> None:
    if request is not None:
        begin(request, user)


def on_sign_out(sender: Any, request: HttpRequest | None, user: User | None, **_more: Any) -> None:
    if request is not None and (kept := request.session.get(KEPT)):
        SignIn.objects.filter(pk=kept["row"]).delete()
