"""Who wants to hear of what, and what waits to be told."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from reports.models.report import Report


class Subscription(models.Model):
    """Somebody follows one thing, named as the ledger names it ("issue:12", "artifact:3"; "queue": what waits).

    ``pace`` says when an e-mail goes out: with each notice, or with all of a day.
    """

    class Pace(models.TextChoices):
        AT_ONCE = "at_once", _("At once")
        DAILY = "daily", _("Once a day")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="subscriptions")
    subject = models.CharField(max_length=40)
    channel = models.CharField(max_length=16, default="list")
    pace = models.CharField(max_length=8, choices=Pace.choices, default=Pace.AT_ONCE)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "subject", "channel"], name="subscription_once")]

    def __str__(self) -> str:
        return f"{self.user} follows {self.subject}"


class Notice(models.Model):
    """One thing to tell one person, an account or the contact of a report; ids only.

    ``sent_at`` null means that it still waits, until ``due_at`` at least.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="notices")
    report = models.ForeignKey(Report, models.CASCADE, null=True, blank=True, related_name="notices")
    channel = models.CharField(max_length=16, default="list")
    verb = models.CharField(max_length=40)
    subject = models.CharField(max_length=40)
    event_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                name="notice_to_somebody",
                condition=Q(user__isnull=False, report=None) | Q(user=None, report__isnull=False),
            )
        ]
        indexes = [
            models.Index(fields=["due_at", "id"], name="notice_unsent", condition=Q(sent_at__isnull=True)),
            models.Index(fields=["user", "-created_at"], name="notice_list", condition=Q(channel="list")),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.subject}"
