"""A file of reports that somebody hands in, and how far it has come."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from accounts.policy import Actor
from reports.vocabulary import ImportFailure, ImportState

OPEN = (ImportState.UPLOADING, ImportState.WAITING, ImportState.RUNNING)
QUEUED = (ImportState.WAITING, ImportState.RUNNING)
ENDED = (ImportState.DONE, ImportState.CANCELLED, ImportState.FAILED)


class ImportQuerySet(models.QuerySet["Import"]):
    def visible_to(self, actor: Actor) -> Self:
        """One's own, and nobody else's, whatever office they hold: a log may hold what was never meant to be filed."""
        return self.filter(account=actor.user_id) if actor.user_id else self.none()

    def open(self) -> Self:
        return self.filter(state__in=OPEN)

    def queued(self) -> Self:
        return self.filter(state__in=QUEUED)


class Import(models.Model):
    """What another tool wrote down, sent here to be filed: bytes, then units, then reports.

    ``file`` is the random name of the bytes in ``FILES_DIR``, ``units`` that of what was read out of them; each is ""
    once they are gone, or before they are there. ``found`` is how many units the file holds, None until it has been
    read through. Of the units file ``position`` bytes are dealt with: each unit moves it in the transaction that files
    it, so that whoever is killed in between goes on where it stopped.
    """

    account = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="imports")
    format = models.CharField(max_length=16)
    name = models.CharField(max_length=200)
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    offset = models.BigIntegerField(default=0)  # bytes that have come
    options = models.JSONField(default=dict, blank=True)
    is_rehearsal = models.BooleanField(default=False)
    language = models.CharField(max_length=16, blank=True)  # of whoever reads why something was rejected

    state = models.CharField(max_length=12, choices=ImportState.choices, default=ImportState.UPLOADING)
    failure = models.CharField(max_length=12, choices=ImportFailure.choices, blank=True)
    why = models.CharField(max_length=500, blank=True)  # a sentence, where the failure alone does not say it
    file = models.CharField(max_length=48, blank=True)
    units = models.CharField(max_length=48, blank=True)
    reader = models.CharField(max_length=32, blank=True)  # names the worker that reads the file through
    readings = models.PositiveSmallIntegerField(default=0)  # times that one has begun
    bytes_read = models.BigIntegerField(default=0)
    found = models.PositiveIntegerField(null=True, blank=True)
    position = models.BigIntegerField(default=0)
    filed = models.PositiveIntegerField(default=0)
    already_here = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    passed = models.PositiveIntegerField(default=0)
    distinct_new = models.PositiveIntegerField(null=True, blank=True)  # failures that a rehearsal found to be new

    made_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = ImportQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(name="import_state_known", condition=Q(state__in=ImportState.values)),
            models.CheckConstraint(
                name="import_failed_for_a_reason",
                condition=Q(state=ImportState.FAILED, failure__in=ImportFailure.values)
                | ~Q(state=ImportState.FAILED) & Q(failure=""),
            ),
            models.CheckConstraint(
                name="import_offset_within_size", condition=Q(offset__gte=0, offset__lte=F("size"), size__gt=0)
            ),
            models.CheckConstraint(
                name="import_whole_before_it_runs",
                condition=Q(offset=F("size"))
                | Q(state__in=[ImportState.UPLOADING, ImportState.CANCELLED, ImportState.FAILED]),
            ),
            models.CheckConstraint(
                name="import_ended_has_a_date",
                condition=Q(state__in=ENDED, ended_at__isnull=False) | ~Q(state__in=ENDED) & Q(ended_at=None),
            ),
        ]
        indexes = [
            models.Index(fields=["id"], name="import_queued", condition=Q(state__in=["waiting", "running"])),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.format})"

    def get_absolute_url(self) -> str:
        return reverse("import_progress", args=[self.pk])

    @property
    def read(self) -> int:
        """Units dealt with so far."""
        return self.filed + self.already_here + self.rejected + self.passed

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def percent(self) -> int:
        """How far it is, 0 to 100, once all bytes are here: reading the file is the first half."""
        if self.state == ImportState.DONE:
            return 100
        if self.found is None:
            return min(50, 50 * self.bytes_read // self.size)
        return 50 + (50 * self.read // self.found if self.found else 50)


class RehearsedFailure(models.Model):
    """A failure that a rehearsal has met, by what tells it from others; gone once the rehearsal has ended."""

    of = models.ForeignKey(Import, models.CASCADE, related_name="rehearsed")
    digest = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["of", "digest"], name="rehearsed_failure_once")]

    def __str__(self) -> str:
        return f"a failure of {self.of_id}"


class ImportReject(models.Model):
    """One thing of an import that was not filed, and why. Only so many of an import are kept; all are counted."""

    of = models.ForeignKey(Import, models.CASCADE, related_name="rejects")
    line = models.PositiveIntegerField()
    reason = models.CharField(max_length=500)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"
