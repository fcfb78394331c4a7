"""What all forms of moves share."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.policy import Actor
from reports.models import Issue, Report

MOST_REVISION = 2_147_483_647  # what the column holds


def words_field(
    label: Any, *, most: int, least: int | None = None, rows: int = 1, required: bool = False, help_text: Any = ""
) -> forms.CharField:
    """What somebody writes, in whichever direction it runs: on one line, or on several."""
    drawn = forms.TextInput(attrs={"dir": "auto"}) if rows == 1 else forms.Textarea(attrs={"rows": rows, "dir": "auto"})
    return forms.CharField(
        label=label, help_text=help_text, min_length=least, max_length=most, required=required, widget=drawn
    )


class NotedForm(forms.Form):
    """For a decision: with a note that only triagers read, asked last."""

    note = words_field(_("Note"), help_text=_("For triagers only."), most=2_000, rows=2)

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor = actor
        self.order_fields([name for name in self.fields if name != "note"])

    @property
    def sentences(self) -> list[str]:
        """All that is wrong with it."""
        return [str(sentence) for errors in self.errors.values() for sentence in errors]

    def offer(self, name: str, rows: "QuerySet[Any]") -> None:
        """What the field of that name chooses from."""
        self.fields[name].queryset = rows  # type: ignore[attr-defined] # a ModelChoiceField


class MoveForm(NotedForm):
    """Shared by all moves: the revision of the issue that the page showed."""

    revision = forms.IntegerField(required=False, min_value=0, max_value=MOST_REVISION, widget=forms.HiddenInput)

    def __init__(self, *args: Any, issue: Issue, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.issue = issue
        self.fields["revision"].initial = issue.revision

    def told(self) -> dict[str, Any]:
        """The keyword arguments of ``decide``; what was left empty is left out."""
        return {name: value for name, value in self.cleaned_data.items() if value is not None and value != ""}


class ReportForm(MoveForm):
    """For a move that one report makes, with nothing to be said about it."""

    report = forms.ModelChoiceField(queryset=Report.objects.none(), widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offer("report", Report.objects.visible_to(self.actor))
