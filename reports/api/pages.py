"""Pages of the API: a cursor, so that nothing is skipped or told twice while new rows come in."""

from collections.abc import Sequence
from typing import Any

from django.core.signing import BadSignature, Signer
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

RELATIONS = {"next": "next", "previous": "prev"}  # as Link calls them (RFC 8288)


class Pages(CursorPagination):
    """``{"results": […], "next": address or null, "previous": address or null}``; ``?limit=`` asks for up to 100.

    A view says by ``told_by`` in which order. The cursor holds the first of these, so it has to be public itself:
    a row's id would tell how many rows there are that the caller may not see. It is signed, with no time in it: what
    nobody has made here would be compared with a column that knows no such value, and the same page has the same tag.
    """

    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 100

    def get_ordering(self, request: Request, queryset: "QuerySet[Any]", view: APIView) -> tuple[str, ...]:
        told_by: tuple[str, ...] = view.told_by  # type: ignore[attr-defined] # see above
        self.signer = Signer(salt=f"{__name__} {told_by[0]}")
        return told_by

    def paginate_queryset(
        self, queryset: "QuerySet[Any] | Sequence[Any]", request: Request, view: APIView | None = None
    ) -> list[Any] | None:
        assert view is not None and isinstance(queryset, QuerySet)  # noqa: S101, PT018 -- every page is a view's
        self.get_ordering(request, queryset, view)  # a cursor is read before it is asked for
        return super().paginate_queryset(queryset, request, view)

    def get_page_size(self, request: Request) -> int:
        typed = request.query_params.get(self.page_size_query_param)
        if typed is None:
            return self.page_size
        if not (typed.isascii() and typed.isdecimal() and 1 <= int(typed[:9]) <= self.max_page_size):
            sentence = _("Write a whole number from 1 to {most}.").format(most=self.max_page_size)
            raise ValidationError({self.page_size_query_param: [sentence]})
        return int(typed)

    def decode_cursor(self, request: Request) -> Cursor | None:
        typed = request.query_params.get(self.cursor_query_param)
        if typed is None:
            return None
        try:
            offset, is_reverse, position = self.signer.unsign_object(typed)
        except (BadSignature, ValueError):  # what is not even base64
            sentence = _("Nobody was given this cursor here. Start again without it.")
            raise ValidationError({self.cursor_query_param: [sentence]}) from None
        return Cursor(offset=offset, reverse=is_reverse, position=position)

    def encode_cursor(self, cursor: Cursor) -> str:
        signed = self.signer.sign_object([cursor.offset, cursor.reverse, cursor.position])
        return str(replace_query_param(self.base_url or "", self.cursor_query_param, signed))

    def get_paginated_response(self, data: Any) -> Response:
        led = {"next": self.get_next_link(), "previous": self.get_previous_link()}
        links = ", ".join(f'<{address}>; rel="{RELATIONS[name]}"' for name, address in led.items() if address)
        return Response({"results": data, **led}, headers={"Link": links} if links else None)

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        leads: dict[str, Any] = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["results", "next", "previous"],
            "properties": {"results": schema, "next": leads, "previous": leads},
        }

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        size = {"type": "integer", "minimum": 1, "maximum": self.max_page_size, "default": self.page_size}
        return [
            {
                "name": self.cursor_query_param,
                "in": "query",
                "required": False,
                "description": "Where a page begins: follow `next` and `previous`, and make none yourself.",
                "schema": {"type": "string"},
            },
            {
                "name": self.page_size_query_param,
                "in": "query",
                "required": False,
                "description": "How many there are on a page.",
                "schema": size,
            },
        ]
