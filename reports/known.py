"""Whether what somebody writes is known already. Who looks is named by ``settings.KNOWN_ISSUES_FINDER``.

What is looked through is public for everybody, so it does not matter who asks.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from django.conf import settings
from django.utils.module_loading import import_string

FEW = 5  # issues that are shown
TEXT_AT_MOST = 4_000  # characters of an account or a conversation: what it is about has been said by then


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody has written so far, all of it as typed. ``kind`` is a kind of failure, "" for none yet."""

    artifact: str = ""
    artifact_kind: str = ""
    version: str = ""
    summary: str = ""
    what_happened: str = ""
    transcript: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A public issue that may be theirs, and why: words of their own that it says too, the most telling first.

    ``is_elsewhere``: nobody knows whether it is about the same family.
    """

    issue_id: int
    words: tuple[str, ...]
    is_elsewhere: bool = False


Finder = Callable[..., Sequence[Found]]


def known_issues(asked: Asked, *, limit: int = FEW) -> Sequence[Found]:
    """At most ``limit`` public issues, the likest first; none rather than noise."""
    if not settings.KNOWN_ISSUES_FINDER or not (asked.summary or asked.what_happened).strip():
        return []
    return _named(settings.KNOWN_ISSUES_FINDER)(asked, limit=limit)


@cache
def _named(path: str) -> Finder:
    found: Finder = import_string(path)
    return found
