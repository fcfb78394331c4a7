"""What a reader may narrow the public record by: the same in the address of a page and in the API."""

from typing import Any

import django_filters
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.actors import actor_of
from accounts.policy import Actor
from reports.models import Affected, Artifact, Issue
from reports.models.issue import IssueQuerySet
from reports.vocabulary import Access, ArtifactKind, Kind, Status

OPEN = "open"
RECORD_STATES = [(OPEN, _("Open")), (Status.RESOLVED.value, _("Resolved"))]
ALL_STATES = [(OPEN, _("Open")), *Status.choices]
LONGEST_SEARCH = 200  # characters
MOST_WORDS = 8


def words_in(typed: str) -> list[str]:
    return typed.split()[:MOST_WORDS]


class AskedFilter(django_filters.FilterSet):  # type: ignore[misc] # comes without types
    """Knows who asks: whoever made the request, unless it is said for whom the answer is."""

    q = django_filters.CharFilter(method="with_words", label=_("Words"), max_length=LONGEST_SEARCH)

    def __init__(self, *args: Any, actor: Actor | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.reader = actor

    @property
    def actor(self) -> Actor:
        return self.reader or actor_of(self.request)

    def with_words(self, rows: "QuerySet[Any]", name: str, typed: str) -> "QuerySet[Any]":
        """Rows in which every word stands somewhere a reader can see it."""
        for word in words_in(typed):
            rows = rows.filter(self.shows(word))
        return rows

    def shows(self, word: str) -> Q:
        raise NotImplementedError


class IssueFilter(AskedFilter):
    """``artifact`` is a full name, "org/name"; artifacts the reader may not see never match."""

    state = django_filters.ChoiceFilter(choices=ALL_STATES, method="in_state", label=_("State"))
    kind = django_filters.ChoiceFilter(choices=Kind.choices, label=_("Kind of failure"))
    artifact_kind = django_filters.ChoiceFilter(choices=ArtifactKind.choices, method="of_kind", label=_("Found in"))
    artifact = django_filters.CharFilter(method="of_artifact", label=_("Artifact"), max_length=260)

    class Meta:
        model = Issue
        fields: list[str] = []

    def in_state(self, issues: IssueQuerySet, name: str, state: str) -> IssueQuerySet:
        return issues.open() if state == OPEN else issues.filter(status=state)

    def of_kind(self, issues: IssueQuerySet, name: str, kind: str) -> IssueQuerySet:
        return self.naming(issues, artifact__kind=kind)

    def of_artifact(self, issues: IssueQuerySet, name: str, typed: str) -> IssueQuerySet:
        org, _slash, name = typed.rpartition("/")
        return self.naming(issues, artifact__org__iexact=org, artifact__name__iexact=name)

    def naming(self, issues: IssueQuerySet, **which: str) -> IssueQuerySet:
        rows = Affected.objects.visible_to(self.actor).filter(**which)
        return issues.filter(pk__in=rows.values("issue"))

    def shows(self, word: str) -> Q:
        named = Q(artifact__name__icontains=word) | Q(artifact__org__icontains=word)
        rows = Affected.objects.visible_to(self.actor).filter(named)
        told = Q(public_title__icontains=word) | Q(public_summary__icontains=word) | Q(number__iexact=word)
        return told | Q(pk__in=rows.values("issue"))


class RecordFilter(IssueFilter):
    """The list of issues with pages: the states that a published issue can have."""

    state = django_filters.ChoiceFilter(
        choices=RECORD_STATES, method="in_state", label=_("State"), empty_label=_("Any")
    )
    kind = django_filters.ChoiceFilter(choices=Kind.choices, label=_("Kind of failure"), empty_label=_("Any"))
    artifact_kind = django_filters.ChoiceFilter(
        choices=ArtifactKind.choices, method="of_kind", label=_("Found in"), empty_label=_("Any")
    )
    artifact = None


class ArtifactFilter(AskedFilter):
    access = django_filters.ChoiceFilter(choices=Access.choices, label=_("Access"), empty_label=_("Any"))

    class Meta:
        model = Artifact
        fields: list[str] = []

    def shows(self, word: str) -> Q:
        names = ("org", "name", "title", "developer", "aliases__name")
        asked = Q()
        for name in names:
            asked |= Q(**{f"{name}__icontains": word})
        return Q(pk__in=Artifact.objects.filter(asked).values("pk"))  # one row each, however many aliases match


class DirectoryFilter(ArtifactFilter):
    """The directory, which also has an order. There is none by count: this is not a ranking."""

    order = django_filters.ChoiceFilter(
        choices=[("latest", _("Latest decision first"))], method="ordered", label=_("Order"), empty_label=_("By name")
    )

    def ordered(self, artifacts: "QuerySet[Artifact]", name: str, order: str) -> "QuerySet[Artifact]":
        return artifacts.order_by(F("latest_at").desc(nulls_last=True), "org", "name")
