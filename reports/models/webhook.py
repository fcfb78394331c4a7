"""Where an account wants to be told by webhook, what was or is to be delivered there, and what hubs tell us."""

import secrets
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.policy import Act, Actor, allows
from reports.models.artifact import Artifact
from reports.models.notice import WEBHOOK, Notice


def new_message_id() -> str:
    """What a receiver knows a message by, the same in all tries: 120 random bits, and no full stop among them."""
    return f"msg_{secrets.token_hex(15)}"


class EndpointQuerySet(models.QuerySet["Endpoint"]):
    def visible_to(self, actor: Actor) -> Self:
        """One's own, and nobody else's, whatever their role: an address may hold a secret."""
        return self.filter(user=actor.user_id) if allows(actor, Act.FOLLOW) else self.none()

    def live(self) -> Self:
        return self.filter(disabled_at=None, user__is_active=True)


class Endpoint(models.Model):
    """An address that an account has named.

    ``hears_all`` is all that the account is told of; otherwise what it chose, as subscriptions by :attr:`channel`.
    """

    class Why(models.TextChoices):
        OWNER = "owner", _("Switched off by you")
        GONE = "gone", _("Switched off: it answered that it is gone (410)")
        FAILING = "failing", _("Switched off: nothing got through for five days")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="endpoints")
    url = models.CharField(max_length=500)
    hears_all = models.BooleanField(default=True)
    sealed_secret = models.BinaryField()
    sealed_former = models.BinaryField(null=True)  # signs beside the new one until ``former_until``
    former_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    failing_since = models.DateTimeField(null=True)  # the first failure after which nothing got through
    disabled_at = models.DateTimeField(null=True)
    disabled_why = models.CharField(max_length=8, choices=Why.choices, blank=True)

    objects = EndpointQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["user", "url"], name="endpoint_once"),
            models.CheckConstraint(
                name="endpoint_disabled_for_a_reason",
                condition=Q(disabled_at=None, disabled_why="") | (Q(disabled_at__isnull=False) & ~Q(disabled_why="")),
            ),
        ]

    def __str__(self) -> str:
        return f"webhook {self.pk}"

    @property
    def channel(self) -> str:
        """What subscriptions and notices call it."""
        return f"{WEBHOOK}{self.pk}"


class Delivery(models.Model):
    """One message to one endpoint: a notice, or a test if there is none.

    While it waits, ``due_at`` says when it is tried next; whoever tries it sets that ahead first, so that no two do.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        DELIVERED = "delivered", _("Delivered")
        FAILED = "failed", _("Given up")

    endpoint = models.ForeignKey(Endpoint, models.CASCADE, related_name="deliveries")
    notice = models.ForeignKey(Notice, models.CASCADE, null=True, related_name="deliveries")
    message_id = models.CharField(max_length=40, unique=True, default=new_message_id)
    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    tries = models.PositiveSmallIntegerField(default=0)  # since it was last begun
    due_at = models.DateTimeField(default=timezone.now)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["endpoint", "notice"], name="delivery_once")]
        indexes = [
            models.Index(fields=["due_at"], name="delivery_waiting", condition=Q(state="waiting")),
            models.Index(fields=["created_at"], name="delivery_by_age"),
        ]

    def __str__(self) -> str:
        return self.message_id


class Try(models.Model):
    """One time a delivery was tried. ``status`` is the HTTP status of the answer, none if there was none."""

    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="log")
    at = models.DateTimeField()
    outcome = models.CharField(max_length=16)
    status = models.PositiveSmallIntegerField(null=True)
    milliseconds = models.PositiveIntegerField()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.outcome} {self.status or ''}".strip()


class Commit(models.Model):
    """What a hub told of: an artifact's files changed. ``revision`` is the hub's name for how they are now."""

    artifact = models.ForeignKey(Artifact, models.CASCADE, related_name="commits")
    revision = models.CharField(max_length=64)
    seen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["artifact", "revision"], name="commit_once")]
        indexes = [models.Index(fields=["artifact", "-seen_at"], name="commit_latest")]

    def __str__(self) -> str:
        return self.revision[:12]
