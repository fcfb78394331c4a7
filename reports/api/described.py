"""The description of the API (OpenAPI 3.1): served as it is committed, and completed where it is made.

``make schema`` makes it, and tests/reports/api/test_described.py fails while what is committed says something else.
"""

from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from reports.api.problems import CONTENT_TYPE
from reports.api.renderers import OpenApiRenderer, PlainJSONRenderer
from reports.api.resource import Resource
from reports.converters import IssueNamed, IssueNumber
from reports.vocabulary import ArtifactKind, ExportForm

FILE = settings.BASE_DIR / "docs" / "openapi.json"
PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "What was refused, and why (RFC 9457). Other members may stand beside these.",
    "required": ["type", "title", "status", "errors"],
    "properties": {
        "type": {"type": "string", "examples": ["about:blank"]},
        "title": {"type": "string", "description": "A sentence for people, in the language of Accept-Language."},
        "status": {"type": "integer", "examples": [400]},
        "errors": {
            "type": "array",
            "description": "One for each thing that is wrong with what was sent; empty where it is refused as a whole.",
            "items": {
                "type": "object",
                "required": ["field", "pointer", "detail"],
                "properties": {
                    "field": {"type": "string", "description": "Its name, dotted: transcript.2.role"},
                    "pointer": {"type": "string", "description": "A JSON pointer (RFC 6901): /transcript/2/role"},
                    "detail": {"type": "string", "description": "What is wrong with it, as a sentence for people."},
                    "in": {"const": "query", "description": "Where it is a parameter of the address."},
                },
            },
        },
    },
}
HEADERS: dict[str, Any] = {
    "RateLimit": {
        "description": 'What is left of a limit, as in "api";r=12;t=43: 12, and all again in 43 seconds.',
        "schema": {"type": "string"},
    },
    "RateLimit-Policy": {
        "description": 'The limit, as in "api";q=1500;w=300: 1,500 in 300 seconds. Not told to whoever has none.',
        "schema": {"type": "string"},
    },
    "Retry-After": {"description": "Seconds to wait before trying again.", "schema": {"type": "integer"}},
    "ETag": {"description": "A strong tag of these bytes.", "schema": {"type": "string"}},
    "Link": {"description": "The next and the previous page (RFC 8288).", "schema": {"type": "string"}},
}
PATH: dict[str, Any] = {
    "kind": {"type": "string", "enum": [f"{kind}s" for kind in ArtifactKind.values]},
    "number": {"type": "string", "pattern": f"^{IssueNumber.regex}$", "examples": ["TT-2026-00412"]},
    "named": {"type": "string", "pattern": f"^({IssueNamed.regex})$", "examples": ["TT-2026-00412", "42"]},
    "form": {"type": "string", "enum": ExportForm.values},
    "org": {"type": "string", "minLength": 1, "pattern": "^[^/]+$", "examples": ["acme"]},
    "name": {"type": "string", "minLength": 1, "pattern": "^[^/]+$", "examples": ["chat-7b"]},
    "reference": {"type": "string", "pattern": "^[-a-zA-Z0-9_]+$"},
    "id": {"type": "integer", "minimum": 0, "maximum": 2**63 - 1},
}
UNLESS_HAD = {
    "in": "header",
    "name": "If-None-Match",
    "schema": {"type": "string"},
    "description": "The ETag of what you have: answered with 304 if it is still so.",
}
WHY = {
    "304": "You have it already: what If-None-Match names is still so.",
    "400": "What was sent, or a parameter, cannot be taken: each is named under errors.",
    "401": "The token is not known, has expired or was revoked.",
    "403": "The token, or nobody in particular, may not do this.",
    "404": "It is not there, or it is not for you to see: nobody is told which.",
    "406": "There is nothing but JSON here.",
    "412": "It has changed since you read it: If-Match names another ETag.",
    "413": "The body is too large.",
    "415": "The body is not what its Content-Type has to say.",
    "428": "A change has to say in If-Match which ETag it has seen.",
    "429": "Too many for now. Retry-After says when to try again.",
}
ALWAYS, READING, WRITING, CHANGING = ("400", "406", "429"), ("304", "412"), ("413", "415"), ("412", "428")


class Described(Resource):
    """Without what generating it costs: the document as it was committed."""

    renderer_classes = (OpenApiRenderer, PlainJSONRenderer)

    @extend_schema(operation_id="schema", summary="This document", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> HttpResponse:
        assert request.accepted_renderer is not None  # noqa: S101 -- negotiated before any method is called
        return HttpResponse(document(), content_type=request.accepted_renderer.media_type)


@cache
def document() -> bytes:
    return FILE.read_bytes()


def complete(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """What all addresses have in common, said once for each: a hook of drf-spectacular, which knows only views."""
    components = result["components"]
    for schema in components["schemas"].values():
        schema.pop("description", None)  # a serializer's docstring speaks to who calls it here
    components["schemas"]["Problem"] = PROBLEM
    components["headers"] = HEADERS
    components["responses"] = {code: _described(code, {"description": why}) for code, why in WHY.items()}
    components["parameters"] = {"If-None-Match": UNLESS_HAD}
    for path in result["paths"].values():
        for method, operation in path.items():
            _complete(method, operation)
    return result


def _complete(method: str, operation: dict[str, Any]) -> None:
    parameters: list[dict[str, Any]] = operation.setdefault("parameters", [])
    for parameter in parameters:
        if parameter["in"] == "path" and parameter["name"] in PATH:
            parameter["schema"] = PATH[parameter["name"]]
    told: dict[str, Any] = operation["responses"]
    is_read = method == "get" and "200" in told
    common = {code: {"$ref": f"#/components/responses/{code}"} for code in _codes(operation, is_read=is_read)}
    said = {code: _described(code, answer, is_read=is_read) for code, answer in told.items()}
    operation["responses"] = dict(sorted((common | said).items()))
    if is_read:
        parameters.append({"$ref": "#/components/parameters/If-None-Match"})


def _codes(operation: dict[str, Any], *, is_read: bool) -> list[str]:
    """What an operation may answer beyond what its view says."""
    named = {(parameter["in"], parameter["name"]) for parameter in operation["parameters"]}
    codes = [*ALWAYS, *(READING if is_read else ()), *(WRITING if "requestBody" in operation else ())]
    if any("token" in way for way in operation.get("security", ())):
        codes += ["401", "403"]
    if any(place == "path" for place, _name in named):
        codes.append("404")
    return codes + [code for code in CHANGING if ("header", "If-Match") in named]


def _described(code: str, answer: dict[str, Any], *, is_read: bool = False) -> dict[str, Any]:
    """A problem document where it is refused, and the headers that come with every answer."""
    content = {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}} if code >= "400" else {}
    told = ["RateLimit", "RateLimit-Policy"]
    told += ["Retry-After"] if code == "429" else []
    told += ["ETag"] if code in ("304", "412") or (is_read and code == "200") else []
    headers = {name: {"$ref": f"#/components/headers/{name}"} for name in told}
    kept = content or answer.get("content")
    return {**answer, **({"content": kept} if kept else {}), "headers": {**answer.get("headers", {}), **headers}}
