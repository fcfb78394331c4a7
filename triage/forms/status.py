"""Forms of the moves that change an issue's status."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from reports.models import Artifact, Version
from reports.vocabulary import Dismissal, Resolution, Severity
from triage.forms.answering import AnswerTaken, named_in
from triage.forms.base import MoveForm, words_field
from triage.publication import TITLE_LENGTH


class ConfirmForm(MoveForm):
    public_title = words_field(
        _("Public title"),
        help_text=_("What the public reads. It starts as the summary of the oldest report that is not private."),
        most=TITLE_LENGTH,
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
    statement = words_field(
        _("What was done"),
        help_text=_("The public reads this beside the artifact. A fix needs it."),
        most=2_000,
        rows=2,
    )
    untested_reason = words_field(
        _("Why the fix could not be tried"),
        help_text=_("A fix counts once somebody tried again and it held, or a later version is out; else say why not."),
        most=500,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = named_in(self.issue)
        self.offer("artifact", named)
        self.versions = list(
            Version.objects.filter(artifact__in=named, is_alias=False).values_list("name", flat=True).distinct()[:50]
        )
        self.fields["fixed_in"].widget.attrs["list"] = "versions"


class DismissForm(MoveForm):
    reason = forms.ChoiceField(label=_("Reason"), choices=Dismissal.choices, widget=forms.RadioSelect)


class ReopenForm(MoveForm):
    pass
