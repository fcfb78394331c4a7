"""What all forms of moves share."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.policy import Actor
from reports.models import Issue, Report

MOST_REVISION = 2_147_483_647  # what the column holds


class MoveForm(forms.Form):
    """Shared by all moves: the revision of the issue that the page showed, and a note that only triagers read."""

    revision = forms.IntegerField(required=False, min_value=0, max_value=MOST_REVISION, widget=forms.HiddenInput)
    note = forms.CharField(
        label=_("Note"),
        help_text=_("For triagers only."),
        max_length=2_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "dir": "auto"}),
    )

    def __init__(self, *args: Any, issue: Issue, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.issue = issue
        self.actor = actor
        self.fields["revision"].initial = issue.revision
        self.order_fields([name for name in self.fields if name != "note"])

    def told(self) -> dict[str, Any]:
        """The keyword arguments of ``decide``; what was left empty is left out."""
        return {name: value for name, value in self.cleaned_data.items() if value is not None and value != ""}


class ReportForm(MoveForm):
    """For a move that one report makes, with nothing to be said about it."""

    report = forms.ModelChoiceField(queryset=Report.objects.none(), widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["report"].queryset = Report.objects.visible_to(self.actor)  # type: ignore[attr-defined] # a ModelChoiceField
