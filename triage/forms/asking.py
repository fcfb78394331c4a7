"""Forms of the moves that speak with a reporter, or about what one of them disputes."""

from django import forms
from django.utils.translation import gettext_lazy as _

from triage.forms.base import MoveForm, ReportForm


class AskForm(ReportForm):
    text = forms.CharField(
        label=_("What do you want to know?"),
        help_text=_("The reporter reads this on the receipt page, and can answer there."),
        min_length=3,
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 3, "dir": "auto"}),
    )


class SettleForm(MoveForm):
    pass
