"""What is public of an issue before its page is: that it is there, what it is about, and until when."""

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.policy import ANONYMOUS
from reports.models.artifact import Artifact
from reports.models.embargo import under_embargo
from reports.models.issue import Issue
from reports.vocabulary import Status


class StubQuerySet(models.QuerySet["Stub"]):
    def shown(self) -> Self:
        """Those that stand where the issue's page will be, to everybody alike: of artifacts with a page, and until the
        issue's own is public."""
        not_yet = Q(issue__published_at=None) | under_embargo("issue__")
        return self.filter(
            not_yet,
            ended_at=None,
            artifact__in=Artifact.objects.visible_to(ANONYMOUS),
            issue__number__isnull=False,
            issue__withdrawn_at=None,
            issue__status__in=[Status.CONFIRMED, Status.RESOLVED],
        )


class Stub(models.Model):
    """By decision: the public is told that there is an issue of the artifact, received on a day, and nothing more.

    All that it tells but the deadline is written down when it is decided, so that nothing that happens to the issue,
    its reports or who is affected moves it.
    """

    issue = models.ForeignKey(Issue, models.CASCADE, related_name="stubs")
    artifact = models.ForeignKey(Artifact, models.PROTECT, related_name="+")
    received_on = models.DateField()  # UTC
    made_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = StubQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["issue", "artifact"], condition=Q(ended_at=None), name="stub_once_per_artifact"
            )
        ]

    def __str__(self) -> str:
        return f"{self.issue_id} announced for {self.artifact_id}"
