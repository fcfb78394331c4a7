"""What the API can do, told from its committed description, in pages like all others: no script draws them."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from accounts.actors import open_to_all
from reports.api.described import WHY, document
from reports.conditional import public_page

FIRST = "/api/v1/"
REFERENCE = "#/components/"


@dataclass(frozen=True, slots=True)
class Part:
    """A parameter, a field of a body, or an answer: its name, what kind of value it holds, and what it means."""

    name: str
    kind: str = ""
    is_required: bool = False
    words: str = ""


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that can be asked of one address. ``slug`` names it in ours."""

    slug: str
    method: str
    path: str
    summary: str
    description: str
    is_open: bool
    parameters: tuple[Part, ...] = ()
    body: tuple[Part, ...] = ()
    answers: tuple[Part, ...] = ()
    told: tuple[Part, ...] = ()
    example: str = ""
    group: str = field(default="")


@open_to_all
@require_safe
def api_docs(request: HttpRequest) -> HttpResponse:
    groups: dict[str, list[Operation]] = {}
    for operation in operations().values():
        groups.setdefault(operation.group, []).append(operation)
    return public_page(request, "reports/api_docs.html", {"groups": groups})


@open_to_all
@require_safe
def api_operation(request: HttpRequest, slug: str) -> HttpResponse:
    operation = operations().get(slug)
    if operation is None:
        raise Http404
    return public_page(request, "reports/api_operation.html", {"operation": operation})


@cache
def operations() -> dict[str, Operation]:
    """By slug, in the order of the document."""
    told = json.loads(document())
    found = (
        _operation(told, path, method, spoken)
        for path, methods in told["paths"].items()
        for method, spoken in methods.items()
    )
    return {operation.slug: operation for operation in found}


def _operation(told: Mapping[str, Any], path: str, method: str, spoken: Mapping[str, Any]) -> Operation:
    parameters = [_resolved(told, each) for each in spoken.get("parameters", ())]
    body = _schema_in(told, spoken.get("requestBody", {}))
    answers = sorted(spoken["responses"].items())
    good: Mapping[str, Any] = next((answer for code, answer in answers if code < "300"), {})
    return Operation(
        slug=spoken["operationId"].replace("_", "-").removeprefix("api-v1-").removeprefix("v1-"),
        method=method.upper(),
        path=path,
        summary=spoken.get("summary", ""),
        description=spoken.get("description", ""),
        is_open={} in spoken.get("security", [{}]),
        parameters=tuple(
            Part(each["name"], _kind(told, each["schema"]), each.get("required", False), each.get("description", ""))
            for each in parameters
        ),
        body=tuple(_fields(told, body)),
        answers=tuple(Part(code, words=answer.get("description") or WHY.get(code, "")) for code, answer in answers),
        told=tuple(_fields(told, _schema_in(told, good))),
        example=_example(spoken),
        group=path.removeprefix(FIRST).partition("/")[0],
    )


def _resolved(told: Mapping[str, Any], part: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a reference leads to, or the part itself."""
    if "$ref" not in part:
        return part
    room, name = part["$ref"].removeprefix(REFERENCE).split("/")
    return _resolved(told, told["components"][room][name])


def _schema_in(told: Mapping[str, Any], sent: Mapping[str, Any]) -> Mapping[str, Any]:
    content = sent.get("content", {})
    first: Mapping[str, Any] = next(iter(content.values()), {})
    return _resolved(told, first.get("schema", {}))


def _fields(told: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[Part]:
    """The fields of an object; of a page of results those of one result."""
    for choice in (*schema.get("oneOf", ()), *schema.get("anyOf", ())):
        yield from _fields(told, _resolved(told, choice))
        return
    properties = schema.get("properties", {})
    if "results" in properties:
        yield from _fields(told, _resolved(told, properties["results"].get("items", {})))
        return
    required = schema.get("required", ())
    for name, inner in properties.items():
        words = inner.get("description") or _resolved(told, inner).get("description", "")
        yield Part(name, _kind(told, inner), name in required, words)


def _kind(told: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """What a value is, in a few words: its type, its choices, its bounds."""
    schema = _resolved(told, schema)
    if "enum" in schema:
        return " · ".join(str(value) for value in schema["enum"] if value not in ("", None))
    for word in ("oneOf", "anyOf", "allOf"):
        if word in schema:
            kinds = [_kind(told, choice) for choice in schema[word]]
            return " · ".join(dict.fromkeys(kind for kind in kinds if kind))
    kind = schema.get("type", "")
    kind = " · ".join(kind) if isinstance(kind, list) else str(kind)
    if kind == "array":
        return f"[{_kind(told, schema.get('items', {}))}]"
    bounds = [str(schema[name]) for name in ("minLength", "maxLength", "minimum", "maximum") if name in schema]
    return " ".join(filter(None, [kind, schema.get("format", ""), "–".join(bounds)]))


def _example(spoken: Mapping[str, Any]) -> str:
    for sent in spoken.get("requestBody", {}).get("content", {}).values():
        for example in sent.get("examples", {}).values():
            return json.dumps(example["value"], indent=2, ensure_ascii=False)
    return ""
