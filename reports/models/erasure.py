"""That the words of a report be erased: asked for, proposed, decided, and how far it is."""

from typing import Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.policy import Act, Actor, allows
from reports.models.report import Report, read_by
from reports.vocabulary import ErasureAsker, ErasureBasis, ErasureLeft, ErasureRefusal


class ErasureQuerySet(models.QuerySet["Erasure"]):
    def visible_to(self, actor: Actor) -> Self:
        """Those who read the report, and of what names no report yet, the desk. A reporter's receipt asks by report."""
        if not allows(actor, Act.SEE_UNPUBLISHED):
            return self.none()
        readable = read_by(actor, "report__")
        return self.filter(Q(report=None) | readable) if readable else self.all()  # an empty condition bars nobody

    def waiting(self) -> Self:
        """For a person; those that follow from a setting wait for their day."""
        return self.filter(executed_at=None, refused_at=None)

    def unfinished(self) -> Self:
        """Words gone, and something else not yet."""
        return self.filter(executed_at__isnull=False, finished_at=None)

    def unanswered(self) -> Self:
        """Decided and done, and whoever left an address has not heard of it."""
        over = Q(finished_at__isnull=False) | Q(refused_at__isnull=False)
        return self.filter(over, sealed_address__isnull=False)


class Erasure(models.Model):
    """A report's erasure from being asked for to being done; decided on by two, where there are two.

    ``report`` is null while nobody has said which one somebody means who is no reporter. ``sealed_words`` is what was
    written with the request and ``sealed_address`` whom to tell of its end; both go with it. ``due_at`` is the day
    before which what follows from a setting does not happen. ``left`` names what is still to be taken away, so that
    whoever was killed in between goes on where it stopped.
    """

    report = models.ForeignKey(Report, models.CASCADE, null=True, blank=True, related_name="erasures")
    asked_by = models.CharField(max_length=8, choices=ErasureAsker.choices)
    basis = models.CharField(max_length=12, choices=ErasureBasis.choices, blank=True)
    sealed_words = models.BinaryField(null=True, editable=False)
    sealed_address = models.BinaryField(null=True, editable=False)
    asked_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(null=True, blank=True)
    proposer = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    proposed_at = models.DateTimeField(null=True, blank=True)
    decider = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    refused_at = models.DateTimeField(null=True, blank=True)
    refusal = models.CharField(max_length=16, choices=ErasureRefusal.choices, blank=True)
    executed_at = models.DateTimeField(null=True, blank=True)
    left = ArrayField(models.CharField(max_length=8, choices=ErasureLeft.choices), default=list, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = ErasureQuerySet.as_manager()

    class Meta:
        ordering = ["asked_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["report"], condition=Q(refused_at=None), name="erasure_once_at_a_time"),
            models.CheckConstraint(name="erasure_asker_known", condition=Q(asked_by__in=ErasureAsker.values)),
            models.CheckConstraint(
                name="erasure_basis_known", condition=Q(basis="") | Q(basis__in=ErasureBasis.values)
            ),
            models.CheckConstraint(
                name="erasure_refused_for_a_reason",
                condition=Q(refused_at=None, refusal="") | Q(refused_at__isnull=False) & ~Q(refusal=""),
            ),
            models.CheckConstraint(
                name="erasure_executed_of_something",
                condition=Q(executed_at=None, left=[], finished_at=None)
                | Q(executed_at__isnull=False, report__isnull=False, refused_at=None) & ~Q(basis=""),
            ),
            models.CheckConstraint(
                name="erasure_finished_once_nothing_is_left", condition=Q(finished_at=None) | Q(left=[])
            ),
            models.CheckConstraint(
                name="erasure_decided_before_it_is_done",
                condition=Q(executed_at=None) | Q(executed_at__gte=F("asked_at")),
            ),
        ]
        indexes = [
            models.Index(fields=["id"], name="erasure_waiting", condition=Q(executed_at=None, refused_at=None)),
            models.Index(
                fields=["id"], name="erasure_unfinished", condition=Q(executed_at__isnull=False, finished_at=None)
            ),
        ]

    def __str__(self) -> str:
        return f"erasure of {self.report_id}"

    @property
    def is_open(self) -> bool:
        return self.executed_at is None and self.refused_at is None
