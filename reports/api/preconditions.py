"""Changing only what one has seen: strong entity tags, and ``If-Match`` on every change of what can be read here."""

import hashlib
from typing import Any

from django.utils.http import parse_etags
from django.utils.translation import gettext_lazy as _
from rest_framework import status
from rest_framework.exceptions import APIException
from rest_framework.request import Request

from reports.api.renderers import PlainJSONRenderer


class NotNamed(APIException):
    """428 (RFC 6585): a change that does not say what it has seen."""

    status_code = status.HTTP_428_PRECONDITION_REQUIRED
    default_detail = _("Say in If-Match which ETag you have seen; reading what you are about to change tells it.")
    default_code = "precondition_required"


class ChangedMeanwhile(APIException):
    """412: what is to be changed is not what the caller has seen. ``etag`` is how it is tagged now."""

    status_code = status.HTTP_412_PRECONDITION_FAILED
    default_detail = _("This has changed since you read it. Read it again before you change it.")
    default_code = "precondition_failed"

    def __init__(self, etag: str) -> None:
        super().__init__()
        self.etag = etag


def strong_tag(body: bytes) -> str:
    """A strong entity tag: the same only for the same bytes."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def tag_of_told(told: Any) -> str:
    """The tag with which the API answers what a serializer tells: whoever changes that has to name it."""
    return strong_tag(PlainJSONRenderer().render(told))


def unless_changed(request: Request, etag: str) -> None:
    """Let a change through only if its ``If-Match`` names ``etag``, the present tag of what it changes.

    Ask inside the transaction of the change, once the row is locked. Raises :class:`NotNamed` where the header is
    missing, :class:`ChangedMeanwhile` where it names another; ``*`` is any.
    """
    named = parse_etags(request.headers.get("If-Match", ""))
    if not named:
        raise NotNamed
    if named != ["*"] and etag not in named:
        raise ChangedMeanwhile(etag)
