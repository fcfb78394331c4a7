"""Forms of the moves that change an issue's status."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from reports.models import Artifact, Version
from reports.vocabulary import Dismissal, Resolution, Severity
from triage.forms.answering import AnswerTaken
from triage.forms.base import MoveForm
from triage.publication import TITLE_LENGTH


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


class ResolveForm(AnswerTaken):
    reason = forms.ChoiceField(label=_("How it ended"), choices=Resolution.choices)
    artifact = forms.ModelChoiceField(
        label=_("For"), queryset=Artifact.objects.none(), required=False, empty_label=_("Everything affected")
    )
    fixed_in = forms.CharField(
        label=_("Fixed in version"), help_text=_("For a fix only."), max_length=120, required=False
    )
    statement = forms.CharField(
        label=_("What was done"),
        help_text=_("The public reads this beside the artifact. A fix needs it."),
        max_length=2_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "dir": "auto"}),
    )
    untested_reason = forms.CharField(
        label=_("Why the fix could not be tried"),
        help_text=_("A fix counts once somebody tried again and it held, or a later version is out; else say why not."),
        max_length=500,
        required=False,
        widget=forms.TextInput(attrs={"dir": "auto"}),
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
