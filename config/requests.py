"""What is known of each request while it is answered: its id, which its log lines and the answer carry. Counts it."""

import re
import time
import uuid
from collections.abc import Callable
from http import HTTPStatus

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.log import log_response

from triage import meters

HEADER = "X-Request-ID"
FORM = re.compile(r"[A-Za-z0-9._-]{8,64}")
log = structlog.get_logger()


class RequestMiddleware:
    """The outermost, so that whatever is said meanwhile is said of this request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        request_id = id_of(request)
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            response = self.get_response(request)
            took_s = time.perf_counter() - began
            found = request.resolver_match
            log.info(
                "request",
                method=request.method if request.method in METHODS else "other",
                page=found.view_name if found else None,
                status=response.status_code,
                ms=round(1_000 * took_s, 1),
            )
            if response.status_code >= HTTPStatus.BAD_REQUEST:  # Django says it once, and would outside, without the id
                log_response("%s", response.reason_phrase, response=response, request=request)
        response.headers[HEADER] = request_id
        meters.count("requests", f"{response.status_code // 100}xx")
        meters.observe("request_seconds", took_s, meters.REQUEST_STEPS)
        return response


METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def id_of(request: HttpRequest) -> str:
    """The proxy's id if there is a proxy of ours, else a new one: nobody outside writes into our log."""
    given = request.headers.get(HEADER, "") if settings.PROXY_COUNT else ""
    return given if FORM.fullmatch(given) else uuid.uuid4().hex
