"""What a reader may narrow the public record by: the same in the address of a page and in the API."""

import re
from collections.abc import Iterable
from typing import Any

import django_filters
from django import forms
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.actors import actor_of
from accounts.policy import Act, Actor, allows
from reports.converters import IssueNumber
from reports.groups import STATES
from reports.models import Affected, Artifact, Issue, Signal, Version
from reports.models.issue import AffectedQuerySet, IssueQuerySet
from reports.published import search
from reports.record import OPEN_HERE, RESOLVED_HERE, latest_first, on_record
from reports.vocabulary import Access, ArtifactKind, ContextOfUse, Kind, LifecycleStage, Resolution, Severity, Status

OPEN = "open"
LATEST, NEWEST = "latest", "newest"  # orders
RECORD_STATES = [(OPEN, _("Open")), (Status.RESOLVED.value, _("Resolved"))]
ALL_STATES = [(OPEN, _("Open")), *Status.choices]
NUMBER = re.compile(IssueNumber.regex, re.IGNORECASE)
LONGEST_SEARCH = 200  # characters
MOST_WORDS = 8
DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


def words_in(typed: str) -> list[str]:
    return typed.split()[:MOST_WORDS]


class Days(forms.Form):
    """Whole days in UTC, the first and the last; either may be left open."""

    since = forms.DateField(label=_("From (UTC)"), required=False, widget=DAY)
    until = forms.DateField(label=_("To (UTC)"), required=False, widget=DAY)

    def clean(self) -> dict[str, Any]:
        since, until = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        if since and until and until < since:
            self.add_error("until", _("This is before the first day."))
        return self.cleaned_data


class AskedForm(forms.Form):
    """Says of a choice that is none which there are, in the words in which they are asked."""

    def full_clean(self) -> None:
        for field in self.fields.values():
            if isinstance(field, forms.ChoiceField):
                pairs: Iterable[tuple[Any, Any]] = field.choices  # type: ignore[assignment] # a filter's are a list
                known = ", ".join(str(code) for code, _words in pairs if code)
                sentence = gettext("“{input}” is not one of the answers. Choose one of: {known}.")
                field.error_messages["invalid_choice"] = sentence.format(input="%(value)s", known=known)
        super().full_clean()


class AskedFilter(django_filters.FilterSet):  # type: ignore[misc] # comes without types
    """Knows who asks: whoever made the request, unless it is said for whom the answer is.

    What was not understood finds nothing: to leave half of a question out would be a lie. Pages tell it beside the
    field (``RARE`` are those that stand folded away), the API answers 400.
    """

    RARE: tuple[str, ...] = ()

    class Meta:
        form = AskedForm

    q = django_filters.CharFilter(method="with_words", label=_("Words"), max_length=LONGEST_SEARCH)

    def __init__(self, *args: Any, actor: Actor | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.reader = actor

    @property
    def actor(self) -> Actor:
        return self.reader or actor_of(self.request)

    @property
    def is_narrowed(self) -> bool:
        """Whether anything was asked for but an order."""
        return any(self.form.data.get(name) for name in self.form.fields if name != "order")

    @property
    def is_folded(self) -> bool:
        """Whether what is seldom asked for was not asked for."""
        return not any(self.form.data.get(name) for name in self.RARE)

    def filter_queryset(self, rows: "QuerySet[Any]") -> "QuerySet[Any]":
        """Words come last but for the order: they choose among what the other questions leave."""
        if self.form.errors:
            return rows.none()
        for name in sorted(self.form.cleaned_data, key=("q", "order").__contains__):
            rows = self.filters[name].filter(rows, self.form.cleaned_data[name])
        return rows


class IssueFilter(AskedFilter):
    """``artifact`` is a full name, "org/name"; artifacts the reader may not see never match."""

    state = django_filters.ChoiceFilter(choices=ALL_STATES, method="in_state", label=_("State"))
    kind = django_filters.ChoiceFilter(choices=Kind.choices, label=_("Kind of failure"))
    artifact_kind = django_filters.ChoiceFilter(choices=ArtifactKind.choices, method="of_kind", label=_("Found in"))
    artifact = django_filters.CharFilter(method="of_artifact", label=_("Artifact"), max_length=260)
    severity = django_filters.ChoiceFilter(choices=Severity.choices, label=_("Severity"))
    context_of_use = django_filters.ChoiceFilter(choices=ContextOfUse.choices, label=_("Context of use"))
    developer = django_filters.CharFilter(method="of_developer", label=_("Developer"), max_length=LONGEST_SEARCH)

    class Meta(AskedFilter.Meta):
        model = Issue
        fields: list[str] = []

    def in_state(self, issues: IssueQuerySet, name: str, state: str) -> IssueQuerySet:
        return issues.open() if state == OPEN else issues.filter(status=state)

    def of_kind(self, issues: IssueQuerySet, name: str, kind: str) -> IssueQuerySet:
        return self.naming(issues, artifact__kind=kind)

    def of_artifact(self, issues: IssueQuerySet, name: str, typed: str) -> IssueQuerySet:
        org, _slash, name = typed.rpartition("/")
        return self.naming(issues, artifact__org__iexact=org, artifact__name__iexact=name)

    def of_developer(self, issues: IssueQuerySet, name: str, typed: str) -> IssueQuerySet:
        return self.naming(issues, made_by(typed, "artifact__"))

    def naming(self, issues: IssueQuerySet, *asked: Q, **which: str) -> IssueQuerySet:
        rows = Affected.objects.visible_to(self.actor).filter(*asked, **which)
        return issues.filter(pk__in=rows.values("issue"))

    def with_words(self, issues: IssueQuerySet, name: str, typed: str) -> IssueQuerySet:
        """What the public text says, best first; a number is just that issue.

        Whoever sees what is not public finds that as well, by words of its title and summary, after the rest.
        """
        if NUMBER.fullmatch(typed):
            return issues.filter(number=typed.upper())
        found = search(typed, among=issues)
        if not allows(self.actor, Act.SEE_UNPUBLISHED):
            return found
        hidden = issues.filter(public_text=None)
        for word in words_in(typed):
            hidden = hidden.filter(Q(public_title__icontains=word) | Q(public_summary__icontains=word))
        return found | hidden


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
    severity = django_filters.ChoiceFilter(choices=Severity.choices, label=_("Severity"), empty_label=_("Any"))
    context_of_use = django_filters.ChoiceFilter(
        choices=ContextOfUse.choices, label=_("Context of use"), empty_label=_("Any")
    )
    order = django_filters.ChoiceFilter(
        choices=[("latest", _("Latest decision first"))],
        method="ordered",
        label=_("Order"),
        empty_label=_("Best match"),
    )
    RARE = ("severity", "context_of_use", "developer")

    def ordered(self, issues: IssueQuerySet, name: str, order: str) -> IssueQuerySet:
        return latest_first(issues)


def made_by(typed: str, artifact: str = "") -> Q:
    """Of rows that lead to an artifact: its org, or its developer, is called just so."""
    return Q(**{f"{artifact}org__iexact": typed}) | Q(**{f"{artifact}developer__iexact": typed})


class ArtifactFilter(AskedFilter):
    developer = django_filters.CharFilter(method="of_developer", label=_("Developer"), max_length=LONGEST_SEARCH)
    access = django_filters.ChoiceFilter(choices=Access.choices, label=_("Access"), empty_label=_("Any"))

    class Meta(AskedFilter.Meta):
        model = Artifact
        fields: list[str] = []

    def of_developer(self, artifacts: "QuerySet[Artifact]", name: str, typed: str) -> "QuerySet[Artifact]":
        return artifacts.filter(made_by(typed))

    def with_words(self, artifacts: "QuerySet[Artifact]", name: str, typed: str) -> "QuerySet[Artifact]":
        """Artifacts one of whose names holds each of the words."""
        for word in words_in(typed):
            asked = Q()
            for told in ("org", "name", "title", "developer", "aliases__name"):
                asked |= Q(**{f"{told}__icontains": word})
            artifacts = artifacts.filter(
                pk__in=Artifact.objects.filter(asked).values("pk")
            )  # one row, however many fit
        return artifacts


class DirectoryFilter(ArtifactFilter):
    """The directory, which also has an order. There is none by count: this is not a ranking."""

    issues = django_filters.ChoiceFilter(
        choices=[("open", _("Some open")), ("resolved", _("Some resolved")), ("none", _("None on record"))],
        method="having",
        label=_("Issues"),
        empty_label=_("Any"),
    )
    order = django_filters.ChoiceFilter(
        choices=[(LATEST, _("Latest decision first")), (NEWEST, _("Newest page first"))],
        method="ordered",
        label=_("Order"),
        empty_label=_("By name"),
    )

    def having(self, artifacts: "QuerySet[Artifact]", name: str, which: str) -> "QuerySet[Artifact]":
        of_it = on_record(self.actor).filter(artifact=OuterRef("pk"))
        if which == "none":
            return artifacts.filter(~Exists(of_it))
        return artifacts.filter(Exists(of_it.filter(OPEN_HERE if which == "open" else RESOLVED_HERE)))

    def ordered(self, artifacts: "QuerySet[Artifact]", name: str, order: str) -> "QuerySet[Artifact]":
        if order == NEWEST:
            return artifacts.order_by(F("confirmed_at").desc(nulls_last=True), "-pk")
        return artifacts.order_by(F("latest_at").desc(nulls_last=True), "org", "name")


class SignalFilter(AskedFilter):
    """Early warnings. ``artifact`` is a full name, of those the reader may see."""

    q = None
    state = django_filters.ChoiceFilter(choices=Signal.State.choices, label=_("State"))
    tier = django_filters.ChoiceFilter(choices=Signal.Tier.choices, label=_("Tier"))
    artifact = django_filters.CharFilter(method="of_artifact", label=_("Artifact"), max_length=260)

    class Meta(AskedFilter.Meta):
        model = Signal
        fields: list[str] = []

    def of_artifact(self, signals: "QuerySet[Signal]", name: str, typed: str) -> "QuerySet[Signal]":
        org, _slash, name = typed.rpartition("/")
        called = Artifact.objects.visible_to(self.actor).filter(org__iexact=org, name__iexact=name)
        return signals.filter(artifact__in=called)


STATED_USE = {"inside": True, "outside": False}


class FoundFilter(AskedFilter):
    """The issues of one artifact, as rows of Affected: how it stands in each. ``versions`` are its releases by name."""

    q = None
    state = django_filters.ChoiceFilter(
        choices=[
            ("open", _("Open")),
            ("acknowledged", _("Open, acknowledged")),
            ("disputed", _("Open, disputed")),
            ("resolved", _("Resolved")),
            ("not_reproduced", _("Not reproduced")),
            ("not_affected", _("Not affected")),
        ],
        method="in_state",
        label=_("State"),
        empty_label=_("Any"),
    )
    kind = django_filters.ChoiceFilter(
        field_name="issue__kind", choices=Kind.choices, label=_("Kind of failure"), empty_label=_("Any")
    )
    severity = django_filters.ChoiceFilter(
        field_name="issue__severity", choices=Severity.choices, label=_("Severity"), empty_label=_("Any")
    )
    context_of_use = django_filters.ChoiceFilter(
        field_name="issue__context_of_use",
        choices=ContextOfUse.choices,
        label=_("Context of use"),
        empty_label=_("Any"),
    )
    lifecycle_stage = django_filters.ChoiceFilter(
        field_name="issue__lifecycle_stage",
        choices=LifecycleStage.choices,
        label=_("Lifecycle stage"),
        empty_label=_("Any"),
    )
    version = django_filters.ChoiceFilter(method="in_version", label=_("Version"), empty_label=_("Any"))
    stated_use = django_filters.ChoiceFilter(
        choices=[("inside", _("Inside it")), ("outside", _("Outside it"))],
        method="in_stated_use",
        label=_("Stated use"),
        empty_label=_("Any"),
    )
    resolution = django_filters.ChoiceFilter(choices=Resolution.choices, label=_("What was done"), empty_label=_("Any"))

    class Meta(AskedFilter.Meta):
        model = Affected
        fields: list[str] = []

    def __init__(self, *args: Any, versions: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.filters["version"].extra["choices"] = [(name, name) for name in versions]

    def in_state(self, rows: AffectedQuerySet, name: str, state: str) -> AffectedQuerySet:
        return rows.filter(STATES[state])

    def in_stated_use(self, rows: AffectedQuerySet, name: str, stated: str) -> AffectedQuerySet:
        return rows.filter(issue__in_stated_use=STATED_USE[stated])

    def in_version(self, rows: AffectedQuerySet, name: str, version: str) -> AffectedQuerySet:
        """Seen or fixed in it, as far as anybody has said: by the order of releases, never by their names."""
        of_it = Version.objects.filter(artifact=OuterRef("artifact"), name=version).values("position")[:1]
        place = Subquery(of_it)
        since = Q(introduced_in__position__lte=place)
        until = Q(last_affected=None) | Q(last_affected__position__gte=place)
        before = Q(fixed_in=None) | Q(fixed_in__position__gt=place)
        named = Q(introduced_in__name=version) | Q(last_affected__name=version) | Q(fixed_in__name=version)
        return rows.filter(named | (since & until & before))
