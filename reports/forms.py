"""The web form: it asks and shows; the one schema of ``reports.answers`` judges."""

import secrets
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from reports.answers import PROSE_MAX, SUMMARY_MAX, TURN_MAX
from reports.filing import Refused, check
from reports.vocabulary import (
    ArtifactKind,
    Channel,
    ContextOfUse,
    Harm,
    Kind,
    ReporterRelation,
    Severity,
    Visibility,
)

# What each kind looks like, in the words of somebody who met it.
KIND_LABELS = {
    Kind.FALSE_INFORMATION: (_("Said something false as if it were true"), _("A court ruling that was never made")),
    Kind.UNFAIR_OR_STEREOTYPED: (
        _("Was unfair or used a stereotype"),
        _("Graded the same text lower under another name"),
    ),
    Kind.TOXIC_OR_HATEFUL: (_("Was hateful or abusive"), _("Insulted the person asking")),
    Kind.DANGEROUS_INSTRUCTIONS: (_("Gave dangerous instructions"), _("Stays private until somebody has checked it")),
    Kind.PRIVACY_LEAK: (_("Gave away something private"), _("A real person’s address")),
    Kind.REFUSES_HARMLESS: (_("Refused something harmless"), _("Would not explain a medicine leaflet")),
    Kind.IGNORES_INSTRUCTIONS: (_("Ignored clear instructions"), _("Changed a text it was told to leave alone")),
    Kind.UNSAFE_ACTION: (_("Did something unsafe on its own"), _("Deleted files, sent a message")),
    Kind.JAILBREAK_OR_INJECTION: (_("Let itself be tricked"), _("A web page gave it new orders")),
    Kind.QUALITY_REGRESSION: (_("Got worse after an update"), _("It could do this last month")),
    Kind.LANGUAGE_OR_ACCESS: (_("Works badly in my language or with my aids"), _("A screen reader cannot follow it")),
    Kind.OTHER: (_("Something else"), _("Say it in your own words")),
}
ARTIFACT_KINDS = [
    (ArtifactKind.MODEL.value, _("A model")),
    (ArtifactKind.SYSTEM.value, _("A product or service")),
    (ArtifactKind.DATASET.value, _("A dataset")),
]
VISIBILITIES = {
    Visibility.PUBLIC_AFTER_REVIEW: (
        _("Public after review"),
        _("A person checks it first. The conversation is shown only in parts, by decision."),
    ),
    Visibility.PUBLIC_WITHOUT_TRANSCRIPT: (_("Public, without the conversation"), _("Only the facts of it.")),
    Visibility.PRIVATE: (_("Private"), _("Only those who triage reports here read it.")),
}


def optional(choices: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    return [("", _("No answer")), *choices]


def box(rows: int, **attributes: Any) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows, "dir": "auto", **attributes})


class ReportForm(forms.Form):
    """Every field is optional to Django: which answers are needed, and how long, only the schema knows."""

    artifact = forms.CharField(
        label=_("Model, product or dataset"),
        help_text=_("A name as you know it. A link or org/name works too. Write “unknown” if you cannot tell."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "auto", "maxlength": 260}),
    )
    artifact_kind = forms.ChoiceField(label=_("What is it?"), choices=ARTIFACT_KINDS, initial="model")
    version = forms.CharField(
        label=_("Version"),
        help_text=_("A name, a date or a revision, if you know it."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "maxlength": 120}),
    )
    summary = forms.CharField(
        label=_("What happened, in one sentence"),
        help_text=_("This may become the public title. Leave out names of people."),
        widget=forms.TextInput(attrs={"dir": "auto", "maxlength": SUMMARY_MAX}),
    )
    what_happened = forms.CharField(
        label=_("In your own words"),
        help_text=_("What you asked, what it did, and why that is a problem."),
        widget=box(6, maxlength=PROSE_MAX),
    )
    expected = forms.CharField(label=_("What it should have done"), widget=box(2, maxlength=PROSE_MAX))
    prompt = forms.CharField(
        label=_("What you asked it, word for word"), strip=False, widget=box(3, maxlength=TURN_MAX)
    )
    output = forms.CharField(
        label=_("What it answered, word for word"),
        help_text=_("Leave out what could identify somebody. It stays unpublished unless a person decides otherwise."),
        strip=False,
        widget=box(4, maxlength=TURN_MAX),
    )
    kind = forms.ChoiceField(
        label=_("What kind of failure was it?"),
        choices=[(kind.value, label) for kind, (label, _example) in KIND_LABELS.items()],
        widget=forms.RadioSelect,
    )
    harm_occurred = forms.ChoiceField(
        label=_("Was anybody harmed?"),
        help_text=_("Harm to health, rights, money, safety or dignity."),
        choices=Harm.choices,
        widget=forms.RadioSelect,
    )
    severity = forms.ChoiceField(
        label=_("How serious was it?"), choices=Severity.choices, initial=Severity.NOT_SURE.value
    )
    context_of_use = forms.ChoiceField(label=_("Where was it used?"), choices=optional(ContextOfUse.choices))
    relation = forms.ChoiceField(label=_("Who are you to it?"), choices=optional(ReporterRelation.choices))
    failures = forms.CharField(
        label=_("Times it went wrong"), widget=forms.TextInput(attrs={"inputmode": "numeric", "class": "short"})
    )
    tries = forms.CharField(
        label=_("Times tried"), widget=forms.TextInput(attrs={"inputmode": "numeric", "class": "short"})
    )
    visibility = forms.ChoiceField(
        label=_("Who may see it?"),
        choices=[(value.value, label) for value, (label, _hint) in VISIBILITIES.items()],
        initial=Visibility.PUBLIC_AFTER_REVIEW.value,
        widget=forms.RadioSelect,
    )
    contact_email = forms.CharField(
        label=_("E-mail, if we may write to you about this report"),
        help_text=_("Kept encrypted and never shown. Leave it empty to stay unknown."),
        widget=forms.EmailInput(attrs={"autocomplete": "email", "maxlength": 254}),
    )
    consent = forms.BooleanField(
        label=_("I agree that this report is stored and, as chosen above, published after review")
    )
    once = forms.CharField(widget=forms.HiddenInput, initial=lambda: secrets.token_urlsafe(16))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "label_suffix": ""})
        for field in self.fields.values():
            field.required = False

    def clean(self) -> dict[str, Any]:
        try:
            check(self.answers(), channel=Channel.FORM)
        except Refused as refusal:
            for name, sentences in refusal.errors.items():
                self.add_error(self.asked_as(name), sentences)
        return self.cleaned_data

    def asked_as(self, name: str) -> str | None:
        """The field of the form behind a field of the schema; None for the form as a whole."""
        part, _dot, rest = name.partition(".")
        if part == "transcript":
            at = rest.partition(".")[0]
            said = [name for name, _role in TURNS if self.cleaned_data.get(name, "").strip()]
            return said[int(at)] if at.isdecimal() else "output"
        return FORM_NAMES.get(name, part)

    def answers(self) -> dict[str, Any]:
        """The answers as the API takes them. What was left empty is not sent."""
        cleaned = self.cleaned_data
        answers: dict[str, Any] = {
            name: as_typed(cleaned.get(name, "")) for name in self.fields if name not in SET_APART
        }
        turns = [(role, as_typed(cleaned.get(name, ""))) for name, role in TURNS]
        answers["transcript"] = [{"role": role, "content": said} for role, said in turns if said.strip()]
        if cleaned.get("tries") or cleaned.get("failures"):
            answers["reproduction"] = {name: cleaned[name] for name in ("tries", "failures") if cleaned.get(name)}
        given = {name: value for name, value in answers.items() if value not in ("", [])}
        return given | {"source_key": cleaned.get("once", "")}


def as_typed(value: Any) -> Any:
    """A text with the line ends that its writer saw: browsers send two characters for each, and count one."""
    return value.replace("\r\n", "\n") if isinstance(value, str) else value


TURNS = (("prompt", "user"), ("output", "assistant"))
SET_APART = frozenset({"prompt", "output", "tries", "failures", "once"})  # parts of other answers
FORM_NAMES = {
    "reproduction.tries": "tries",
    "reproduction.failures": "failures",
    "source_key": "once",
    "": None,
}
