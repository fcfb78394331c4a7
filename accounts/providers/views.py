"""What both providers' addresses do alike: not there when off, no error page of ours, and a page that leads onward."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from requests import RequestException

from accounts.actors import open_to_all

View = Callable[..., HttpResponse]
BROKEN = (
    RequestException,
    OAuth2Error,
    KeyError,
    TypeError,
    ValueError,
)  # by answers that are not as agreed


def guarded(view: View) -> View:
    """Let what a provider answers wrongly end in a sentence on the sign-in page."""

    @open_to_all
    def wrapped(request: HttpRequest, **which: Any) -> HttpResponse:
        try:
            answer = view(request, **which)
        except SocialApp.DoesNotExist:
            raise Http404 from None
        except BROKEN:
            if request.user.is_authenticated:
                messages.error(request, _("Connecting it did not work, and nothing changed here. Try again later."))
                answer = redirect("socialaccount_connections")
            else:
                messages.error(request, _("Signing in there did not work. Try again, or sign in by e-mail."))
                answer = redirect("account_login")
        add_never_cache_headers(answer)
        return answer

    return wrapped


def onward(view: View) -> View:
    """Show where it goes and go there: a form of ours may lead nowhere else, as the browser is told with each page."""

    def wrapped(request: HttpRequest, **which: Any) -> HttpResponse:
        answer = view(request, **which)
        address = answer.headers.get("Location", "")
        host = urlsplit(address).netloc
        if not host:
            return answer
        page = render(request, "accounts/onward.html", {"address": address, "host": host})
        page["Refresh"] = f"0; url={address}"
        return page

    return wrapped
