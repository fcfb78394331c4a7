"""Forms of the moves that say what the public reads: its words, its evidence, what is removed, what is translated."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reports.models import Evidence
from reports.redaction import ACCOUNT, merged
from reports.vocabulary import HazardLevel, TakenOff
from triage.forms.base import MoveForm, ReportForm, words_field
from triage.moves.publishing import WORDS_AT_MOST, Place
from triage.publication import TITLE_LENGTH

SUMMARY_LENGTH = 4_000
TICKED_AT_MOST = 1_000  # more than a page offers
SPAN = re.compile(r"(summary|what_happened|expected|turn:\d{1,3}):(\d{1,7}):(\d{1,7})")
LANGUAGE_TAG = RegexValidator(
    r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", gettext_lazy("Write a language tag such as en, es or zh-Hans.")
)


class SpansField(forms.Field):
    """Passages, each as "part:start:end"; told as tuples, those that overlap or touch made one."""

    widget = forms.SelectMultiple

    def to_python(self, value: Sequence[str] | None) -> list[Place]:
        typed = list(value or ())
        found = [(span[1], int(span[2]), int(span[3])) for text in typed if (span := SPAN.fullmatch(text))]
        if len(typed) > TICKED_AT_MOST or len(found) < len(typed) or any(start >= end for _part, start, end in found):
            raise forms.ValidationError(_("A passage is not where the text has one."))
        return joined(found)

    def validate(self, value: list[Place]) -> None:
        """Whether the text has it is asked by the move."""


def joined(spans: Iterable[Place]) -> list[Place]:
    """Spans in their order, those that overlap or touch made one."""
    by_part: dict[str, list[tuple[int, int]]] = {}
    for part, start, end in spans:
        by_part.setdefault(part, []).append((start, end))
    told = [
        (part, *place)
        for part, places in by_part.items()
        for place in merged(places, size=max(end for _start, end in places))
    ]
    return sorted(told)


class WriteForm(MoveForm):
    public_title = words_field(
        gettext_lazy("Public title"),
        help_text=gettext_lazy("One line that says what goes wrong. No names of people."),
        most=TITLE_LENGTH,
    )
    public_summary = words_field(
        gettext_lazy("Plain summary"),
        help_text=gettext_lazy("For somebody who has never heard of it: what happens, when, to whom it matters."),
        most=SUMMARY_LENGTH,
        rows=5,
    )

    def told(self) -> dict[str, Any]:
        """An emptied field empties what stood."""
        return {**super().told(), **{name: self.cleaned_data[name] for name in ("public_title", "public_summary")}}


class PublishForm(MoveForm):
    pass


class UnpublishForm(MoveForm):
    reason = forms.ChoiceField(
        label=gettext_lazy("Why it is taken off, in public"),
        help_text=gettext_lazy("It stands where the page was, with the number and the dates, and nothing else."),
        choices=[("", gettext_lazy("No reason in public")), *TakenOff.choices],
        required=False,
    )


class HazardForm(MoveForm):
    hazard_level = forms.TypedChoiceField(
        label=gettext_lazy("Hazard level"), choices=HazardLevel.choices, coerce=int, widget=forms.RadioSelect
    )


class SpansForm(ReportForm):
    """Which words of a report are meant, all of them at once."""

    spans = SpansField(required=False)

    def told(self) -> dict[str, Any]:
        return {**super().told(), "spans": self.cleaned_data["spans"]}


class EvidenceForm(ReportForm):
    """What of a report is published and what is removed, as the publication desk asks it: two moves in one."""

    quoted = SpansField(required=False)
    redacted = SpansField(required=False)
    words = forms.CharField(
        label=gettext_lazy("Remove these words"),
        help_text=gettext_lazy("Such as a name or a number: wherever they stand in this report."),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"dir": "auto", "autocomplete": "off", "spellcheck": "false"}),
    )

    def clean(self) -> None:
        super().clean()
        report, words = self.cleaned_data.get("report"), self.cleaned_data.get("words")
        if not report or not words or "redacted" not in self.cleaned_data:
            return
        evidence = Evidence.objects.filter(report=report).first()
        places = occurrences(words, evidence.parts if evidence else {})
        if not places:
            self.add_error("words", _("These words do not stand in this report."))
        self.cleaned_data["redacted"] = joined([*self.cleaned_data["redacted"], *places])


def occurrences(words: str, parts: dict[str, str]) -> list[Place]:
    """Where the words stand, large or small letters alike."""
    sought = re.compile(re.escape(words), re.IGNORECASE)
    return [(part, found.start(), found.end()) for part, text in parts.items() for found in sought.finditer(text)]


class TranslateForm(ReportForm):
    part = forms.RegexField(rf"^({'|'.join(ACCOUNT)}|turn:\d{{1,3}})$", label=gettext_lazy("What is translated"))
    language = forms.CharField(
        label=gettext_lazy("Into which language"),
        max_length=16,
        validators=[LANGUAGE_TAG],
        widget=forms.TextInput(attrs={"list": "languages", "dir": "ltr", "autocomplete": "off", "spellcheck": "false"}),
    )
    text = words_field(gettext_lazy("Translation"), most=WORDS_AT_MOST, rows=4, required=True)
