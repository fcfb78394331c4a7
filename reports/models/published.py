"""What the public can search: the terms of what it may read, and of nothing else."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils import timezone

from reports.models.artifact import Artifact
from reports.models.issue import Issue


class PublicText(models.Model):
    """The terms of one issue's public words, each once: title, summary, and the excerpts that people chose.

    ``words`` holds those of the ``title`` too. A row stands while the issue is public, as ``reports.published`` keeps
    it; that it stands is never a reason to show the issue. ``analyser`` names the version of what cut it.
    """

    issue = models.OneToOneField(Issue, models.CASCADE, primary_key=True, related_name="public_text")
    family = models.ForeignKey(Artifact, models.PROTECT, related_name="+")
    title = ArrayField(models.TextField())
    words = ArrayField(models.TextField())
    analyser = models.PositiveSmallIntegerField()
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [GinIndex(fields=["words"], name="publictext_words")]

    def __str__(self) -> str:
        return f"public text of {self.issue_id}"
