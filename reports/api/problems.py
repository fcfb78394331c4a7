"""Every error of the API as a problem document (RFC 9457), one entry for each field that is wrong."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404, JsonResponse
from rest_framework.exceptions import APIException, NotFound
from rest_framework.exceptions import PermissionDenied as NotPermitted
from rest_framework.response import Response
from rest_framework.views import set_rollback

from reports.api.parsers import TooLarge

CONTENT_TYPE = "application/problem+json"


def pointer(name: str) -> str:
    """A dotted field name as a JSON pointer (RFC 6901).

    >>> pointer("transcript.2.role"), pointer("a/b")
    ('/transcript/2/role', '/a~1b')
    """
    return "/" + name.replace("~", "~0").replace("/", "~1").replace(".", "/")


def problem(
    code: int, title: str, *, kind: str = "about:blank", errors: Mapping[str, list[str]] | None = None
) -> JsonResponse:
    """``errors`` maps dotted field names to sentences; each becomes an entry."""
    entries = [
        {"field": name, "pointer": pointer(name), "detail": sentence}
        for name, sentences in (errors or {}).items()
        for sentence in sentences
    ]
    body = {"type": kind, "title": title, "status": code, "errors": entries}
    # In ASCII: what is quoted from the request may hold half of a surrogate pair, which UTF-8 cannot say
    return JsonResponse(body, status=code, content_type=CONTENT_TYPE)


def problem_response(error: Exception, context: dict[str, Any]) -> JsonResponse | Response | None:
    """What DRF answers when a view raises; what is not foreseen is left to the server's own 500."""
    if isinstance(error, Http404):
        error = NotFound()
    elif isinstance(error, PermissionDenied):
        error = NotPermitted()
    elif isinstance(error, RequestDataTooBig):  # Django counts before our parser does
        error = TooLarge()
    if not isinstance(error, APIException):
        return None
    set_rollback()
    detail = error.detail if isinstance(error.detail, str) else status_phrase(error)
    answer = problem(error.status_code, str(detail))
    if auth_header := getattr(error, "auth_header", None):
        answer["WWW-Authenticate"] = auth_header
    if etag := getattr(error, "etag", None):
        answer["ETag"] = etag
    return answer


def status_phrase(error: APIException) -> str:
    return str(error.default_detail)
