"""Where the API begins, and where what can be taken away lies: addresses, and nothing else."""

from typing import Any

from django.conf import settings
from django.urls import reverse
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from reports.api.resource import Resource
from reports.exporters.formats import MANY
from reports.vocabulary import ArtifactKind

LISTS = {"issues": "api_issues", "signals": "api_signals", "exports": "api_exports", "file_a_report": "api_file_report"}
BESIDE = {"schema": "api_schema", "documentation": "api_docs"}
START = inline_serializer(
    "Start", {name: serializers.URLField() for name in [*(f"{kind}s" for kind in ArtifactKind.values), *LISTS, *BESIDE]}
)
EXPORT: Any = inline_serializer(
    "ExportLink",
    {
        "form": serializers.ChoiceField([form.value for form in MANY]),
        "content_type": serializers.CharField(),
        "url": serializers.URLField(),
    },
)
EXPORTS = inline_serializer("ExportLinks", {"results": serializers.ListField(child=EXPORT)})


def whole(name: str, *args: str) -> str:
    return f"{settings.SITE_URL}{reverse(name, args=args)}"


class Start(Resource):
    @extend_schema(operation_id="start", summary="Where everything is", responses=START)
    def get(self, request: Request) -> Response:
        kinds = {f"{kind}s": whole("api_artifacts", f"{kind}s") for kind in ArtifactKind.values}
        return Response(kinds | {told: whole(name) for told, name in (LISTS | BESIDE).items()})


class Exports(Resource):
    @extend_schema(
        operation_id="exports",
        summary="The record to take away",
        description="All issues on record in each form. An address takes the parameters of the list of issues with "
        "pages (`kind`, `state`, `q`, …); one issue in a form is at /issues/{number}/export/{form}/ of the API.",
        responses=EXPORTS,
    )
    def get(self, request: Request) -> Response:
        return Response(
            {
                "results": [
                    {"form": form.value, "content_type": sent.content_type, "url": whole("issues_export", form.value)}
                    for form, sent in MANY.items()
                ]
            }
        )
