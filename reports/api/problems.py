"""Every error of the API as a problem document (RFC 9457), one entry for each field that is wrong."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404, JsonResponse
from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException, NotFound, UnsupportedMediaType, ValidationError
from rest_framework.exceptions import PermissionDenied as NotPermitted
from rest_framework.response import Response
from rest_framework.views import set_rollback

from reports.api.parsers import TooLarge
from reports.filing import flat
from reports.lanes import TooMany

CONTENT_TYPE = "application/problem+json"
WHOLE = "non_field_errors"  # as a serializer calls what is wrong with all of it


def pointer(name: str) -> str:
    """A dotted field name as a JSON pointer (RFC 6901); the whole is "".

    >>> pointer("transcript.2.role"), pointer("a/b"), pointer("")
    ('/transcript/2/role', '/a~1b', '')
    """
    return name and "/" + name.replace("~", "~0").replace("/", "~1").replace(".", "/")


def problem(
    code: int,
    title: str,
    *,
    kind: str = "about:blank",
    errors: Mapping[str, list[str]] | None = None,
    is_query: bool = False,
    **more: Any,
) -> JsonResponse:
    """``errors`` maps dotted field names to sentences; each becomes an entry. ``more`` are members beside these."""
    beside = {"in": "query"} if is_query else {}
    entries = [
        {"field": name, "pointer": pointer(name), "detail": sentence, **beside}
        for name, sentences in (errors or {}).items()
        for sentence in sentences
    ]
    body = {"type": kind, "title": title, "status": code, "errors": entries, **more}
    # In ASCII: what is quoted from the request may hold half of a surrogate pair, which UTF-8 cannot say
    return JsonResponse(body, status=code, content_type=CONTENT_TYPE)


def too_many(refusal: TooMany) -> JsonResponse:
    """429, with when to try again as HTTP's own clients read it."""
    answer = problem(429, refusal.sentence)
    for name, value in refusal.headers.items():
        answer[name] = value
    return answer


def problem_response(error: Exception, context: dict[str, Any]) -> JsonResponse | Response | None:
    """What DRF answers when a view raises; what is not foreseen is left to the server's own 500."""
    if isinstance(error, TooMany):
        set_rollback()
        return too_many(error)
    if isinstance(error, Http404):
        error = NotFound()
    elif isinstance(error, PermissionDenied):
        error = NotPermitted()
    elif isinstance(error, RequestDataTooBig):  # Django counts before our parser does
        error = TooLarge()
    elif isinstance(error, UnsupportedMediaType):
        taken = ", ".join(str(parser.media_type) for parser in context["view"].parser_classes)
        error = UnsupportedMediaType(
            "", detail=_("Send this as %(type)s, and say so in Content-Type.") % {"type": taken}
        )
    if not isinstance(error, APIException):
        return None
    set_rollback()
    is_query = context["request"].method in ("GET", "HEAD")
    answer = problem(error.status_code, title_of(error, is_query), errors=errors_of(error), is_query=is_query)
    if auth_header := getattr(error, "auth_header", None):
        answer["WWW-Authenticate"] = auth_header
    if etag := getattr(error, "etag", None):
        answer["ETag"] = etag
    return answer


def title_of(error: APIException, is_query: bool) -> str:
    if isinstance(error, ValidationError):
        return _("This cannot be asked for as it is.") if is_query else _("This cannot be taken as it is.")
    return str(error.detail if isinstance(error.detail, str) else error.default_detail)


def errors_of(error: APIException) -> dict[str, list[str]]:
    """Sentences by dotted field names, "" for the whole; none where nothing that was sent is at fault."""
    if not isinstance(error, ValidationError):
        return {}
    return {name.removeprefix(WHOLE): sentences for name, sentences in flat(error.detail).items()}
