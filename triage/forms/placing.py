"""Forms of the moves that say where reports belong, and what the engine got right."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from reports.models import Issue
from triage.forms.base import MoveForm, ReportForm
from triage.models import Proposal
from triage.moves import proposals_about

NUMBER = re.compile(r"TT-\d{4}-\d{5,}", re.IGNORECASE)
DIGITS = re.compile(r"\d{1,18}(?=/?$)")


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


class LookForm(MoveForm):
    pass


class RefuseForm(MoveForm):
    proposal = forms.ModelChoiceField(queryset=Proposal.objects.none(), widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["proposal"].queryset = proposals_about(self.issue)  # type: ignore[attr-defined] # a ModelChoiceField
