"""Whose eyes see which field and which words: the part of the policy matrix that looks into what is answered.

A field of a JSON answer that is not in ``tests/fields.py`` fails the matrix, and so does a planted word that is told to
somebody who may not read it.
"""

import json
from collections.abc import Iterator
from typing import Any

from accounts.models import Role
from tests.fields import FIELDS

ALL = frozenset({"anonymous", "reporter", *Role.values})
DESK = frozenset({"triager", "moderator"})
GROUPS = {
    "everybody": ALL,
    "whoever has an account": ALL - {"anonymous"},
    "who files in bulk": DESK | {"researcher", "maintainer"},
    "the desk": DESK,
    "the desk and auditors": DESK | {"auditor"},
}
# What is planted, in words that stand nowhere else, and the roles that may be answered with it.
WORDS = {
    "xqcontact": frozenset[str](),  # the address that somebody left with a report
    "xqdraft": frozenset[str](),  # what somebody else has begun to write
    "xqprivate": DESK,  # the words of a private report
    "xqwaiting": DESK,  # those of a report that nobody has judged
    "xqgrave": frozenset({"moderator"}),  # those of a report that is for moderators only
    "xqaccount": frozenset({"admin"}),  # the address of whoever filed with an account
    "xqnote": DESK | {"admin"},  # what somebody says of themselves who asks to be a maintainer
}
DOCUMENTS = frozenset({"api_schema", "schema"})  # the same for everybody, and committed: nobody's data


def paths(told: Any, at: str = "") -> Iterator[str]:
    """Every key of a document with those above it; lists add nothing."""
    if isinstance(told, dict):
        for key, value in told.items():
            yield f"{at}{key}"
            yield from paths(value, f"{at}{key}.")
    elif isinstance(told, list):
        for each in told:
            yield from paths(each, at)


def body_of(response: Any) -> bytes:
    body: bytes = b"".join(response.streaming_content) if response.streaming else response.content
    return body


def too_much(name: str, role: str, response: Any) -> list[str]:
    """What ``role`` is told by the address ``name`` and should not be."""
    body = body_of(response)
    found = [word for word, readers in WORDS.items() if role not in readers and word.encode() in body]
    if response.status_code != 200 or "json" not in response.get("Content-Type", "") or name in DOCUMENTS:
        return found
    listed = FIELDS.get(name, {})
    known = {path for group, told in listed.items() if role in GROUPS[group] for path in told.split()}
    return found + sorted({*paths(json.loads(body))} - known)
