"""Pages of the API: a cursor, so that nothing is skipped or told twice while new rows come in."""

from typing import Any

from django.db.models import QuerySet
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView


class Pages(CursorPagination):
    """``{"results": […], "next": address or null}``; ``?limit=`` asks for up to 200.

    A view says by ``told_by`` in which order. The cursor holds the first of these, so it has to be public itself:
    a row's id would tell how many rows there are that the caller may not see.
    """

    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 200

    def get_ordering(self, request: Request, queryset: "QuerySet[Any]", view: APIView) -> tuple[str, ...]:
        told_by: tuple[str, ...] = view.told_by  # type: ignore[attr-defined] # see above
        return told_by

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"results": data, "next": self.get_next_link()})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "object",
            "required": ["results", "next"],
            "properties": {
                "results": schema,
                "next": {"type": ["string", "null"], "format": "uri"},
            },
        }
