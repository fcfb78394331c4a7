"""Reading a JSON body within limits."""

from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from rest_framework import status
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser, JSONParser
from rest_framework.utils import json

from reports.answers import DEPTH_MAX, is_deeper_than


class TooLarge(APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"

    def __init__(self, limit: int | None = None) -> None:
        """``limit`` is in bytes; that of one report unless said."""
        megabytes = (limit or settings.DATA_UPLOAD_MAX_MEMORY_SIZE) // 1_000_000
        super().__init__(gettext("A body here has at most {megabytes} MB.").format(megabytes=megabytes))


class BoundedJSONParser(JSONParser):
    """JSON of at most ``DATA_UPLOAD_MAX_MEMORY_SIZE`` bytes."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        return read(stream, settings.DATA_UPLOAD_MAX_MEMORY_SIZE)


class BulkJSONParser(BaseParser):
    """JSON of as much as many reports are together.

    No JSONParser: of these Django itself reads the body, to its own limit.
    """

    media_type = "application/json"
    limit = 10_000_000  # bytes: 500 reports of 20 kB

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        return read(stream, self.limit)


def read(stream: IO[Any], limit: int) -> Any:
    """JSON of at most ``limit`` bytes, in UTF-8, strict, and not nested out of reason.

    A name that stands twice in one object is refused: readers disagree over which of the two counts.
    """
    body = stream.read(limit + 1)
    if len(body) > limit:
        raise TooLarge(limit)
    try:
        value = json.loads(body.decode(), parse_constant=json.strict_constant, object_pairs_hook=once_each)
    except RecursionError:
        raise ParseError(_("The body is nested too deeply.")) from None
    except ValueError as error:
        raise ParseError(_("The body is not JSON in UTF-8: {error}.").format(error=error)) from error
    if is_deeper_than(DEPTH_MAX, value):
        raise ParseError(_("The body is nested too deeply."))
    return value


def once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of names that are all different. Raises ValueError."""
    named = dict(pairs)
    if len(named) < len(pairs):
        twice = next(name for name in named if sum(name == other for other, _value in pairs) > 1)
        raise ValueError(f"{twice[:60]!a} stands there twice")
    return named
