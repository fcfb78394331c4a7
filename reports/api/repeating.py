"""Every POST of the API may name itself by an ``Idempotency-Key``: sent again within a day, it is answered again."""

from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework.request import Request

from reports.api.problems import problem
from reports.idempotency import InFlight, OtherRequest, answered_once

Made = tuple[int, Any]  # a status, and what is told in plain JSON

KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    required=False,
    description="A name for this request that its sender makes up, such as a UUID. Sent again by the same sender "
    "within 24 hours, nothing is done again and the same answer is given.",
)
REPEATED = OpenApiParameter(
    "Idempotency-Replayed",
    str,
    OpenApiParameter.HEADER,
    response=[200, 201],
    description='"true": this was done before under the same Idempotency-Key, and is the answer of then',
)
CONFLICTS = {
    409: OpenApiResponse(description="The same Idempotency-Key is being answered at this moment; try again"),
    422: OpenApiResponse(description="The Idempotency-Key was used for another request"),
}


def once(
    request: Request, make: Callable[[], Made], *, who: str, headers: Mapping[str, str] | None = None
) -> HttpResponse:
    """What ``make`` answers, in one transaction with the key of the request, if it has one; or what it answered before.

    ``who`` is whose key it is. What ``make`` raises is kept nowhere. ``headers`` are read after it was made.
    """
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return _answer(make(), headers or {})
    if not key.strip():  # the server hands on what is no ASCII as nothing, and it would be done twice
        return problem(400, _("The Idempotency-Key is empty or cannot be read. Make it of ASCII letters and digits."))
    asked = [request.method, request.path, request.data]
    try:
        answered = answered_once(who, key, asked, make)
    except InFlight:
        refusal = problem(409, _("A request with this Idempotency-Key is being answered. Try again in a moment."))
        refusal["Retry-After"] = "1"
        return refusal
    except OtherRequest:
        return problem(422, _("This Idempotency-Key was used for another request."))
    repeated = {"Idempotency-Replayed": "true"} if answered.is_repeated else {}
    return _answer(tuple(answered.answer), {**(headers or {}), **repeated})


def _answer(made: Any, headers: Mapping[str, str]) -> HttpResponse:
    status, told = made
    return JsonResponse(told, status=status, headers=dict(headers))
