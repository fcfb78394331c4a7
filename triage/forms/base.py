"""What all forms of moves share."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.policy import Actor
from reports.models import Issue, Report


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


class ReportForm(MoveForm):
    """For a move that one report makes, with nothing to be said about it."""

    report = forms.ModelChoiceField(queryset=Report.objects.none(), widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["report"].queryset = Report.objects.visible_to(self.actor)  # type: ignore[attr-defined] # a ModelChoiceField
