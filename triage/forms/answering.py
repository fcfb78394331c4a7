"""Forms about what others say: the reporter, the maintainers, whoever tried again. The maintainers' share fields."""

import json
from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import F, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reports.models import Answer, Artifact, Issue, Version
from reports.vocabulary import AffectedStatus
from triage.answers import TEXT_LENGTH
from triage.forms.base import MoveForm, ReportForm, WordedForm, words_field
from triage.moves.answering import EVIDENCE_LENGTH, QUESTION_LENGTH, TRIES_AT_MOST, TurnedDown

SETTINGS_LENGTH = 4_000  # characters as typed
MOST_SETTINGS = 40
MOST_VERSIONS = 50  # offered to whoever types one
VERSION_LENGTH = 120


def settings_in(typed: str) -> dict[str, Any]:
    """What was typed as one JSON object, or as a line ``name = value`` for each setting. Values are plain.

    Raises ValidationError with a sentence.
    """
    text = typed.strip()
    told = _object_in(text) if text.startswith("{") else _lines_in(text)
    if len(told) > MOST_SETTINGS:
        raise ValidationError(_("Too many settings: %(most)d at most.") % {"most": MOST_SETTINGS})
    for name, value in told.items():
        if not name.strip() or len(name) > 60 or "\x00" in f"{name}{value}":
            raise ValidationError(_("A setting has a name of 60 characters at most."))
        if not isinstance(value, str | int | float | bool | None):
            raise ValidationError(
                _("The value of “%(name)s” is a list or a group: name each setting.") % {"name": name}
            )
    return told


def _object_in(text: str) -> dict[str, Any]:
    def refused(constant: str) -> Any:
        raise ValueError(constant)

    try:
        told = json.loads(text, parse_constant=refused)
        json.dumps(told, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:  # ValueError: no JSON, a number beyond all bounds, half a character
        raise ValidationError(_("That is no JSON object. Or write a line for each setting: name = value.")) from error
    return dict(told)  # it began with a brace


def _lines_in(text: str) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        name, found, value = line.partition("=") if "=" in line else line.partition(":")
        if not found:
            raise ValidationError(
                _("Write each setting on a line of its own: name = value. Not: “%(line)s”") % {"line": line[:60]}
            )
        told[name.strip()] = _plain(value.strip())
    return told


def _plain(value: str) -> Any:
    """A number or a yes or no where that is what was written, else the words."""
    try:
        read = json.loads(value)
    except (ValueError, RecursionError):
        return value
    is_number = isinstance(read, int | float) and abs(read) < 1e15
    return read if is_number or isinstance(read, bool) else value


def releases_of(artifact_ids: list[int]) -> list[str]:
    """Versions to offer, the newest first by their place in the order; what points to the newest is no release."""
    named = Version.objects.filter(artifact__in=artifact_ids, is_alias=False)
    ordered = named.order_by(F("position").desc(nulls_last=True), "-pk").values_list("name", flat=True)
    return list(dict.fromkeys(ordered[:MOST_VERSIONS]))


def version_field(label: Any, *, required: bool = False, help_text: Any = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        help_text=help_text,
        max_length=VERSION_LENGTH,
        required=required,
        widget=forms.TextInput(attrs={"dir": "auto", "autocomplete": "off", "list": "releases"}),
    )


class TrialFields(WordedForm):
    """How often it failed, on which version, with which settings."""

    version = version_field(
        gettext_lazy("Tried on version"),
        required=True,
        help_text=gettext_lazy(
            "As the artifact's list of versions calls it. A name like “latest” proves nothing later."
        ),
    )
    tries = forms.IntegerField(label=gettext_lazy("Tries"), min_value=1, max_value=TRIES_AT_MOST)
    failures = forms.IntegerField(
        label=gettext_lazy("Of those, failures"),
        help_text=gettext_lazy("0 if it did not fail again."),
        min_value=0,
        max_value=TRIES_AT_MOST,
    )
    settings = forms.CharField(
        label=gettext_lazy("Settings"),
        help_text=gettext_lazy("One a line, as in temperature = 0.7, or a JSON object."),
        max_length=SETTINGS_LENGTH,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "dir": "ltr", "spellcheck": "false"}),
    )
    evidence = words_field(
        gettext_lazy("What was seen"),
        help_text=gettext_lazy("Read by triagers and by those who answer for the artifact, not by the public."),
        most=EVIDENCE_LENGTH,
        rows=4,
    )

    def clean_settings(self) -> dict[str, Any]:
        return settings_in(self.cleaned_data["settings"])

    def clean(self) -> dict[str, Any]:
        told: dict[str, Any] = super().clean() or self.cleaned_data
        if (told.get("failures") or 0) > (told.get("tries") or TRIES_AT_MOST):
            self.add_error("failures", _("It cannot have failed more often than it was tried."))
        return told


def named_in(issue: Issue) -> "QuerySet[Artifact]":
    """The artifacts that the issue names."""
    return Artifact.objects.filter(affected__issue=issue).exclude(org="").order_by("org", "name")


class ForArtifact(WordedForm):
    """About one of some artifacts; asked only if there are several."""

    artifact = forms.ModelChoiceField(label=gettext_lazy("For"), queryset=Artifact.objects.none(), empty_label=None)

    def among(self, artifacts: "QuerySet[Artifact]", known: Sequence[Artifact]) -> None:
        """``known`` are two of them, where there are so many."""
        field = self.fields["artifact"]
        field.queryset = artifacts  # type: ignore[attr-defined] # a ModelChoiceField
        if len(known) == 1:
            field.initial, field.widget = known[0].pk, forms.HiddenInput()


class AboutArtifact(ForArtifact, MoveForm):
    """For a move about one artifact that the issue names."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = named_in(self.issue)
        self.among(named, list(named[:2]))


class ReproduceForm(AboutArtifact, TrialFields):
    def told(self) -> dict[str, Any]:
        return {**super().told(), "failures": self.cleaned_data["failures"]}


class NotifyForm(AboutArtifact):
    """Nothing but which artifact; without one, all whose maintainers were not told."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["artifact"].required = False


class AnswerTaken(MoveForm):
    """For a move that may take an answer of the issue that waits."""

    answer = forms.ModelChoiceField(queryset=Answer.objects.none(), widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offer("answer", self.issue.answers.all())


class AffectForm(AboutArtifact, AnswerTaken):
    status = forms.ChoiceField(
        label=gettext_lazy("How it stands"),
        choices=[(value, label) for value, label in AffectedStatus.choices if value != AffectedStatus.FIXED],
        required=False,
    )
    introduced_in = version_field(gettext_lazy("First affected version"))
    last_affected = version_field(gettext_lazy("Last affected version"))
    statement = words_field(
        gettext_lazy("Statement"),
        help_text=gettext_lazy("The public reads this beside the artifact."),
        most=TEXT_LENGTH,
        rows=3,
    )

    def clean(self) -> dict[str, Any]:
        told: dict[str, Any] = super().clean() or self.cleaned_data
        if not told.get("status") and not told.get("answer"):
            self.add_error("status", _("Say how it stands."))
        return told


class TurnDownForm(AnswerTaken):
    reason = forms.ChoiceField(
        label=gettext_lazy("Reason"),
        help_text=gettext_lazy("Whoever gave the answer reads it."),
        choices=TurnedDown.choices,
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["answer"].required = True


class AskForm(ReportForm):
    text = words_field(
        gettext_lazy("What do you want to know?"),
        help_text=gettext_lazy("The reporter reads this on the receipt page, and can answer there."),
        least=3,
        most=QUESTION_LENGTH,
        rows=3,
        required=True,
    )


class SettleForm(MoveForm):
    pass
