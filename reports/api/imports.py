"""Handing in a file of many reports by API: announce it, send it in parts, and see what becomes of it.

A line that breaks costs one part: announced again, the same file is the same import, which tells where it stopped.
"""

import json
from collections.abc import Iterator, Mapping
from typing import IO, Any, cast

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import APIException
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from accounts.policy import Act
from reports.answers import Closed
from reports.api.problems import problem
from reports.api.reading import Listing
from reports.api.resource import Resource
from reports.importers import FORMATS
from reports.importers.options import HIGH, LOW
from reports.imports.accepting import (
    NAME_MAX,
    Announced,
    NotKept,
    TooManyOpen,
    WrongOffset,
    begin,
    cancel,
    receive,
)
from reports.models import Import
from reports.vocabulary import ImportState

PART_MAX = 1_000_000  # bytes
OFFSET = "Upload-Offset"
OFFSET_DIGITS = 15
OPTIONS = ("artifact", "mapping", "scorer", "fails", "threshold")
AT_ONCE = 1_000  # rejections read into memory together


class TooLong(APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = gettext_lazy("A part can be at most 1 MB.")
    default_code = "too_large"


class PartParser(BaseParser):
    """The bytes as they are, no more than a part may have."""

    media_type = "application/octet-stream"

    def parse(  # type: ignore[override] # the library hands on whatever a parser makes
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> bytes:
        raw: bytes = stream.read(PART_MAX + 1)
        if len(raw) > PART_MAX:
            raise TooLong
        return raw


class Announcement(Closed):
    """What is said of a file before it comes."""

    format = serializers.ChoiceField(
        sorted(FORMATS), error_messages={"invalid_choice": f"“{{input}}” is none of {', '.join(sorted(FORMATS))}."}
    )
    name = serializers.CharField(max_length=NAME_MAX, help_text="What the file is called, for people to know it again.")
    size = serializers.IntegerField(min_value=1, help_text="Bytes.")
    sha256 = serializers.RegexField(r"^[0-9a-f]{64}$", help_text="Of the whole file, in hexadecimal digits.")
    artifact = serializers.CharField(
        required=False, allow_blank=True, help_text="ORG/NAME, in place of what the file says it is about."
    )
    mapping = serializers.DictField(
        required=False, allow_null=True, help_text="Which column is which answer, for a table."
    )
    scorer = serializers.CharField(required=False, allow_blank=True, help_text="Which scorer of an evaluation counts.")
    fails = serializers.ChoiceField(
        [LOW, HIGH], required=False, allow_blank=True, help_text="Which end of a score is the failure."
    )
    threshold = serializers.FloatField(required=False, allow_null=True, help_text="From where on a score fails.")
    dry_run = serializers.BooleanField(required=False, default=False, help_text="Say what would be filed, file nothing")

    def announced(self) -> Announced:
        told: dict[str, Any] = self.validated_data
        return Announced(
            format=told["format"],
            name=told["name"],
            size=told["size"],
            sha256=told["sha256"],
            options={name: told[name] for name in OPTIONS if told.get(name) not in (None, "")},
            is_rehearsal=told["dry_run"],
        )


class ImportTwin(serializers.ModelSerializer[Import]):
    """An import as its account reads it."""

    url = serializers.SerializerMethodField(help_text="Where its parts go, and where it is asked about.")
    page = serializers.SerializerMethodField(help_text="Where a person sees the same.")
    rejects = serializers.SerializerMethodField(help_text="What was not filed, line by line.")
    dry_run = serializers.BooleanField(source="is_rehearsal")
    state = serializers.ChoiceField(ImportState.choices)
    percent = serializers.IntegerField(help_text="0 to 100 of reading and filing, once all bytes are here.")
    read = serializers.IntegerField(help_text="Units dealt with: documents, rows, pairs of probe and detector.")
    found = serializers.IntegerField(allow_null=True, help_text="Units in the file, once it has been read.")
    filed = serializers.IntegerField(help_text="Of a dry run: how many would be.")
    distinct_new = serializers.IntegerField(allow_null=True, help_text="Of a dry run: failures not known here yet.")
    error = serializers.SerializerMethodField(help_text="Why it failed, in a sentence; empty if it has not.")

    class Meta:
        model = Import
        fields = [
            "id",
            "url",
            "page",
            "format",
            "name",
            "size",
            "sha256",
            "offset",
            "options",
            "dry_run",
            "state",
            "percent",
            "read",
            "found",
            "filed",
            "already_here",
            "rejected",
            "passed",
            "distinct_new",
            "error",
            "rejects",
            "made_at",
            "started_at",
            "ended_at",
        ]

    def get_url(self, row: Import) -> str:
        return _whole("api_import", row)

    def get_page(self, row: Import) -> str:
        return _whole("import_progress", row)

    def get_rejects(self, row: Import) -> str:
        return _whole("api_import_rejects", row)

    def get_error(self, row: Import) -> str:
        return " ".join(filter(None, [row.get_failure_display(), row.why]))


NO_SUCH = OpenApiResponse(description="No such import of this account: a problem document")
ENTITY = OpenApiParameter(
    OFFSET, int, OpenApiParameter.HEADER, response=[204, 409], description="Where the next part begins, in bytes."
)


def _whole(name: str, row: Import) -> str:
    return f"{settings.SITE_URL}{reverse(name, args=[row.pk])}"


class Imports(Listing):
    """Own imports, and a new one."""

    act = Act.FILE_BULK
    serializer_class = ImportTwin
    told_by = ("-pk",)  # one's own rows only: there are none beside them to be told apart

    def get_queryset(self) -> "QuerySet[Import]":
        return Import.objects.visible_to(self.actor)

    @extend_schema(summary="Your imports", description="The newest first.")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    @extend_schema(
        summary="Announce a file of many reports",
        description="Then send its bytes to `url` in parts of up to 1 MB. Announced again, with the same options, a "
        "file is the import that has not ended yet: go on from its `offset`. A file of which a dry run has ended is "
        "filed for real with the bytes that are here.",
        request=Announcement,
        responses={
            200: ImportTwin,
            201: ImportTwin,
            400: OpenApiResponse(description="A problem document (RFC 9457)"),
            409: OpenApiResponse(description="As many are open as an account may have"),
            507: OpenApiResponse(description="It could not be kept just now"),
        },
    )
    def post(self, request: Request) -> HttpResponseBase:
        told = Announcement(data=request.data)
        told.is_valid(raise_exception=True)
        try:
            row, is_new = begin(cast(User, request.user), told.announced())
        except ValidationError as refusal:
            return problem(400, _("This file cannot be taken as it is."), errors=refusal.message_dict)
        except TooManyOpen as refusal:
            return problem(409, refusal.sentence)
        except NotKept:
            return not_kept()
        twin = ImportTwin(row)
        return Response(twin.data, status=201 if is_new else 200, headers={"Location": twin.data["url"]})


class OwnImport(Resource):
    """What is asked of one of one's own."""

    act = Act.FILE_BULK

    def row(self, pk: int) -> Import:
        row = Import.objects.visible_to(self.actor).filter(pk=pk).first()
        if row is None:
            raise Http404
        return row


class OneImport(OwnImport):
    """How far it is, and its next part."""

    parser_classes = (PartParser,)

    @extend_schema(summary="How far an import is", responses={200: ImportTwin, 404: NO_SUCH})
    def get(self, request: Request, pk: int) -> Response:
        return Response(ImportTwin(self.row(pk)).data)

    @extend_schema(
        summary="The next part of a file",
        description="Up to 1 MB, from `Upload-Offset` on. It is kept for good once this answers; the last part queues "
        "the import.",
        request={"application/octet-stream": OpenApiTypes.BINARY},
        parameters=[OpenApiParameter(OFFSET, int, OpenApiParameter.HEADER, required=True), ENTITY],
        responses={
            204: OpenApiResponse(description="Kept"),
            400: OpenApiResponse(description="No offset, or more bytes than were announced"),
            404: NO_SUCH,
            409: OpenApiResponse(description="Another part is the next: see the header"),
            410: OpenApiResponse(description="It was cancelled or has failed: announce the file again"),
            413: OpenApiResponse(description="A part of more than 1 MB"),
            507: OpenApiResponse(description="It could not be kept just now"),
        },
    )
    def patch(self, request: Request, pk: int) -> HttpResponse:
        typed = request.headers.get(OFFSET, "")
        if not (typed.isascii() and typed.isdecimal() and len(typed) <= OFFSET_DIGITS):
            return problem(400, _("Say in Upload-Offset where this part begins, in bytes."))
        raw = request.data if isinstance(request.data, bytes) else b""
        try:
            row = receive(pk, raw, at=int(typed), actor=self.actor)
        except Import.DoesNotExist:
            raise Http404 from None
        except WrongOffset as stop:
            answer: HttpResponse = problem(409, _("Another part is the next: Upload-Offset says where it begins."))
            answer[OFFSET] = str(stop.offset)
            return answer
        except ValidationError as refusal:
            return problem(400, refusal.messages[0])
        except NotKept:
            return not_kept()
        if row.state in (ImportState.CANCELLED, ImportState.FAILED):
            return problem(410, row.get_failure_display() or _("This import was cancelled. Announce the file again."))
        return HttpResponse(status=204, headers={OFFSET: str(row.offset)})


class CancelImport(OwnImport):
    """Stopping it."""

    @extend_schema(
        summary="Cancel an import",
        description="It stops within a moment. What was filed until then stays, and so does the import, to be read. "
        "Safe to say twice, and of one that has ended.",
        request=None,
        responses={200: ImportTwin, 404: NO_SUCH},
    )
    def post(self, request: Request, pk: int) -> Response:
        return Response(ImportTwin(cancel(self.row(pk))).data)


class ImportRejects(OwnImport):
    """What was not filed, and why."""

    @extend_schema(
        summary="What an import rejected",
        description='JSON Lines of `{"line", "reason"}`, in the order of the file; of very many the first.',
        responses={(200, "application/jsonl"): OpenApiTypes.STR, 404: NO_SUCH},
    )
    def get(self, request: Request, pk: int) -> HttpResponseBase:
        return StreamingHttpResponse(lines_of(self.row(pk)), content_type="application/jsonl")


def lines_of(row: Import) -> Iterator[str]:
    for line, reason in row.rejects.values_list("line", "reason").iterator(AT_ONCE):
        yield json.dumps({"line": line, "reason": reason}, ensure_ascii=False) + "\n"


def not_kept() -> HttpResponse:
    return problem(507, _("It could not be kept just now. Nothing is lost: try again later."))
