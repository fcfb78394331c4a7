"""Answering a keyed request once: asked again, it gets the same answer, and nothing is done twice."""

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from reports.models import IdempotencyKey
from reports.sealing import seal, unseal

KEPT = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Answered:
    """What a request was answered, in plain JSON, and whether that was done before."""

    answer: Any
    is_repeated: bool


class InFlight(Exception):
    """The same request is being answered at this moment."""


class OtherRequest(Exception):
    """The key was used for something else."""


def answered_once(who: str, key: str, asked: object, make: Callable[[], Any]) -> Answered:
    """The answer to ``who``'s request ``key``: made now, or as it was made the first time, a day ago at most.

    ``asked`` is all that the request says, in plain JSON. The answer is written in the transaction of what ``make``
    does, so that there is both or neither; what ``make`` raises leaves nothing behind, and may be asked again.

    Raises :class:`InFlight` and :class:`OtherRequest`. Nobody waits for anybody: a server's threads are few.
    """
    digest, body_digest = _keyed(f"{who}\n{key}"), _keyed(json.dumps(asked, sort_keys=True))
    with transaction.atomic():
        _take_turn(digest)
        before = IdempotencyKey.objects.filter(digest=digest).first()
        if before is not None and before.at < timezone.now() - KEPT:  # and not swept yet
            before.delete()
        elif before is not None:
            if not hmac.compare_digest(bytes(before.body_digest), body_digest) or before.sealed_answer is None:
                raise OtherRequest
            return Answered(json.loads(unseal(bytes(before.sealed_answer))), is_repeated=True)
        answer = make()
        IdempotencyKey.objects.create(digest=digest, body_digest=body_digest, sealed_answer=seal(json.dumps(answer)))
        return Answered(answer, is_repeated=False)


def forget_answers() -> int:
    """Drop what was kept longer than a day; says how many."""
    deleted, _ = IdempotencyKey.objects.filter(at__lt=timezone.now() - KEPT).delete()
    return deleted


def _take_turn(digest: bytes) -> None:
    """Hold the key until the transaction ends. Raises :class:`InFlight` if somebody else does."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [int.from_bytes(digest[:8], signed=True)])
        (is_ours,) = cursor.fetchone()
    if not is_ours:
        raise InFlight


def _keyed(text: str) -> bytes:
    return hmac.digest(settings.TOKEN_KEY, text.encode(), hashlib.sha256)
