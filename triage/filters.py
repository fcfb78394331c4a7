"""The search as a form: its commonest chips are fields. Text and fields say the same: to change one changes both."""

from collections.abc import Mapping
from typing import Any

import django_filters
from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from accounts.policy import Actor
from reports.models import Issue
from reports.models.issue import IssueQuerySet
from reports.vocabulary import Channel, ContextOfUse, Kind, Severity
from triage import search
from triage.search import Query

SEVERITIES = [
    (f">={severity.value}", severity.label) for severity in (Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL)
]
ASSIGNED = [("me", _("Assigned to me")), ("none", _("Not assigned"))]


class QueueFilter(django_filters.FilterSet):  # type: ignore[misc] # the library has no types
    """What the list may be narrowed to. ``q`` is the whole search; a field that is sent stands for its word in it.

    Bound to what is sent, its ``query`` is the search that is meant and ``qs`` what that finds. ``text`` belongs into
    the address instead, as ``?q=``, whenever one of ``FIELDS`` was sent. The form shows the query that is meant.
    """

    q = django_filters.CharFilter(label=_("Search"), method="narrow", widget=forms.SearchInput)
    artifact = django_filters.CharFilter(
        label=_("Artifact"), method="narrow", widget=forms.TextInput(attrs={"placeholder": "org/name"})
    )
    kind = django_filters.ChoiceFilter(
        label=_("Kind of failure"), choices=Kind.choices, method="narrow", empty_label=_("Any kind")
    )
    severity = django_filters.ChoiceFilter(
        label=_("Severity at least"), choices=SEVERITIES, method="narrow", empty_label=_("Any severity")
    )
    context = django_filters.ChoiceFilter(
        label=_("Context of use"), choices=ContextOfUse.choices, method="narrow", empty_label=_("Any context")
    )
    source = django_filters.ChoiceFilter(
        label=_("Came by"), choices=Channel.choices, method="narrow", empty_label=_("Any way")
    )
    assigned = django_filters.ChoiceFilter(
        label=_("Assigned to"), choices=ASSIGNED, method="narrow", empty_label=_("Anybody or nobody")
    )

    class Meta:
        model = Issue
        fields: list[str] = []

    def __init__(self, sent: Mapping[str, str], *, actor: Actor, default: str = search.WAITING) -> None:
        """``default``: the search where none was sent."""
        self.actor = actor
        self.query = with_fields(search.parse(sent.get("q", default)), sent)
        super().__init__(self.shown, queryset=Issue.objects.visible_to(actor))

    @property
    def shown(self) -> QueryDict:
        """The query as the fields show it: each its word's value, if there is one that it offers."""
        told = QueryDict(mutable=True)
        told["q"] = self.query.text
        for name in FIELDS:
            values = self.query.values(name)
            if len(values) == 1:
                told[name] = values[0]
        return told

    @property
    def qs(self) -> IssueQuerySet:
        """What the query finds: by the query alone, so that fields that offer less cannot narrow it otherwise."""
        return search.found(self.query, self.actor)

    def narrow(self, issues: IssueQuerySet, name: str, value: Any) -> IssueQuerySet:
        return issues


FIELDS = tuple(name for name in QueueFilter.base_filters if name != "q")


def with_fields(query: Query, sent: Mapping[str, str]) -> Query:
    """The query with the fields that were sent in place of what it asked of their words; an empty one takes it out."""
    for name in FIELDS:
        if name in sent:
            value = sent[name].replace('"', " ").strip()
            query = query.having(name, *([value] if value else []))
    return query
