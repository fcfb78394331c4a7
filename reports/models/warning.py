"""What early warning counts, and what it says."""

from typing import Self

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from accounts.policy import Act, Actor, allows
from reports.models.artifact import Artifact, Version
from reports.models.issue import Issue


class DailyCount(models.Model):
    """Reports and voices of one day (of ``reported_at``, UTC) in one cell of one issue.

    Recomputed from the active placements of what was touched, never summed over merges.
    """

    issue = models.ForeignKey(Issue, models.CASCADE, related_name="daily_counts")
    day = models.DateField()
    artifact = models.ForeignKey(Artifact, models.CASCADE, related_name="+")
    version = models.ForeignKey(Version, models.CASCADE, null=True, related_name="+")
    kind = models.CharField(max_length=24)
    context_of_use = models.CharField(max_length=16, blank=True)
    language = models.CharField(max_length=16, blank=True)
    channel = models.CharField(max_length=8)
    report_count = models.PositiveIntegerField()
    voice_count = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["issue", "day", "artifact", "version", "kind", "context_of_use", "language", "channel"],
                nulls_distinct=False,
                name="daily_count_cell_once",
            ),
            models.CheckConstraint(
                name="daily_count_voices_within_reports", condition=Q(voice_count__lte=F("report_count"))
            ),
        ]
        indexes = [models.Index(fields=["artifact", "day"], name="daily_count_artifact_day")]

    def __str__(self) -> str:
        return f"{self.day}: {self.voice_count}"


class SignalQuerySet(models.QuerySet["Signal"]):
    def visible_to(self, actor: Actor) -> Self:
        """Those that a person confirmed, of issues and artifacts with a page. Triagers see the rest too."""
        if allows(actor, Act.SEE_UNPUBLISHED):
            return self
        of_issues = Q(issue=None) | Q(issue__in=Issue.objects.visible_to(actor))
        of_artifacts = Q(artifact=None) | Q(artifact__in=Artifact.objects.visible_to(actor))
        about_something = Q(issue__isnull=False) | Q(artifact__isnull=False)
        return self.filter(of_issues, of_artifacts, about_something, state=Signal.State.CONFIRMED)


class Signal(models.Model):
    """An early warning with its statistics.

    ``key`` names what it is about, the detector first ("burst:issue:12"): one row of a key waits for a judgement at a
    time. ``theme`` is a number, since themes are triage's; ``cell`` says which cell of a table, in codes.
    ``statistics`` hold what the detector told, ids and numbers, never text; what is in it: docs/early-warning.md.
    While it waits its numbers move in place, and ``revision`` with them. Once judged they stay as they were judged, but
    for ``last_seen_on``, the last day on which it reached its tier. ``reason`` is a person's, a code and their words.
    """

    class Detector(models.TextChoices):
        SEVERITY = "severity"  # one credible report of a designated harm
        BURST = "burst"  # of an issue or a theme
        EMERGENCE = "emergence"  # of a young issue or theme
        SPREAD = "spread"  # of a theme, to a further family or down a lineage
        DISPROPORTION = "disproportion"  # of a cell of a table
        RELEASE = "release"  # of a kind, since a version

    class Tier(models.TextChoices):
        WATCH = "watch"
        ALARM = "alarm"

    class State(models.TextChoices):
        NEW = "new"
        IN_REVIEW = "in_review"
        CONFIRMED = "confirmed"
        REFUTED = "refuted"
        KNOWN = "known"
        INSUFFICIENT = "insufficient"

    key = models.CharField(max_length=120, blank=True)
    issue = models.ForeignKey(Issue, models.CASCADE, null=True, blank=True, related_name="signals")
    artifact = models.ForeignKey(Artifact, models.CASCADE, null=True, blank=True, related_name="signals")
    theme = models.PositiveBigIntegerField(null=True, blank=True)
    cell = models.JSONField(default=dict, blank=True)
    detector = models.CharField(max_length=16)
    method = models.CharField(max_length=40)
    tier = models.CharField(max_length=8, choices=Tier.choices)
    state = models.CharField(max_length=16, choices=State.choices, default=State.NEW)
    observed = models.FloatField()
    expected = models.FloatField()
    statistics = models.JSONField(default=dict)
    since = models.DateField()
    last_seen_on = models.DateField(null=True, blank=True)
    opened_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)
    revision = models.PositiveIntegerField(default=0)
    judged_at = models.DateTimeField(null=True, blank=True)
    judged_by = models.CharField(max_length=64, blank=True)  # a pseudonym
    reason = models.CharField(max_length=24, blank=True)
    reason_words = models.TextField(blank=True)
    ratio_judged = models.FloatField(null=True, blank=True)

    objects = SignalQuerySet.as_manager()

    class Meta:
        ordering = ["-opened_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["key"], condition=Q(state__in=["new", "in_review"]) & ~Q(key=""), name="signal_waits_once"
            ),
        ]
        indexes = [
            models.Index(fields=["key", "-opened_at"], name="signal_key"),
            models.Index(fields=["state", "-opened_at"], name="signal_state"),
        ]

    def __str__(self) -> str:
        return f"{self.tier} by {self.detector}"

    def get_absolute_url(self) -> str:
        return reverse("signal", args=[self.pk])

    @property
    def ratio(self) -> float:
        """Observed over expected; what was observed, where nothing was to be expected."""
        return self.observed / self.expected if self.expected else self.observed
