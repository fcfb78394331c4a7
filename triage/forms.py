"""What each move asks of a person. A form turns what was typed into what ``triage.decisions.decide`` is told."""

import re
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.policy import Actor
from reports.models import Artifact, Issue, Report, Version
from reports.vocabulary import Dismissal, Resolution, Severity
from triage.models import Proposal
from triage.moves import Verb, proposals_about
from triage.publication import TITLE_LENGTH

NUMBER = re.compile(r"TT-\d{4}-\d{5,}", re.IGNORECASE)
DIGITS = re.compile(r"\d{1,18}(?=/?$)")


class MoveForm(forms.Form):
    """Shared by all moves: a note, which triagers read and nobody else."""

    note = forms.CharField(
        label=_("Note"), help_text=_("For triagers only."), required=False, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, issue: Issue, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.issue = issue
        self.actor = actor
        self.order_fields([name for name in self.fields if name != "note"])

    def told(self) -> dict[str, Any]:
        """The keyword arguments of ``decide``; what was left empty is left out."""
        return {name: value for name, value in self.cleaned_data.items() if value}


class ConfirmForm(MoveForm):
    public_title = forms.CharField(
        label=_("Public title"),
        help_text=_("What the public reads. It starts as the summary of the oldest report that is not private."),
        max_length=TITLE_LENGTH,
        required=False,
        widget=forms.TextInput(attrs={"dir": "auto"}),
    )
    severity = forms.ChoiceField(
        label=_("Severity"), choices=[("", _("As reporters said")), *Severity.choices], required=False
    )


class ResolveForm(MoveForm):
    reason = forms.ChoiceField(label=_("How it ended"), choices=Resolution.choices)
    artifact = forms.ModelChoiceField(
        label=_("For"), queryset=Artifact.objects.none(), required=False, empty_label=_("Everything affected")
    )
    fixed_in = forms.CharField(
        label=_("Fixed in version"), help_text=_("For a fix only."), max_length=120, required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = Artifact.objects.filter(affected__issue=self.issue).exclude(org="")
        self.fields["artifact"].queryset = named  # type: ignore[attr-defined] # a ModelChoiceField
        self.versions = list(
            Version.objects.filter(artifact__in=named, is_alias=False).values_list("name", flat=True).distinct()[:50]
        )
        self.fields["fixed_in"].widget.attrs["list"] = "versions"


class DismissForm(MoveForm):
    reason = forms.ChoiceField(label=_("Reason"), choices=Dismissal.choices, widget=forms.RadioSelect)


class ReopenForm(MoveForm):
    pass


class LookForm(MoveForm):
    pass


class RefuseForm(MoveForm):
    proposal = forms.ModelChoiceField(queryset=Proposal.objects.none(), widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["proposal"].queryset = proposals_about(self.issue)  # type: ignore[attr-defined] # a ModelChoiceField


class ReportForm(MoveForm):
    """For a move that one report makes, with nothing to be said about it."""

    report = forms.ModelChoiceField(queryset=Report.objects.none(), widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["report"].queryset = Report.objects.visible_to(self.actor)  # type: ignore[attr-defined] # a ModelChoiceField


class PlaceForm(ReportForm):
    target = forms.CharField(label=_("Issue"), help_text=_("Its number, or the address of its page."), max_length=300)

    def clean_target(self) -> Issue:
        """The issue meant by a number, an id, or the address of either page."""
        typed = str(self.cleaned_data["target"]).strip()
        issues = Issue.objects.visible_to(self.actor)
        if number := NUMBER.search(typed):
            found = issues.filter(number__iexact=number[0]).first()
        elif digits := DIGITS.search(typed.partition("?")[0].partition("#")[0]):
            found = issues.filter(pk=int(digits[0])).first()
        else:
            found = None
        if found is None:
            raise forms.ValidationError(_("There is no such issue."))
        return found.merged_into or found


FORMS: Mapping[str, type[MoveForm]] = {
    Verb.CONFIRM: ConfirmForm,
    Verb.RESOLVE: ResolveForm,
    Verb.DISMISS: DismissForm,
    Verb.REOPEN: ReopenForm,
    Verb.PLACE: PlaceForm,
    Verb.KEEP: ReportForm,
    Verb.PART: ReportForm,
    Verb.LOOK: LookForm,
    Verb.REFUSE: RefuseForm,
}
