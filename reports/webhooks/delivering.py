"""Deliveries that are due, tried a few at a time. The rows are the queue; only the requests run beside each other."""

from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from time import monotonic

import structlog
from cryptography.fernet import InvalidToken
from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from reports.models import Delivery, Endpoint, Try
from reports.webhooks import signing
from reports.webhooks.endpoints import disable, secrets_of
from reports.webhooks.schedule import next_try
from reports.webhooks.sending import Answer, Outcome, send
from reports.webhooks.telling import body_of

log = structlog.get_logger()

AT_ONCE = 8  # requests
RUN_S = 25.0  # in which a run begins requests; the last of them take TOTAL_S more, and a task has a minute
LEASE = timedelta(minutes=2)  # by then, whoever took a delivery has said what came of it, or died
KEPT = timedelta(days=30)  # how long the log tells of a delivery
FAILING_FOR = timedelta(days=5)  # after which an endpoint is switched off; longer than one delivery is tried
RUNNING = "webhooks.running"
AGENT = "Telltale-Webhooks/1"

Clock = Callable[[], datetime]


def deliver_due(*, clock: Clock = timezone.now) -> int:
    """Try what is due. Returns how many were tried. One run at a time, so that one worker is ever busy with it.

    Whoever dies on the way has it tried again, under the same id, once the lease is over.
    """
    if not settings.WEBHOOKS or not due(clock()).exists() or not cache.add(RUNNING, True, timeout=LEASE.seconds):
        return 0
    try:
        return _run(clock)
    finally:
        cache.delete(RUNNING)


def due(at: datetime) -> "QuerySet[Delivery]":
    live = Endpoint.objects.live()
    return Delivery.objects.filter(state=Delivery.State.WAITING, due_at__lte=at, endpoint__in=live)


def _run(clock: Clock) -> int:
    """Each endpoint is sent one message at a time; one that fails is left alone until the next run."""
    ends, tried = monotonic() + RUN_S, 0
    flying: dict[Future[Answer], Delivery] = {}
    resting: set[int] = set()
    with ThreadPoolExecutor(AT_ONCE, "webhook") as pool:
        while True:
            if monotonic() < ends:
                busy = {each.endpoint_id for each in flying.values()}
                for delivery, request in _taken(AT_ONCE - len(flying), busy | resting, clock()):
                    flying[pool.submit(send, *request)] = delivery
            if not flying:
                return tried
            for future in wait(flying, return_when=FIRST_COMPLETED).done:
                delivery, answer = flying.pop(future), future.result()
                settle(delivery, answer, at=clock())
                tried += 1
                if answer.outcome != Outcome.ACCEPTED:
                    resting.add(delivery.endpoint_id)


Request = tuple[str, bytes, dict[str, str]]


def _taken(most: int, but: set[int], at: datetime) -> list[tuple[Delivery, Request]]:
    """The oldest of each endpoint that is free, and what is to be sent. What may not be told any more is deleted."""
    first = (
        due(at).exclude(endpoint__in=but).order_by("endpoint_id", "due_at", "pk").distinct("endpoint_id").values("pk")
    )
    oldest = list(Delivery.objects.filter(pk__in=first).order_by("due_at", "pk").values_list("pk", flat=True)[:most])
    taken = []
    with transaction.atomic():
        rows = due(at).filter(pk__in=oldest).select_related("endpoint__user", "notice")
        for delivery in rows.select_for_update(of=["self"], skip_locked=True):
            request = request_of(delivery, at)
            if request is None:
                delivery.delete()
            else:
                taken.append((delivery, request))
        Delivery.objects.filter(pk__in=[each.pk for each, _request in taken]).update(due_at=at + LEASE)
    return taken


def request_of(delivery: Delivery, at: datetime) -> Request | None:
    """Address, body and headers; None if it may not be told, or its secret was sealed with a key that is gone."""
    body = body_of(delivery)
    if body is None:
        return None
    try:
        valid = secrets_of(delivery.endpoint, at=at)
    except InvalidToken:
        log.warning("webhook secret sealed with another key", endpoint=delivery.endpoint_id)
        return None
    signed = signing.headers(valid, message_id=delivery.message_id, timestamp=int(at.timestamp()), body=body)
    return delivery.endpoint.url, body, {"Content-Type": "application/json", "User-Agent": AGENT, **signed}


def settle(delivery: Delivery, answer: Answer, *, at: datetime) -> None:
    """Write down what came of a try, and when the next one is."""
    with transaction.atomic():
        found = Delivery.objects.select_for_update(of=["self"]).filter(pk=delivery.pk).select_related("endpoint__user")
        row = found.first()
        if row is None:  # its endpoint was deleted meanwhile
            return
        Try.objects.create(
            delivery=row, at=at, outcome=answer.outcome, status=answer.status, milliseconds=answer.milliseconds
        )
        row.tries += 1
        if answer.outcome == Outcome.ACCEPTED:
            row.state = Delivery.State.DELIVERED
            Endpoint.objects.filter(pk=row.endpoint_id).exclude(failing_since=None).update(failing_since=None)
        else:
            coming = next_try(row.message_id, row.tries, at=at, wished=answer.wait)
            row.state = Delivery.State.FAILED if coming is None else Delivery.State.WAITING
            row.due_at = coming or row.due_at
        row.save(update_fields=["tries", "state", "due_at"])
        if answer.outcome != Outcome.ACCEPTED:
            _failed(row.endpoint, answer, at)


def _failed(endpoint: Endpoint, answer: Answer, at: datetime) -> None:
    if answer.outcome == Outcome.GONE:
        disable(endpoint, Endpoint.Why.GONE, at=at)
    elif endpoint.failing_since is None:
        Endpoint.objects.filter(pk=endpoint.pk, failing_since=None).update(failing_since=at)
    elif at - endpoint.failing_since >= FAILING_FOR:
        disable(endpoint, Endpoint.Why.FAILING, at=at)


def forget_deliveries(*, at: datetime) -> int:
    """Delete what the log has told of long enough; says how many."""
    old = Delivery.objects.filter(created_at__lte=at - KEPT).exclude(state=Delivery.State.WAITING)
    deleted, _by_table = old.delete()
    return deleted
