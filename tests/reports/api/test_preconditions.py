"""Changing only what one has seen: 428 without If-Match, 412 with a stale one."""

from typing import Any

import pytest
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from reports.api.preconditions import strong_tag, tag_of_told, unless_changed

NOW = strong_tag(b"as it is")


class Change(APIView):
    authentication_classes = ()
    permission_classes = ()

    def post(self, request: Request) -> Response:
        unless_changed(request, NOW)
        return Response({"changed": True})


@pytest.mark.parametrize(
    ("seen", "status"),
    [
        (None, 428),
        ("", 428),
        ("not a tag", 428),
        (strong_tag(b"as it was"), 412),
        (f"W/{NOW}", 412),  # a weak tag stands for no bytes
        (NOW, 200),
        (f"{strong_tag(b'as it was')}, {NOW}", 200),
        ("*", 200),
    ],
)
def test_a_change_says_what_it_has_seen(seen: str | None, status: int) -> None:
    headers: dict[str, Any] = {} if seen is None else {"HTTP_IF_MATCH": seen}

    answer = Change.as_view()(APIRequestFactory().post("/", {}, format="json", **headers))

    assert answer.status_code == status
    assert answer.get("ETag") == (NOW if status == 412 else None)
    assert status == 200 or answer["Content-Type"] == "application/problem+json"


def test_what_is_told_has_the_tag_of_its_bytes() -> None:
    assert tag_of_told({"a": 1}) == strong_tag(b'{"a":1}') != tag_of_told({"a": 2})
