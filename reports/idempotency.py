"""Answering a keyed request once: asked again, it gets the same answer, and nothing is done twice."""

import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from reports.models import IdempotencyKey
from reports.sealing import seal, unseal

KEPT = timedelta(hours=24)
Answer = dict[str, str]


def answered_once(who: str, key: str, body: object, make: Callable[[], Answer]) -> Answer | None:
    """The answer to ``who``'s request ``key``: made now, or as it was made the first time; None if the body differs.

    The key is written in the transaction of what ``make`` does, so that there is both or neither; a second request
    in flight waits on the key's row for the first.
    """
    digest, body_digest = _keyed(f"{who}\n{key}"), _keyed(json.dumps(body, sort_keys=True))
    try:
        with transaction.atomic():
            IdempotencyKey.objects.create(digest=digest, body_digest=body_digest)
            answer = make()
            IdempotencyKey.objects.filter(digest=digest).update(sealed_answer=seal(json.dumps(answer)))
            return answer
    except IntegrityError:
        before = IdempotencyKey.objects.filter(digest=digest).first()
        if before is None:  # something else was not unique
            raise
    if not hmac.compare_digest(bytes(before.body_digest), body_digest) or before.sealed_answer is None:
        return None
    repeated: Answer = json.loads(unseal(bytes(before.sealed_answer)))
    return repeated


def forget_answers() -> int:
    """Drop what was kept longer than a day; says how many."""
    deleted, _ = IdempotencyKey.objects.filter(at__lt=timezone.now() - KEPT).delete()
    return deleted


def _keyed(text: str) -> bytes:
    return hmac.digest(settings.TOKEN_KEY, text.encode(), hashlib.sha256)
