"""What a reporter has begun, and the files they lay beside their words."""

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.policy import Actor
from reports.models.report import Report, read_by
from reports.vocabulary import AttachmentFormat, AttachmentRefusal, AttachmentState


class Draft(models.Model):
    """A form that somebody has begun: its answers sealed, and found by the keyed digest of a cookie.

    Kept for seven days after it was last saved; gone once it is sent.
    """

    digest = models.BinaryField(unique=True)
    sealed = models.BinaryField()
    saved_at = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return f"draft of {self.saved_at}"


class AttachmentQuerySet(models.QuerySet["Attachment"]):
    def visible_to(self, actor: Actor) -> Self:
        """Files are evidence: read with the report. Those of a draft are its writer's, who comes by the draft."""
        return self.filter(read_by(actor, "report__"), report__isnull=False)

    def standing(self) -> Self:
        return self.filter(removed_at=None)


class Attachment(models.Model):
    """A file beside a report, or beside a draft of one.

    ``name`` is random and all that the file is called; what its writer called it is not kept. Until a worker has
    examined it and made it anew, the bytes lie in quarantine and nobody is shown them.
    """

    report = models.ForeignKey(Report, models.CASCADE, null=True, blank=True, related_name="attachments")
    draft = models.ForeignKey(Draft, models.CASCADE, null=True, blank=True, related_name="attachments")
    name = models.CharField(max_length=48, unique=True)
    state = models.CharField(max_length=8, choices=AttachmentState.choices, default=AttachmentState.WAITING)
    format = models.CharField(max_length=8, choices=AttachmentFormat.choices)
    refusal = models.CharField(max_length=16, choices=AttachmentRefusal.choices, blank=True)
    size = models.PositiveIntegerField()  # bytes: as sent while it waits, as kept once it is ready
    width = models.PositiveIntegerField(null=True, blank=True)
    height = models.PositiveIntegerField(null=True, blank=True)
    added_at = models.DateTimeField(default=timezone.now)
    examined_at = models.DateTimeField(null=True, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)
    is_sealed = models.BooleanField(default=False, db_default=False)  # what lies in READY is, with the report's key
    awaits_sealing = models.BooleanField(default=False, db_default=False)

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                name="attachment_of_report_or_draft",
                condition=Q(report=None, draft__isnull=False) | Q(report__isnull=False, draft=None),
            ),
            models.CheckConstraint(name="attachment_format_known", condition=Q(format__in=AttachmentFormat.values)),
            models.CheckConstraint(name="attachment_state_known", condition=Q(state__in=AttachmentState.values)),
            models.CheckConstraint(
                name="attachment_refused_for_a_reason",
                condition=Q(state=AttachmentState.REFUSED) & ~Q(refusal="")
                | ~Q(state=AttachmentState.REFUSED) & Q(refusal=""),
            ),
        ]
        indexes = [
            models.Index(fields=["id"], name="attachment_waiting", condition=Q(state="waiting", removed_at=None)),
            models.Index(fields=["id"], name="attachment_to_seal", condition=Q(awaits_sealing=True, removed_at=None)),
        ]

    def __str__(self) -> str:
        return self.name
