"""What goes with every answer, whoever made it: a page, a file, a refusal, a failure.

What Django says by settings (HSTS, nosniff, referrer, opener, frames) is said there. So is the content policy, which is
put together once: no page has one of its own but those that are locked up further, and they say theirs themselves.
"""

from collections.abc import Callable

from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import has_vary_header, patch_cache_control

# Nothing here asks a browser for any of these, and no script of ours may begin to. Those that some browsers complain
# of not knowing (bluetooth, web-share) are left out: a page that always complains hides what is worth reading.
NEVER = (
    "accelerometer",
    "autoplay",
    "camera",
    "display-capture",
    "encrypted-media",
    "fullscreen",
    "gamepad",
    "geolocation",
    "gyroscope",
    "hid",
    "idle-detection",
    "local-fonts",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "picture-in-picture",
    "screen-wake-lock",
    "serial",
    "usb",
    "xr-spatial-tracking",
)
# Security keys are asked for by the pages that set them up, and a button copies a snippet
OURS = ("clipboard-write", "publickey-credentials-create", "publickey-credentials-get")
PERMISSIONS = ", ".join([*(f"{name}=()" for name in NEVER), *(f"{name}=(self)" for name in OURS)])


class HeadersMiddleware:
    """The outermost: what is refused before any view is found carries these too."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.policy = build_policy()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", self.policy)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        if is_personal(request, response):
            patch_cache_control(response, private=True, no_store=True)
        return response


def is_personal(request: HttpRequest, response: HttpResponse) -> bool:
    """Whether it was made for one person: what they carried made it, or it gives them something to carry."""
    by_session = settings.SESSION_COOKIE_NAME in request.COOKIES and has_vary_header(response, "Cookie")
    return by_session or bool(response.cookies)
