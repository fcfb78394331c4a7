"""The append-only log: one event per act, numbered later by a sequencer, and the checkpoints over it."""

import secrets

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils import timezone


def random_key() -> bytes:
    """128 random bits, so that what an event says cannot be guessed from its commitment."""
    return secrets.token_bytes(16)


class Event(models.Model):
    """One line of the ledger, written in the same transaction as the act it tells of.

    ``subjects`` names what was touched as ``kind:id`` ("issue:12"); ``actor`` is a pseudonym, never a name.
    What the event says beyond that stands in its :class:`Payload`, which can be erased while this line stays.
    The sequencer gives it its number and ``commit``, which fixes what it says and is all that the public reads of it.
    From then on nothing changes: a trigger of the database sees to it (migration 0003). An event that is erased loses
    its ``key``.
    """

    sequence = models.BigIntegerField(null=True, editable=False)
    commit = models.BinaryField(null=True, editable=False)
    at = models.DateTimeField(default=timezone.now, editable=False)
    actor = models.CharField(max_length=40, editable=False)
    verb = models.CharField(max_length=40, editable=False)
    subjects = ArrayField(models.CharField(max_length=40), editable=False)
    key = models.BinaryField(default=random_key, editable=False)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["sequence"], name="event_sequence_unique"),
            models.CheckConstraint(name="event_sequence_positive", condition=Q(sequence__gte=0)),
            models.CheckConstraint(
                name="event_numbered_with_commitment",
                condition=Q(sequence=None, commit=None) | Q(sequence__isnull=False, commit__isnull=False),
            ),
            models.CheckConstraint(name="event_verb_given", condition=~Q(verb="")),
        ]
        indexes = [
            GinIndex(fields=["subjects"], name="event_subjects"),
            models.Index(fields=["at"], name="event_at"),
            models.Index(fields=["id"], name="event_unsequenced", condition=Q(sequence__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.verb} by {self.actor}"


class Payload(models.Model):
    """What an event says: ids, offsets, codes and dates, never the text of a report."""

    event = models.OneToOneField(Event, models.CASCADE, primary_key=True, related_name="payload")
    content = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"payload of event {self.event_id}"


class Checkpoint(models.Model):
    """A signed statement of how long the ledger was and what its root was."""

    size = models.BigIntegerField(unique=True)
    root = models.BinaryField()
    signed_note = models.TextField()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-size"]
        constraints = [models.CheckConstraint(name="checkpoint_size_positive", condition=Q(size__gte=0))]
        indexes = [models.Index(fields=["at"], name="checkpoint_at")]

    def __str__(self) -> str:
        return f"checkpoint at {self.size}"


class Tile(models.Model):
    """Hashes of the tree, 256 to a tile (``ledger.tree.tiles``); the last tile of each level grows until it is full."""

    level = models.PositiveSmallIntegerField()
    number = models.BigIntegerField()
    hashes = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["level", "number"], name="tile_once")]

    def __str__(self) -> str:
        return f"tile {self.number} of level {self.level}"
