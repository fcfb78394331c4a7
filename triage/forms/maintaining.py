"""What maintainers are asked: their answer, and what they saw when they tried again."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from reports.models import Artifact
from reports.vocabulary import AffectedStatus
from triage.answers import TEXT_LENGTH
from triage.forms.answering import ForArtifact, TrialFields, version_field
from triage.forms.base import words_field


class ForTold(ForArtifact):
    """About one of the artifacts that the maintainer was told of in this issue."""

    def __init__(self, *args: Any, artifacts: Sequence[Artifact], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.among(Artifact.objects.filter(pk__in=[each.pk for each in artifacts]), artifacts)


class AnswerForm(ForTold):
    text = words_field(
        _("Your answer"),
        help_text=_("The public reads it beside your artifact, once a triager has accepted it."),
        most=TEXT_LENGTH,
        rows=5,
        required=True,
    )
    status = forms.ChoiceField(
        label=_("What should be recorded?"),
        choices=[("", _("Nothing, only the answer")), *AffectedStatus.choices],
        required=False,
        widget=forms.RadioSelect,
    )
    introduced_in = version_field(_("First affected version"))
    fixed_in = version_field(
        _("Fixed in version"),
        help_text=_("For a fix only. It counts once somebody tried it and it held: record that below if you did."),
    )
    is_dispute = forms.BooleanField(
        label=_("We dispute this issue"),
        help_text=_("It is marked as disputed at once, and a triager looks at it again."),
        required=False,
    )


class TryForm(ForTold, TrialFields):
    """Theirs, and shown as theirs."""
