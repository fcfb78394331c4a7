""" "You have it already": tags made from what an answer tells its reader, so that nothing hidden can move one."""

import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.cache import get_conditional_response, patch_cache_control, patch_vary_headers
from django.utils.encoding import escape_uri_path
from django.utils.http import http_date
from django.utils.translation import get_language

MADE_WITH = ("templates", "static", "locale")
FURTHER = re.compile(r"[2-9]|[1-9][0-9]{1,5}")  # the second page of a list and on
PERSONAL_COOKIES = (settings.SESSION_COOKIE_NAME, "messages")
Answer = TypeVar("Answer", bound=HttpResponseBase)


@cache
def release() -> str:
    """Names what pages are made with: after an upgrade the same rows make other pages."""
    digest = hashlib.sha256()
    for folder in MADE_WITH:
        for path in sorted((settings.BASE_DIR / folder).rglob("*.*")):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def tag_of(*told: object) -> str:
    """A weak entity tag over plain values: dataclasses, numbers, dates and words."""
    return f'W/"{hashlib.sha256(repr(told).encode()).hexdigest()[:32]}"'


def unless_known(
    request: HttpRequest, tag: str, make: Callable[[], Answer], *, modified: datetime | None = None
) -> HttpResponse | Answer:
    """304 if the reader has ``tag``, else what ``make`` answers, with the tag on it.

    ``modified`` is told, never asked for: when an issue leaves a list the list's date goes back, and only the tag
    knows that it changed.
    """
    answer = get_conditional_response(request, etag=tag) or make()
    answer["ETag"] = tag
    if modified:
        answer["Last-Modified"] = http_date(modified.timestamp())
    patch_cache_control(answer, no_cache=True)
    return answer


def canonical(request: HttpRequest) -> str:
    """The address that search engines keep for the page: without what narrows or unfolds it, but not without its place
    in a list."""
    place = request.GET.get("page", "") if list(request.GET) == ["page"] else ""
    further = f"?page={place}" if FURTHER.fullmatch(place) else ""
    return f"{settings.SITE_URL}{escape_uri_path(request.path)}{further}"


def public_page(
    request: HttpRequest,
    template: str,
    told: Mapping[str, Any] | Callable[[], Mapping[str, Any]],
    *,
    modified: datetime | None = None,
    stamp: object = None,
    **frame: Any,
) -> HttpResponse:
    """A page of the public record. ``told`` is what it says, in plain values; ``frame`` follows from the address.

    A page that is dear to make brings a ``stamp``, from which all that it says follows but for its language and its
    address. ``told`` is then a function, and nobody calls it for those who have the page already.

    Whoever has a session gets a page of their own, without a tag.
    """

    def make() -> HttpResponse:
        said = told() if callable(told) else told
        return render(request, template, {"canonical": canonical(request), **said, **frame})

    if any(cookie in request.COOKIES for cookie in PERSONAL_COOKIES):
        answer = make()
        patch_cache_control(answer, private=True, no_cache=True)
    else:
        said = told if stamp is None else (stamp, request.get_full_path())
        answer = unless_known(request, tag_of(release(), get_language(), said), make, modified=modified)
    patch_vary_headers(answer, ["Cookie"])
    return answer
