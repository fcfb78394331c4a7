"""What triage keeps of its own: the index, the engine's opinions, people's decisions and constraints."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from reports.models import Artifact, Issue, Report
from reports.vocabulary import PlacedBy


class TermVector(models.Model):
    """What a report looks like to the engine: keyed hashes and weights, no words. Deleted on erasure.

    ``family_id`` is the artifact family as a plain number, repeated here so that a family is read in one scan.
    ``terms`` and ``runs`` are a ``triage.grouping`` Vector as bytes, made by analyser number ``analyser``.
    """

    report = models.OneToOneField(Report, models.CASCADE, primary_key=True, related_name="term_vector")
    analyser = models.PositiveSmallIntegerField()
    family_id = models.BigIntegerField()
    terms = models.BinaryField()
    runs = models.BinaryField()
    copy_digest = models.BinaryField()

    class Meta:
        indexes = [
            models.Index(fields=["family_id", "report"], name="term_vector_family"),
            models.Index(fields=["family_id", "copy_digest"], name="term_vector_copies"),
        ]

    def __str__(self) -> str:
        return f"vector of {self.report_id}"


class Segment(models.Model):
    """A sealed run of term vectors: which reports stand at which position."""

    analyser = models.PositiveSmallIntegerField()
    tier = models.PositiveSmallIntegerField()
    report_ids = ArrayField(models.BigIntegerField())
    family_ids = ArrayField(models.BigIntegerField())
    norms = models.BinaryField()

    def __str__(self) -> str:
        return f"segment {self.pk}"


class PostingBlock(models.Model):
    """Where one term stands within one segment: packed positions and weights."""

    segment = models.ForeignKey(Segment, models.CASCADE, related_name="blocks", db_index=False)
    term = models.IntegerField()
    count = models.IntegerField()
    positions = models.BinaryField()
    weights = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["term", "segment"], include=["count"], name="posting_block_once")
        ]
        indexes = [models.Index(fields=["segment"], name="posting_block_segment")]

    def __str__(self) -> str:
        return f"term {self.term} in segment {self.segment_id}"


class Suggestion(models.Model):
    """The engine's opinion that a report may belong to an issue. ``rank`` 0 is its best."""

    class Band(models.TextChoices):
        LIKELY = "likely"
        POSSIBLE = "possible"

    report = models.ForeignKey(Report, models.CASCADE, related_name="suggestions")
    issue = models.ForeignKey(Issue, models.CASCADE, related_name="suggestions")
    score = models.FloatField()
    band = models.CharField(max_length=8, choices=Band.choices)
    rank = models.PositiveSmallIntegerField()
    method = models.CharField(max_length=40)
    reasons = models.JSONField(default=dict)
    made_at = models.DateTimeField(default=timezone.now)
    taken_at = models.DateTimeField(null=True, blank=True)
    refused_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["rank"]
        constraints = [
            models.UniqueConstraint(fields=["report", "issue"], name="suggestion_once"),
            models.CheckConstraint(name="suggestion_score_range", condition=Q(score__gte=0, score__lte=1)),
        ]

    def __str__(self) -> str:
        return f"{self.report} may belong to {self.issue}"


class Decision(models.Model):
    """One recorded act on an issue or an artifact with its reason and its inverse.

    ``before`` and ``after`` hold field values and ids, enough to put back what stood; ``undoes`` points from an
    undo to what it undid. ``reason`` is a code of the verb's table; ``note`` is the triager's own words.
    """

    issue = models.ForeignKey(Issue, models.CASCADE, null=True, blank=True, related_name="decisions")
    artifact = models.ForeignKey(Artifact, models.CASCADE, null=True, blank=True, related_name="decisions")
    report = models.ForeignKey(Report, models.SET_NULL, null=True, blank=True, related_name="decisions")
    verb = models.CharField(max_length=24)
    by = models.CharField(max_length=8, choices=PlacedBy.choices)
    decider = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    reason = models.CharField(max_length=40, blank=True)
    note = models.TextField(blank=True)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    undoes = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="undone_by")
    decided_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-decided_at", "-pk"]
        constraints = [
            models.CheckConstraint(name="decision_not_undoing_itself", condition=Q(undoes=None) | ~Q(undoes=F("id"))),
            models.CheckConstraint(name="decision_verb_given", condition=~Q(verb="")),
            models.CheckConstraint(
                name="decision_on_one_thing",
                condition=Q(issue__isnull=False, artifact=None) | Q(issue=None, artifact__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.issue or self.artifact}"


class Constraint(models.Model):
    """What a person said of two reports, or of a report and an issue: the same, or not the same. Kept for ever."""

    class Says(models.TextChoices):
        SAME = "same"
        NOT_SAME = "not_same"

    report = models.ForeignKey(Report, models.CASCADE, related_name="constraints")
    other = models.ForeignKey(Report, models.CASCADE, related_name="+")
    says = models.CharField(max_length=8, choices=Says.choices)
    decision = models.ForeignKey(Decision, models.CASCADE, null=True, blank=True, related_name="constraints")
    made_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["report", "other"], condition=Q(ended_at=None), name="constraint_once_at_a_time"
            ),
            models.CheckConstraint(name="constraint_ordered_pair", condition=Q(report__lt=F("other"))),
        ]

    def __str__(self) -> str:
        return f"{self.report} {self.says} {self.other}"


class View(models.Model):
    """A saved search of the queue."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="views")
    name = models.CharField(max_length=80)
    query = models.TextField()
    is_shared = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="view_name_once")]

    def __str__(self) -> str:
        return self.name


class Claim(models.Model):
    """Somebody is looking at an issue; others see it until the lease ends."""

    issue = models.OneToOneField(Issue, models.CASCADE, primary_key=True, related_name="claim")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="claims")
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.issue} claimed by {self.user}"
