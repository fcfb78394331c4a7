"""Evidence that is lent: a researcher asks to read what reports of an issue say, and a moderator answers."""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import Grant, Role
from accounts.policy import Act, Actor, allows
from reports.models.issue import Issue
from reports.models.report import Report
from reports.vocabulary import LendingPurpose


class EvidenceRequestQuerySet(models.QuerySet["EvidenceRequest"]):
    def visible_to(self, actor: Actor) -> Self:
        """Those who answer see all of them; whoever asked sees their own, for as long as they may ask."""
        if allows(actor, Act.LEND_EVIDENCE):
            return self
        return self.asked_by(actor)

    def asked_by(self, actor: Actor) -> Self:
        return self.filter(by=actor.user_id) if allows(actor, Act.ASK_FOR_EVIDENCE) else self.none()

    def waiting(self) -> Self:
        return self.filter(decided_at=None)

    def standing(self, at: datetime) -> Self:
        """Granted, not ended, not run out, and asked by somebody who is a researcher still. No timer ends any."""
        researchers = Grant.objects.filter(role=Role.RESEARCHER, ended_at=None, user__is_active=True)
        return self.filter(until__gt=at, ended_at=None, by__in=researchers.values("user"))


class EvidenceRequest(models.Model):
    """A researcher's request to read the evidence of an issue for a term, and what a moderator said to it.

    ``until`` is set where it was granted. Which reports may be read under it: :class:`OpenedReport`.
    """

    issue = models.ForeignKey(Issue, models.CASCADE, related_name="evidence_requests")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="evidence_requests"
    )
    purpose = models.CharField(max_length=12, choices=LendingPurpose.choices)
    plan = models.TextField()
    days = models.PositiveSmallIntegerField()
    asked_at = models.DateTimeField(default=timezone.now)
    decided_at = models.DateTimeField(null=True, blank=True)
    decider = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    reason = models.TextField(blank=True)
    until = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = EvidenceRequestQuerySet.as_manager()

    class Meta:
        ordering = ["-asked_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["issue", "by"], condition=Q(decided_at=None), name="evidence_request_once_at_a_time"
            ),
            models.CheckConstraint(
                name="evidence_request_purpose_known", condition=Q(purpose__in=LendingPurpose.values)
            ),
            models.CheckConstraint(
                name="evidence_request_never_decided_by_the_asker", condition=Q(decider=None) | ~Q(decider=F("by"))
            ),
            models.CheckConstraint(
                name="evidence_request_granted_when_decided",
                condition=Q(until=None, ended_at=None) | Q(until__isnull=False, decided_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["asked_at"], name="evidence_request_waiting", condition=Q(decided_at=None)),
        ]

    def __str__(self) -> str:
        return f"evidence of issue {self.issue_id} for {self.days} days"

    @property
    def is_granted(self) -> bool:
        return self.until is not None

    @property
    def is_refused(self) -> bool:
        return self.decided_at is not None and self.until is None

    def stands(self, at: datetime) -> bool:
        return self.until is not None and self.ended_at is None and at < self.until


class OpenedReport(models.Model):
    """A report that stood in the issue when a request was granted: how often it was read, and whether its reporter
    objects, which closes it to that request."""

    request = models.ForeignKey(EvidenceRequest, models.CASCADE, related_name="opened")
    report = models.ForeignKey(Report, models.CASCADE, related_name="opened")
    read_count = models.PositiveIntegerField(default=0)
    last_read_at = models.DateTimeField(null=True, blank=True)
    objected_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["request", "report"], name="opened_report_once")]

    def __str__(self) -> str:
        return f"{self.report_id} under request {self.request_id}"
