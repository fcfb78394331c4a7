"""JSON, and in one way only: a strong tag stands for bytes, so nobody chooses how they are laid out."""

from collections.abc import Mapping
from typing import Any

from rest_framework.renderers import JSONRenderer


class PlainJSONRenderer(JSONRenderer):
    """Without the ``indent`` that a caller could ask for in ``Accept``."""

    def get_indent(self, accepted_media_type: str, renderer_context: Mapping[str, Any]) -> None:
        return None


class OpenApiRenderer(PlainJSONRenderer):
    """The description of the API, by the name that tools ask for."""

    media_type = "application/vnd.oai.openapi+json"
