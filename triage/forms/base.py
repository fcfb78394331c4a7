"""What all forms of moves share."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.policy import Actor
from reports.models import Issue, Report

MOST_REVISION = 2_147_483_647  # what the column holds
GONE = _("It is not there any more. Look again before you decide.")
# What is said of a field that holds nothing, or nothing of its kind; of several kinds the first counts.
WORDS: Mapping[type[forms.Field], Mapping[str, Promise]] = {
    forms.ChoiceField: dict.fromkeys(("required", "invalid_choice"), _("Choose one of the answers.")),
    forms.IntegerField: dict.fromkeys(("required", "invalid"), _("Write a whole number.")),
    forms.DateField: dict.fromkeys(("required", "invalid"), _("Write a day, as in 2026-10-31.")),
    forms.TimeField: dict.fromkeys(("required", "invalid"), _("Write an hour, as in 17:30.")),
    forms.Field: {"required": _("This answer is needed.")},
}


def words_field(
    label: Any, *, most: int, least: int | None = None, rows: int = 1, required: bool = False, help_text: Any = ""
) -> forms.CharField:
    """What somebody writes, in whichever direction it runs: on one line, or on several."""
    drawn = forms.TextInput(attrs={"dir": "auto"}) if rows == 1 else forms.Textarea(attrs={"rows": rows, "dir": "auto"})
    return forms.CharField(
        label=label, help_text=help_text, min_length=least, max_length=most, required=required, widget=drawn
    )


class WordedForm(forms.Form):
    """Says in the house's words what is missing. What nobody typed is gone from the page it was sent from."""

    def full_clean(self) -> None:
        for field in self.fields.values():
            field.error_messages |= _words_for(field)
        super().full_clean()

    @property
    def sentences(self) -> list[str]:
        """All that is wrong with it, where it is told away from the fields: which one is meant is said with it."""
        return [self._about(name, str(sentence)) for name, errors in self.errors.items() for sentence in errors]

    def _about(self, name: str, sentence: str) -> str:
        if name not in self.fields or self[name].is_hidden:
            return sentence
        return gettext("“%(label)s”: %(sentence)s") % {"label": self[name].label, "sentence": sentence}


def _words_for(field: forms.Field) -> dict[str, Any]:
    if field.widget.is_hidden:
        return dict.fromkeys(("required", "invalid_choice"), GONE)
    return dict(next(words for kind, words in WORDS.items() if isinstance(field, kind)))


class NotedForm(WordedForm):
    """For a decision: with a note that only triagers read, asked last."""

    note = words_field(_("Note"), help_text=_("For triagers only."), most=2_000, rows=2)

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor = actor
        self.order_fields([name for name in self.fields if name != "note"])

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
