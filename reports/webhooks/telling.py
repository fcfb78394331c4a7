"""From a notice to what a webhook says: ids, a date and an address of ours, and never a word that somebody wrote."""

import json
from collections.abc import Iterable
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Min
from django.urls import reverse
from django.utils import timezone

from accounts.actors import actor_for, site_of
from accounts.models import User
from reports.models import Delivery, Endpoint, Issue, Notice
from reports.models.notice import WEBHOOK, NoticeQuerySet
from reports.notices import GRACE
from reports.wording import Topic, topics

log = structlog.get_logger()

ENDPOINTS_AT_MOST = 100  # in one run
NOTICES_AT_MOST = 200  # of one endpoint in one run; the rest go with the next
TEST = "webhook.test"


def fan_out() -> int:
    """Make deliveries of the notices that are due. Returns how many. May run anywhere, twice, and at once."""
    due = Notice.objects.filter(channel__startswith=WEBHOOK, sent_at=None, due_at__lte=timezone.now())
    if not settings.WEBHOOKS:
        due.delete()
        return 0
    waiting = due.order_by().values("channel").annotate(since=Min("due_at")).order_by("since")
    return sum(_deliver(each["channel"]) for each in waiting[:ENDPOINTS_AT_MOST])


def _deliver(channel: str) -> int:
    """What waits for one endpoint; as with mail, what was undone within the grace goes to nobody."""
    with transaction.atomic():
        soon = timezone.now() + GRACE
        waiting = Notice.objects.select_for_update(skip_locked=True).filter(channel=channel, sent_at=None)
        notices = list(waiting.filter(due_at__lte=soon).order_by("pk")[:NOTICES_AT_MOST])
        endpoint = Endpoint.objects.live().filter(pk=channel.removeprefix(WEBHOOK)).select_related("user").first()
        told = _told(notices, endpoint.user) if endpoint else []
        rows = Notice.objects.filter(pk__in=[notice.pk for notice in notices])
        rows.exclude(pk__in=told).delete()
        if endpoint:
            made = [Delivery(endpoint=endpoint, notice_id=pk) for pk in sorted(told)]
            Delivery.objects.bulk_create(made, ignore_conflicts=True)
        rows.filter(pk__in=told).update(sent_at=timezone.now())
    return len(told)


def _told(notices: list[Notice], user: User) -> list[int]:
    seen = _seen(user, [notice.pk for notice in notices])
    return [line.pk for topic in topics(seen, actor_for(user), for_mail=True) for line in topic.lines]


def _seen(user: User, notices: Iterable[int]) -> NoticeQuerySet:
    """Those of one's notices that one may hear of now."""
    return Notice.objects.visible_to(actor_for(user)).filter(pk__in=notices)


def body_of(delivery: Delivery) -> bytes | None:
    """What is sent, worked out now; None if its owner may not, or not any more, hear of it.

    ``delivery`` comes with its endpoint, its user and its notice.
    """
    endpoint, notice = delivery.endpoint, delivery.notice
    if notice is None:
        url = settings.SITE_URL + reverse("webhook", args=[endpoint.pk])
        return _written(TEST, delivery.created_at, {"subject": f"endpoint:{endpoint.pk}", "url": url})
    owner = actor_for(endpoint.user)
    found = topics(_seen(endpoint.user, [notice.pk]), owner, for_mail=True)
    if not found:
        return None
    kind = notice.subject.partition(":")[0]
    return _written(f"{kind}.{notice.verb}", notice.created_at, _about(found[0], kind, site_of(owner)))


def _about(topic: Topic, kind: str, site: str) -> dict[str, Any]:
    """``number`` is an issue's, null while it has none; a report's and an artifact's name are in the address."""
    told: dict[str, Any] = {"subject": topic.subject, "url": site + topic.href}
    if kind == "issue":
        told["number"] = Issue.objects.filter(pk=topic.subject[6:]).values_list("number", flat=True).first()
    return told


def _written(name: str, at: Any, about: dict[str, Any]) -> bytes:
    said = {"type": name, "timestamp": at.isoformat().replace("+00:00", "Z"), "data": about}
    return json.dumps(said, separators=(",", ":")).encode()
