"""What a report is about, its names, its versions, and where it came from."""

from typing import Self

from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone

from accounts.policy import Act, Actor, allows
from reports.vocabulary import Access, ArtifactKind, Relation

UNKNOWN = "unknown"  # the name of the one artifact that stands for "I don't know which"
UNLISTED = "unlisted"  # the org of names given without one


class ArtifactQuerySet(models.QuerySet["Artifact"]):
    def visible_to(self, actor: Actor) -> Self:
        """Artifacts with a page: somebody confirmed them. Triagers see the rest too."""
        if allows(actor, Act.SEE_UNPUBLISHED):
            return self
        return self.filter(confirmed_at__isnull=False, merged_into__isnull=True)

    def called(self, kind: str, org: str, name: str) -> Self:
        """By full name in any case; reads the index of the constraint that keeps names unique.

        The database lowers both sides: Python and PostgreSQL differ over "İ" and a final "Σ".
        """
        low = self.alias(low_org=Lower("org"), low_name=Lower("name"))
        return low.filter(kind=kind, low_org=Lower(Value(org)), low_name=Lower(Value(name)))

    def named(self, kind: str, name: str) -> Self:
        """By the part after the slash, in any case, whatever the org."""
        return self.alias(low_name=Lower("name")).filter(kind=kind, low_name=Lower(Value(name)))


class Artifact(models.Model):
    """A model, system or dataset.

    ``family`` is the stored root of what it was fine-tuned, quantised or merged from (itself, if nothing);
    it changes only by a lineage decision. Grouping never crosses families.
    """

    kind = models.CharField(max_length=8, choices=ArtifactKind.choices, default=ArtifactKind.MODEL)
    org = models.CharField(max_length=96)
    name = models.CharField(max_length=160)
    title = models.CharField(max_length=200, blank=True)
    developer = models.CharField(max_length=200, blank=True)
    deployer = models.CharField(max_length=200, blank=True)
    access = models.CharField(max_length=8, choices=Access.choices, blank=True)
    intended_use = models.TextField(blank=True)
    known_limitations = models.TextField(blank=True)
    data_collection = models.TextField(blank=True)
    card_url = models.URLField(max_length=500, blank=True)  # the model or data card those three are taken from
    family = models.ForeignKey("self", models.PROTECT, null=True, related_name="kin")
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="merged_from")
    confirmed_at = models.DateTimeField(null=True, blank=True)
    added_at = models.DateTimeField(default=timezone.now)

    objects = ArtifactQuerySet.as_manager()

    class Meta:
        ordering = ["org", "name"]
        constraints = [
            models.UniqueConstraint("kind", Lower("org"), Lower("name"), name="artifact_name_unique"),
            models.CheckConstraint(name="artifact_kind_known", condition=Q(kind__in=ArtifactKind.values)),
            models.CheckConstraint(name="artifact_named", condition=~Q(name="")),
            models.CheckConstraint(
                name="artifact_not_merged_into_itself", condition=Q(merged_into=None) | ~Q(merged_into=F("id"))
            ),
        ]
        indexes = [models.Index(Lower("name"), name="artifact_bare_name")]

    def __str__(self) -> str:
        return f"{self.org}/{self.name}" if self.org else self.name

    def get_absolute_url(self) -> str:
        return reverse("artifact", args=[f"{self.kind}s", self.org, self.name])

    @property
    def is_unknown(self) -> bool:
        return not self.org and self.name == UNKNOWN


class Alias(models.Model):
    """Another name people use for an artifact."""

    artifact = models.ForeignKey(Artifact, models.CASCADE, related_name="aliases")
    name = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint("artifact", Lower("name"), name="alias_once_per_artifact")]
        indexes = [models.Index(Lower("name"), name="alias_name")]

    def __str__(self) -> str:
        return self.name


class Version(models.Model):
    """A named release or revision. ``position`` orders releases; names never do."""

    artifact = models.ForeignKey(Artifact, models.CASCADE, related_name="versions")
    name = models.CharField(max_length=120)
    released_on = models.DateField(null=True, blank=True)
    position = models.IntegerField(null=True, blank=True)
    is_alias = models.BooleanField(default=False)

    class Meta:
        ordering = ["artifact", "position", "pk"]
        constraints = [
            models.UniqueConstraint("artifact", Lower("name"), name="version_once_per_artifact"),
            models.CheckConstraint(name="version_named", condition=~Q(name="")),
        ]

    def __str__(self) -> str:
        return self.name


class Lineage(models.Model):
    """One step from a parent artifact to a child."""

    child = models.ForeignKey(Artifact, models.CASCADE, related_name="parents")
    parent = models.ForeignKey(Artifact, models.CASCADE, related_name="children")
    relation = models.CharField(max_length=16, choices=Relation.choices)
    position = models.PositiveSmallIntegerField(default=0)  # of several parents of a merge, the first gives the family

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["child", "parent", "relation"], name="lineage_once"),
            models.CheckConstraint(name="lineage_not_of_itself", condition=~Q(child=F("parent"))),
            models.CheckConstraint(name="lineage_relation_known", condition=Q(relation__in=Relation.values)),
        ]

    def __str__(self) -> str:
        return f"{self.child} {self.relation} {self.parent}"
