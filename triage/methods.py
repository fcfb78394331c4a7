"""Which method of grouping is in force: the one fitted here that was put in force, else the one the code came with."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache

from django.db import connection, transaction
from django.utils import timezone

from triage.grouping.method import LEXICAL, MEANINGFUL, Method, shipped
from triage.models import EmbeddingSpace, FittedMethod

# A report asks several times, and a new version need not count within the second: every judgement names its method.
HELD_S = 30

_tried: ContextVar[Method | None] = ContextVar("tried", default=None)


def in_force(*, by_meaning: bool) -> Method:
    """The method for reports that an embedder has read, or for those that are compared by words alone.

    Looked up each half minute in a process, so that a version is at work everywhere within that of being put in force.
    """
    tried = _tried.get()
    if tried is not None and bool(tried.embedder) == by_meaning:
        return tried
    return _in_force(str(connection.settings_dict["NAME"]), by_meaning, int(time.monotonic() // HELD_S))


@contextmanager
def trying(method: Method) -> Iterator[None]:
    """Within this, and in this thread only, the method is in force in place of its like."""
    before = _tried.set(method)
    try:
        yield
    finally:
        _tried.reset(before)


def named(name: str) -> Method:
    """The method of that name, fitted here or shipped. Raises KeyError."""
    row = FittedMethod.objects.filter(name=name).first()
    return method_of(row) if row else shipped(name)


def method_of(row: FittedMethod) -> Method:
    return Method.from_json(json.dumps(row.body))


def embedder_at_work(*, by_meaning: bool) -> str:
    """The id of the embedder whose meanings are compared now, "" for words alone and if there is none."""
    space = EmbeddingSpace.objects.filter(ready_at__isnull=False).first() if by_meaning else None
    return space.embedder if space else ""


def next_name(*, by_meaning: bool) -> str:
    """The name of the next version: lexical-2.1 after lexical-2, then .2, whatever came of those before."""
    base = MEANINGFUL if by_meaning else LEXICAL
    taken = FittedMethod.objects.filter(name__startswith=f"{base}.").values_list("name", flat=True)
    ends = [int(name.removeprefix(f"{base}.")) for name in taken]
    return f"{base}.{max(ends, default=0) + 1}"


@transaction.atomic
def put_in_force(name: str) -> None:
    """From now on reports are grouped by the method of that name. Raises KeyError if there is none."""
    method = named(name)
    embedder = method.embedder if FittedMethod.objects.filter(name=name).exists() else None
    others = FittedMethod.objects.filter(in_force_since__isnull=False)
    if embedder is None:  # what is shipped counts wherever nothing else does
        others = others.filter(name__startswith=f"{name}.")
    else:
        others = others.filter(embedder=embedder).exclude(name=name)
    others.update(in_force_since=None)
    FittedMethod.objects.filter(name=name, in_force_since=None).update(in_force_since=timezone.now())
    transaction.on_commit(look_again)


def look_again() -> None:
    """Forget what was looked up."""
    _in_force.cache_clear()


@lru_cache(maxsize=8)
def _in_force(database: str, by_meaning: bool, moment: int) -> Method:
    """``database`` and ``moment`` only tell one answer from another."""
    embedder = embedder_at_work(by_meaning=by_meaning)
    if by_meaning and not embedder:
        return shipped(MEANINGFUL)
    row = FittedMethod.objects.filter(embedder=embedder, in_force_since__isnull=False).first()
    return method_of(row) if row else shipped(MEANINGFUL if by_meaning else LEXICAL)
