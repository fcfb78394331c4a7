"""What the page of an artifact tells as a whole, worked out once, and how it is known to have changed since."""

from django.db import models
from django.db.models import F
from django.db.models.functions import Now

from reports.models.artifact import Artifact


class AbstractQuerySet(models.QuerySet["Abstract"]):
    def current(self) -> models.QuerySet["Abstract"]:
        """Those that still hold: nothing stirred since. An embargo that is lifted stirs as any other change does."""
        stirred = Stir.objects.filter(artifact=models.OuterRef("pk"))
        return self.filter(~models.Exists(stirred))


class Abstract(models.Model):
    """The numbers and names on the page of an artifact as everybody may read it, without a word in any language.

    Follows from rows that everybody may see, and from the day; only ``reports.abstracts`` writes it. ``stamp`` is a
    digest of all that the page and its further pages tell. Never the gate: whether there is a page is asked anew.
    """

    artifact = models.OneToOneField(Artifact, models.CASCADE, primary_key=True, related_name="abstract")
    serial = models.PositiveIntegerField(default=0)  # counts writes: who read rows before another did writes nothing
    stamp = models.CharField(max_length=64)
    told = models.JSONField()
    day = models.DateField()  # UTC
    modified_at = models.DateTimeField(null=True)

    objects = AbstractQuerySet.as_manager()

    def __str__(self) -> str:
        return f"abstract of {self.artifact_id}"


class Stir(models.Model):
    """Something changed that the page of an artifact might tell. Added by triggers of the database, in the
    transaction of the change, so that whoever sees the change sees this; taken away by whoever has looked.

    It may be of a hidden row as well, and says nothing of it: the abstract made anew is the same then.
    """

    artifact = models.ForeignKey(Artifact, models.DO_NOTHING, related_name="+", db_constraint=False)
    act = models.BigIntegerField()  # of which transaction; one row each is enough
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(F("artifact"), F("act"), name="stir_once")]

    def __str__(self) -> str:
        return f"stir of {self.artifact_id}"
