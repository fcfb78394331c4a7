"""Every error of the API as a problem document (RFC 9457), one entry for each field that is wrong."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, JsonResponse
from rest_framework import status
from rest_framework.exceptions import APIException, NotFound
from rest_framework.exceptions import PermissionDenied as NotPermitted
from rest_framework.response import Response
from rest_framework.views import set_rollback

CONTENT_TYPE = "application/problem+json"


def problem(code: int, title: str, *, kind: str = "about:blank", errors: Mapping[str, list[str]] | None = None) -> JsonResponse:
    """``errors`` maps dotted field names to sentences; each becomes an entry with a JSON pointer (RFC 6901)."""
    entries = [
        {"field": name, "pointer": "/" + name.replace("~", "~0").replace("/", "~1").replace(".", "/"), "detail": sentence}
        for name, sentences in (errors or {}).items()
        for sentence in sentences
    ]
    body = {"type": kind, "title": title, "status": code, "errors": entries}
    return JsonResponse(body, status=code, content_type=CONTENT_TYPE, json_dumps_params={"ensure_ascii": False})


def problem_response(error: Exception, context: dict[str, Any]) -> JsonResponse | Response | None:
    """What DRF answers when a view raises; what is not foreseen is left to the server's own 500."""
    if isinstance(error, Http404):
        error = NotFound()
    elif isinstance(error, PermissionDenied):
        error = NotPermitted()
    if not isinstance(error, APIException):
        return None
    set_rollback()
    detail = error.detail if isinstance(error.detail, str) else status_phrase(error)
    answer = problem(error.status_code, str(detail))
    if auth_header := getattr(error, "auth_header", None):
        answer["WWW-Authenticate"] = auth_header
    if wait := getattr(error, "wait", None):
        answer["Retry-After"] = str(int(wait))
    return answer


def status_phrase(error: APIException) -> str:
    return str(error.default_detail)
