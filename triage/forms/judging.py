"""What each judgement of a signal asks of a person; handed to ``triage.judging.judge``."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from reports.models import Signal
from triage.forms.base import MOST_REVISION, NotedForm
from triage.judging import JUDGEMENTS, MOST_WORDS, Judgement


class JudgementForm(NotedForm):
    """The revision of the signal that the page showed, a reason where the judgement closes it, and a note."""

    use_required_attribute = False
    revision = forms.IntegerField(required=False, min_value=0, max_value=MOST_REVISION, widget=forms.HiddenInput)
    reason = forms.ChoiceField(label=_("Reason"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, signal: Signal, judgement: Judgement, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.judgement = judgement
        self.fields["revision"].initial = signal.revision
        self.fields["note"].max_length = MOST_WORDS  # type: ignore[attr-defined] # a CharField
        if reasons := JUDGEMENTS[judgement].reasons:
            self.fields["reason"].choices = [  # type: ignore[attr-defined] # a ChoiceField
                (reason.value, reason.label) for reason in reasons
            ]
        else:
            del self.fields["reason"]

    @property
    def label(self) -> str:
        return str(self.judgement.label)

    @property
    def closes(self) -> bool:
        return "reason" in self.fields

    def told(self) -> dict[str, Any]:
        """The keyword arguments of ``judge``; what was left empty is left out."""
        return {name: value for name, value in self.cleaned_data.items() if value is not None and value != ""}
