"""The web form: it asks and shows; the one schema of ``reports.answers`` judges."""

import math
import secrets
from collections.abc import Callable
from datetime import timedelta
from functools import cached_property
from typing import Any

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from accounts.policy import ANONYMOUS
from reports.answers import PROSE_MAX, SUMMARY_MAX
from reports.choices import (
    AFTER_EMBARGO,
    ARTIFACT_KINDS,
    GATE,
    KIND_LABELS,
    LANGUAGES,
    SHOWN_BY,
    VISIBILITIES,
    optional,
)
from reports.conversations import Told, conversation_told
from reports.filing import Refused, check
from reports.models import Issue
from reports.models.artifact import UNKNOWN
from reports.naming import find_artifact, parse
from reports.text import guess_language
from reports.text.conversation import Turn
from reports.vocabulary import HELD_BACK_KINDS, Channel, ContextOfUse, Harm, ReporterRelation, Severity, Visibility

NAME = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false", "dir": "auto"}
WHOLE = {"inputmode": "numeric", "autocomplete": "off", "class": "short"}
DECIMAL = {"inputmode": "decimal", "autocomplete": "off", "class": "short"}


def line(**attributes: Any) -> forms.TextInput:
    return forms.TextInput(attrs=attributes)


class Prose(forms.CharField):
    """Words of a reporter within limits. It has no ``maxlength`` either, and counts lines as their writer sees them."""

    def to_python(self, value: Any) -> Any:
        return as_typed(super().to_python(value))

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {}


def box(rows: int, **attributes: Any) -> forms.Textarea:
    """The placeholder is nothing to read: by it the stylesheet knows an empty box, and hides none with words in it."""
    return forms.Textarea(attrs={"rows": rows, "dir": "auto", "placeholder": " ", **attributes})


def tick() -> forms.CheckboxInput:
    return forms.CheckboxInput()


class ReportForm(forms.Form):
    """What a report says, in the order of the page. ``ReportForm(draft)`` judges; ``ReportForm(initial=draft)`` shows.

    Every field is optional to Django: which answers are needed, and how long, only the schema knows. No field has a
    ``maxlength``: browsers cut what is pasted without a word, and what is too long is told instead.

    With ``confirms`` it is the short variant for somebody to whom a known issue happened too: what stays is what tells
    that this happened to them as well, and whatever they had written before.
    """

    confirms = forms.CharField(widget=forms.HiddenInput)
    once = forms.CharField(widget=forms.HiddenInput, initial=lambda: secrets.token_urlsafe(16))

    artifact = forms.CharField(
        label=_("Model, product or dataset"),
        help_text=_("A name as you know it. A link or org/name works too. If it is not listed here, we add it."),
        widget=line(**NAME, **{"data-choose": "artifact"}),
    )
    unknown_artifact = forms.BooleanField(label=_("I don’t know which one it was"), widget=tick())
    artifact_kind = forms.ChoiceField(
        label=_("What is it?"), choices=ARTIFACT_KINDS, initial="model", widget=forms.RadioSelect
    )
    version = forms.CharField(
        label=_("Version"),
        help_text=_("A name, a date or a revision, if you know it."),
        widget=line(**NAME, **{"data-choose": "version"}),
    )

    summary = forms.CharField(
        label=_("What happened, in one sentence"),
        help_text=_("This may become the public title. Leave out names of people."),
        widget=line(dir="auto", autocomplete="off", **{"data-limit": SUMMARY_MAX, "data-known": ""}),
    )
    what_happened = forms.CharField(
        label=_("In your own words"),
        help_text=_("What you asked, what it did, and why that is a problem."),
        widget=box(6, **{"data-limit": PROSE_MAX, "data-known": ""}),
    )
    shown_by = forms.ChoiceField(
        label=_("Can you show the conversation?"),
        help_text=_(
            "It stays unpublished unless a person decides otherwise. We help you mask addresses, numbers and keys."
        ),
        choices=SHOWN_BY,
        initial="paste",
        widget=forms.RadioSelect,
    )
    conversation = forms.CharField(
        label=_("The conversation, pasted"),
        help_text=_("As it stands in the chat, or as a file that the chat exports. We split it into turns."),
        strip=False,
        widget=box(6, autocapitalize="none", spellcheck="false"),
    )
    prompt = forms.CharField(label=_("What you asked it, word for word"), strip=False, widget=box(3))
    output = forms.CharField(
        label=_("What it answered, word for word"),
        help_text=_("Leave out what could identify somebody."),
        strip=False,
        widget=box(4),
    )
    expected = forms.CharField(label=_("What it should have done"), widget=box(2))

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
    failures = forms.CharField(label=_("Times it went wrong"), widget=line(**WHOLE))
    tries = forms.CharField(label=_("Times tried"), widget=line(**WHOLE))

    system_prompt = forms.CharField(
        label=_("System prompt"),
        help_text=_("What the model was told before the conversation began."),
        strip=False,
        widget=box(3, autocapitalize="none", spellcheck="false"),
    )
    revision = forms.CharField(
        label=_("Revision"), help_text=_("Such as the commit of the weights."), widget=line(**NAME)
    )
    temperature = forms.CharField(label=_("Temperature"), widget=line(**DECIMAL))
    top_p = forms.CharField(label=_("Top-p"), widget=line(**DECIMAL))
    seed = forms.CharField(label=_("Seed"), widget=line(**WHOLE))
    max_tokens = forms.CharField(label=_("Most tokens"), widget=line(**WHOLE))
    observed_on = forms.CharField(
        label=_("When did you see it?"), widget=forms.DateInput(attrs={"type": "date", "class": "short"})
    )
    language = forms.ChoiceField(
        label=_("Language of this report"), choices=[("", _("Guess it from what I write")), *LANGUAGES]
    )

    visibility = forms.ChoiceField(
        label=_("Who may see it?"),
        choices=[(value, label) for value, (label, _hint) in VISIBILITIES.items()],
        widget=forms.RadioSelect,
    )
    may_contact = forms.BooleanField(label=_("You may write to me about this report"), widget=tick())
    contact_email = forms.CharField(
        label=_("Your e-mail address"),
        help_text=_("Kept encrypted and never shown."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    wants_credit = forms.BooleanField(label=_("Thank me by name once it is public"), widget=tick())
    credit_name = forms.CharField(
        label=_("The name to thank"), widget=line(autocomplete="name", autocapitalize="words", dir="auto")
    )
    consent = forms.BooleanField(
        label=_("I agree that this report is stored and, as chosen above, published after review"), widget=tick()
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"use_required_attribute": False, **kwargs, "label_suffix": ""})
        for field in self.fields.values():
            field.required = False
        if self.is_short:
            kept = {name: field for name, field in self.fields.items() if name in SHORT or self.is_begun(name)}
            self.fields = kept

    def written(self, name: str) -> str:
        """What stands in a field, as its writer saw it; "" for one that is not asked."""
        value = self[name].value() if name in self.fields else ""
        return as_typed(value) if isinstance(value, str) else ""

    def is_begun(self, name: str) -> bool:
        """Whether somebody has answered it, otherwise than it stands there from the beginning."""
        return self.written(name) not in ("", self.fields[name].initial)

    @property
    def is_short(self) -> bool:
        return bool(self.written("confirms"))

    @cached_property
    def confirmed(self) -> Issue | None:
        """The public issue that happened to them too."""
        public = Issue.objects.visible_to(ANONYMOUS).select_related("family")
        return public.filter(number=self.written("confirms")[:20].replace("\0", "")).first()

    @cached_property
    def told(self) -> Told:
        return conversation_told(self.written)

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The conversation as it will be filed: the system prompt, the paste in turns, what was written out."""
        return self.told.turns

    @property
    def language_said(self) -> str:
        """The language that was chosen, else the one that the words tell; "und" if neither."""
        return self.written("language") or guess_language(f"{self.written('summary')}\n{self.written('what_happened')}")

    @property
    def visibility_said(self) -> str:
        """A key of ``VISIBILITIES``: what was chosen, else private for what may harm by being read, else public."""
        if chosen := self.written("visibility"):
            return chosen
        kind = self.written("kind") or (self.confirmed.kind if self.is_short and self.confirmed else "")
        return Visibility.PRIVATE.value if kind in HELD_BACK_KINDS else Visibility.PUBLIC_AFTER_REVIEW.value

    @property
    def is_expert(self) -> bool:
        """Whether anything is written, or wrong, in the part that is folded away."""
        return any(self.written(name) or self.errors.get(name) for name in EXPERT)

    def clean(self) -> dict[str, Any]:
        for name, sentence in self.slips():
            self.add_error(name, sentence)
        answers = self.answers()
        if self.told.refusals:
            answers.pop("transcript", None)
        try:
            check(answers, channel=Channel.FORM)
        except Refused as refusal:
            for name, sentences in refusal.errors.items():
                self.add_error(self.asked_as(name), sentences)
        return self.cleaned_data

    def slips(self) -> list[tuple[str, Any]]:
        """What is wrong in ways of the form that the schema knows nothing of: the field, and a sentence."""
        cleaned = self.cleaned_data
        found: list[tuple[str, Any]] = [("conversation", sentence) for sentence in self.told.refusals]
        if cleaned.get("unknown_artifact") and cleaned.get("artifact", "").lower() not in ("", UNKNOWN):
            found.append(("artifact", _("You named one, and said that you don’t know which. Keep one of the two.")))
        if cleaned.get("may_contact") and not cleaned.get("contact_email"):
            found.append(("contact_email", _("Write the address, or take the tick away.")))
        if cleaned.get("wants_credit") and not cleaned.get("credit_name"):
            found.append(("credit_name", _("Write the name, or take the tick away.")))
        for name, (read, sentence) in NUMBERS.items():
            if cleaned.get(name) and read(cleaned[name]) is None:
                found.append((name, sentence))
        if self.is_short:
            found += self.slips_of_confirming()
        return found

    def slips_of_confirming(self) -> list[tuple[str, Any]]:
        if self.confirmed is None:
            return [("confirms", _("There is no such issue."))]
        typed = self.cleaned_data.get("artifact", "")
        if not typed or typed.lower() == UNKNOWN:
            return []
        artifact = find_artifact(self.cleaned_data.get("artifact_kind") or "model", *parse(typed))
        if artifact is None or (artifact.family_id or artifact.pk) != self.confirmed.family_id:
            told = _now("That issue is about %(family)s. Report this one as a new problem.")
            return [("artifact", told % {"family": self.confirmed.family})]
        return []

    def asked_as(self, name: str) -> str | None:
        """The field of the form behind a field of the schema; None for the form as a whole."""
        if name == "version" and not self.written("version"):
            name = "revision"  # which stands in for it
        part, _dot, rest = name.partition(".")
        if part == "transcript":
            at = rest.partition(".")[0]
            return self.told.fields[int(at)] if at.isdecimal() else "conversation"
        asked = FORM_NAMES.get(name, part)
        return asked if asked in self.fields else None

    def answers(self) -> dict[str, Any]:
        """The answers as the API takes them. What was left empty is not sent."""
        cleaned = self.cleaned_data
        answers: dict[str, Any] = {
            name: as_typed(cleaned.get(name, "")) for name in self.fields if name not in SET_APART
        }
        answers["artifact"] = answers["artifact"] or (UNKNOWN if cleaned.get("unknown_artifact") else "")
        answers["version"] = answers.get("version") or as_typed(cleaned.get("revision", ""))
        answers["transcript"] = [dict(turn) for turn in self.turns]
        answers["settings"] = self.settings()
        answers["contact_email"] = cleaned.get("contact_email", "") if cleaned.get("may_contact") else ""
        answers["credit_name"] = cleaned.get("credit_name", "") if cleaned.get("wants_credit") else ""
        if cleaned.get("tries") or cleaned.get("failures"):
            answers["reproduction"] = {name: cleaned[name] for name in ("tries", "failures") if cleaned.get(name)}
        given = {name: value for name, value in answers.items() if value not in ("", [], {})}
        return given | self.publication() | {"source_key": cleaned.get("once", "")}

    def publication(self) -> dict[str, str]:
        """Who may see it from when on; the schema's own default is left unsaid."""
        if "visibility" in self.errors:
            return {}
        if self.visibility_said == AFTER_EMBARGO:
            ends = timezone.now() + timedelta(days=settings.EMBARGO_DAYS)
            return {"visibility": Visibility.PUBLIC_AFTER_REVIEW.value, "embargo_until": ends.isoformat()}
        is_default = not self.cleaned_data.get("visibility") and self.visibility_said != Visibility.PRIVATE
        return {} if is_default else {"visibility": self.visibility_said}

    def settings(self) -> dict[str, Any]:
        """How the model was run, numbers as numbers."""
        cleaned = self.cleaned_data
        read = {name: reads(cleaned[name]) for name, (reads, _sentence) in NUMBERS.items() if cleaned.get(name)}
        given = {name: value for name, value in read.items() if value is not None}
        return given | ({"revision": cleaned["revision"]} if cleaned.get("revision") else {})


class GatedForm(ReportForm):
    """The form as the page asks it: the safety gate first, whose answer is part of no report and no draft."""

    field_order = ("gate",)
    gate = forms.ChoiceField(
        label=_("Does it show or describe a child or young person in a sexual way?"),
        choices=GATE,
        widget=forms.RadioSelect,
    )

    def clean_gate(self) -> str:
        if not self.cleaned_data["gate"]:
            raise forms.ValidationError(_("Choose no or yes."))
        return str(self.cleaned_data["gate"])

    def refuse_to_keep(self) -> None:
        """Somebody wants to go on later and has not answered the gate: nothing else is in their way."""
        self.errors.clear()
        self.add_error("gate", _("Answer this first; until then nothing is kept."))


def as_typed(value: Any) -> Any:
    """A text with the line ends that its writer saw: browsers send two characters for each, and count one."""
    return value.replace("\r\n", "\n") if isinstance(value, str) else value


def whole(text: str) -> int | None:
    """The number in whatever digits, None if it is none."""
    try:
        return int(text) if len(text) <= NUMBER_LENGTH else None
    except ValueError:
        return None


def decimal(text: str) -> float | None:
    """The number, with whichever sign for its point, None if it is none."""
    try:
        number = float(text.replace(",", ".").replace("٫", ".")) if len(text) <= NUMBER_LENGTH else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) else None


NUMBER_LENGTH = 40  # characters; beyond it is no setting of any model
NUMBERS: dict[str, tuple[Callable[[str], float | int | None], Any]] = {
    "temperature": (decimal, _("Write a number, such as 0.7.")),
    "top_p": (decimal, _("Write a number, such as 0.9.")),
    "seed": (whole, _("Write a whole number.")),
    "max_tokens": (whole, _("Write a whole number.")),
}
EXPERT = ("system_prompt", "revision", *NUMBERS, "observed_on", "language")
# Parts of other answers
SET_APART = frozenset(
    {"unknown_artifact", "shown_by", "conversation", "prompt", "output", "tries", "failures", "system_prompt"}
    | {"revision", *NUMBERS, "visibility", "may_contact", "wants_credit", "once", "gate"}
)
SHORT = frozenset(
    {"gate", "confirms", "once", "artifact", "unknown_artifact", "artifact_kind", "version", "context_of_use"}
    | {"harm_occurred", "failures", "tries", "what_happened", "visibility", "may_contact", "contact_email"}
    | {"wants_credit", "credit_name", "consent"}
)
FORM_NAMES = {
    "reproduction.tries": "tries",
    "reproduction.failures": "failures",
    "settings": "revision",
    "embargo_until": "visibility",
    "source_key": "once",
    "": None,
}
