"""Reading by API: the same rows as the pages, for whoever calls, a page at a time."""

from collections.abc import Collection
from typing import Any

from django.http import Http404
from rest_framework.generics import GenericAPIView, ListAPIView

from reports.api.resource import Resource


class Reading(Resource, GenericAPIView[Any]):
    """Starts from what the caller may see."""

    def named(self, *parts: str) -> None:
        """Raise for parts of an address that PostgreSQL could not compare."""
        if any("\x00" in part for part in parts):
            raise Http404


class Listing(Reading, ListAPIView[Any]):
    """Many, by a cursor. ``told_by`` is their order, see ``reports.api.pages``."""

    told_by: tuple[str, ...]

    def parameters(self) -> Collection[str]:
        pages = (self.pagination_class.page_size_query_param, self.pagination_class.cursor_query_param)  # type: ignore[union-attr] # it is Pages
        filters: Any = getattr(self, "filterset_class", None)
        return {*self.asks, *pages, *(filters.base_filters if filters else ())}
