"""Who wants to hear of what, and what waits to be told."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class Subscription(models.Model):
    """Somebody follows one thing, named as the ledger names it ("issue:12")."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="subscriptions")
    subject = models.CharField(max_length=40)
    channel = models.CharField(max_length=16, default="list")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "subject", "channel"], name="subscription_once")]

    def __str__(self) -> str:
        return f"{self.user} follows {self.subject}"


class Notice(models.Model):
    """One thing to tell one person; ids only. ``sent_at`` null means that it still waits."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notices")
    channel = models.CharField(max_length=16, default="list")
    verb = models.CharField(max_length=40)
    subject = models.CharField(max_length=40)
    event_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["id"], name="notice_unsent", condition=Q(sent_at__isnull=True))]

    def __str__(self) -> str:
        return f"{self.verb} {self.subject}"
