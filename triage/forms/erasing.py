"""What is asked of those who decide about erasures."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.policy import Actor
from reports.models import Report
from reports.pages.asked import storable
from reports.vocabulary import ErasureBasis, ErasureRefusal
from triage.forms.base import WordedForm

GROUNDS = [("", _("Choose a ground"))]
GROUNDS += [(value, label) for value, label in ErasureBasis.choices if value != ErasureBasis.RETENTION]


class ProposalForm(WordedForm):
    """Which report, and on what ground; ``reference`` is not asked where a request names the report already."""

    reference = forms.CharField(
        label=_("Reference of the report"),
        help_text=_("As it stands beside the report on the desk: r-xxxx-xxxx-xxxx-xxxx."),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "dir": "ltr"}),
    )
    basis = forms.ChoiceField(
        label=_("Ground"),
        help_text=_("It stands in the ledger for ever, and nothing else that you could write."),
        choices=GROUNDS,
        widget=forms.Select,
    )

    def __init__(self, *args: Any, actor: Actor, named: Report | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor, self.report = actor, named
        if named is not None:
            del self.fields["reference"]

    def clean_reference(self) -> str:
        reference = storable(self.cleaned_data["reference"]).strip().lower()
        self.report = Report.objects.visible_to(self.actor).filter(reference=reference).first()
        if self.report is None:
            raise forms.ValidationError(_("There is no report of that reference."))
        return reference


class RefusalForm(WordedForm):
    reason = forms.ChoiceField(label=_("Why it stays"), choices=ErasureRefusal.choices, widget=forms.Select)
