"""What is answered under which name: user files apart from the site, and staff's pages apart from the public.

Both by setting (FILES_HOST, ADMIN_HOST, docs/decisions/0021); without them one name answers everything. Browsers keep
cookies, scripts and frames apart by name, so what a file or a public page could ever do wrong stays on its own side.
"""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotFound
from django.utils.cache import add_never_cache_headers

from accounts.actors import at_the_desk
from accounts.policy import is_for_staff

FILES = "/files/"


class HostsMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not settings.FILES_HOST:
            return self.get_response(request)
        is_file, is_there = request.path.startswith(FILES), request.get_host().lower() == settings.FILES_HOST
        if is_file != is_there:
            return nothing_here()
        if is_there:
            for name in ("HTTP_COOKIE", "HTTP_AUTHORIZATION"):  # the address alone says who may read
                request.META.pop(name, None)
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        """Where staff have a name of their own, their pages are not there under another. Raises Http404."""
        if at_the_desk(request):
            return
        match = request.resolver_match
        is_admin = match is not None and "admin" in match.app_names
        act = getattr(view, "act", None)
        if is_admin or (act is not None and is_for_staff(act)):
            raise Http404


def nothing_here() -> HttpResponse:
    """Bare: the pages that refuse elsewhere would load a style from where there is none."""
    answer = HttpResponseNotFound("Not found.\n", content_type="text/plain; charset=utf-8")
    add_never_cache_headers(answer)
    return answer
