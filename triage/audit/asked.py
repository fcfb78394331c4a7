"""What an audit is asked for: whose acts, which, about what, when; found in the order of the ledger, newest first."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.db.models import BigIntegerField, Exists, OuterRef, Q
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Grant, Role
from ledger.models import Event
from ledger.record import subject
from reports.decided import within
from reports.filters import Days
from reports.models import Affected, Artifact, Issue
from triage.audit.lines import NAMED
from triage.audit.people import OF_REPORTERS, Staff
from triage.models import Decision
from triage.moves import MOVES, Verb

LARGEST = 2**63 - 1
# Acts that only somebody apart may do: neither who reported, nor who answers for it, nor whoever did the first half.
APART = {str(verb) for verb, move in MOVES.items() if move.apart} | {"erase", "lend_evidence", "approve_request"}


class AuditForm(Days):
    field_order = ("by", "role", "act", "issue", "artifact", "since", "until")

    by = forms.CharField(label=gettext_lazy("By whom"), max_length=40, required=False)
    role = forms.ChoiceField(label=gettext_lazy("Role"), required=False)
    act = forms.ChoiceField(label=gettext_lazy("Act"), required=False)
    issue = forms.CharField(label=gettext_lazy("Issue"), max_length=19, required=False)
    artifact = forms.CharField(label=gettext_lazy("Artifact"), max_length=200, required=False)
    undone = forms.BooleanField(label=gettext_lazy("Undone since"), required=False)
    apart = forms.BooleanField(label=gettext_lazy("Only by somebody apart"), required=False)
    before = forms.IntegerField(min_value=0, max_value=LARGEST, required=False, widget=forms.HiddenInput)

    def __init__(self, asked: Mapping[str, Any]) -> None:
        super().__init__(asked, label_suffix="")
        anyone: list[tuple[str, Any]] = [("", _("Any"))]
        acts = sorted(((verb, str(words)) for verb, words in NAMED.items()), key=lambda pair: pair[1].casefold())
        self.fields["role"].choices = [*anyone, *Role.choices]  # type: ignore[attr-defined] # a ChoiceField
        self.fields["act"].choices = [*anyone, *acts]  # type: ignore[attr-defined] # a ChoiceField

    def clean_by(self) -> str:
        """Only who may be told apart can be asked for: else a pseudonym would lead to what a reporter did."""
        by: str = self.cleaned_data["by"].strip()
        if by and by not in Staff(pseudonyms=[by]).held:
            raise forms.ValidationError(_("Nobody with a role is called that."), code="by")
        return by

    def clean_issue(self) -> Issue | None:
        named: str = self.cleaned_data["issue"].strip()
        if not named:
            return None
        found = issue_named(named)
        if found is None:
            raise forms.ValidationError(_("There is no such issue."), code="issue")
        return found

    def clean_artifact(self) -> Artifact | None:
        named: str = self.cleaned_data["artifact"].strip().strip("/")
        if not named:
            return None
        *_kind, org, name = ["", *named.split("/")] if "/" in named else ["", "", ""]
        found = Artifact.objects.filter(org=org, name=name).exclude(org="").first()
        if found is None:
            raise forms.ValidationError(_("There is no artifact of that name."), code="artifact")
        return found

    def found(self) -> Any:
        """Events of a form that is valid, the newest first, without regard to the page."""
        asked = self.cleaned_data
        events = Event.objects.filter(_about(asked), within(asked["since"], asked["until"]))
        if asked["by"]:
            events = events.filter(actor=asked["by"]).exclude(verb__in=OF_REPORTERS)
        if asked["role"]:
            held = Grant.objects.filter(role=asked["role"]).values("user__pseudonym")
            events = events.filter(actor__in=list(held.values_list("user__pseudonym", flat=True).distinct()))
            events = events.exclude(verb__in=OF_REPORTERS)
        if asked["act"]:
            events = events.filter(verb=asked["act"])
        if asked["apart"]:
            events = events.filter(verb__in=APART)
        if asked["undone"]:
            made = Cast(KeyTextTransform("decision", "payload__content"), BigIntegerField())
            undone = Decision.objects.filter(undone_by__isnull=False, pk=OuterRef("made"))
            events = events.exclude(verb=Verb.UNDO).annotate(made=made).filter(Exists(undone))
        return events.select_related("payload").order_by("-pk")

    def page(self, size: int) -> tuple[list[Event], int | None]:
        """As many as fit a page, and where the next begins."""
        before = self.cleaned_data["before"]
        events = self.found() if before is None else self.found().filter(pk__lt=before)
        some = list(events[: size + 1])
        return some[:size], some[size - 1].pk if len(some) > size else None


def issue_named(named: str) -> Issue | None:
    """By number, or by id, which is all that one has which waits."""
    if named.isascii() and named.isdecimal() and len(named) < 19:
        return Issue.objects.filter(pk=int(named)).first()
    return Issue.objects.filter(number=named.upper()).first()


def _about(asked: dict[str, Any]) -> Q:
    about = Q()
    if issue := asked["issue"]:
        about &= Q(subjects__contains=[subject(issue)])
    if artifact := asked["artifact"]:
        issues = Affected.objects.filter(artifact=artifact).values_list("issue", flat=True)
        about &= Q(subjects__overlap=[subject(artifact), *(f"issue:{pk}" for pk in issues)])
    return about
