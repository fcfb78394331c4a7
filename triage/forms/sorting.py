"""Forms of the moves that say when an issue comes up again, who has it, how much it matters and what it is."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from reports.vocabulary import HazardLevel, Kind, LifecycleStage, Severity
from triage.forms.base import MoveForm
from triage.priority import CHOICES
from triage.publication import DECIDING_ROLES

FURTHEST = timedelta(days=366)  # what sleeps longer has been forgotten


class SnoozeForm(MoveForm):
    """Until a date, so many voices, or the next version: whichever comes first of those given."""

    PRESETS = {"tomorrow": timedelta(days=1), "week": timedelta(days=7)}

    until = forms.ChoiceField(
        label=_("Snooze"),
        choices=[
            ("tomorrow", _("Until tomorrow")),
            ("week", _("For a week")),
            ("version", _("Until the next version")),
        ],
        required=False,
        widget=forms.RadioSelect,
    )
    on = forms.DateField(
        label=_("Until a day"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    voices = forms.IntegerField(label=_("Until it has this many voices"), required=False, max_value=1_000_000)

    def clean_on(self) -> date | None:
        day: date | None = self.cleaned_data["on"]
        if day and day <= timezone.now().date():
            raise forms.ValidationError(_("That day is not in the future."))
        if day and day > timezone.now().date() + FURTHEST:
            raise forms.ValidationError(_("Within a year, please."))
        return day

    def clean_voices(self) -> int | None:
        voices: int | None = self.cleaned_data["voices"]
        if voices is not None and voices <= self.issue.voice_count:
            raise forms.ValidationError(_("It has as many voices already."))
        return voices

    def clean(self) -> None:
        super().clean()
        if not self.errors and not any(self.cleaned_data.get(name) for name in ("until", "on", "voices")):
            raise forms.ValidationError(_("Say until when."))

    def told(self) -> dict[str, Any]:
        told = super().told()
        chosen, day = told.pop("until", ""), told.pop("on", None)
        ends = [timezone.now() + self.PRESETS[chosen]] if chosen in self.PRESETS else []
        if day:
            ends.append(datetime.combine(day, time(), tzinfo=UTC))
        return {**told, **({"until": min(ends)} if ends else {}), "next_version": chosen == "version"}


class WakeForm(MoveForm):
    pass


class AssignForm(MoveForm):
    assignee = forms.ModelChoiceField(
        label=_("Assign to"), queryset=User.objects.none(), required=False, empty_label=_("Nobody")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._known: list[tuple[int | str, str]] | None = None
        self.offer("assignee", deciders())
        self.fields["assignee"].choices = self._people  # type: ignore[attr-defined] # asked when drawn, without a cursor
        self.fields["assignee"].initial = self.issue.assignee_id

    def _people(self) -> list[tuple[int | str, str]]:
        if self._known is None:  # a widget asks more than once
            self._known = [("", str(_("Nobody"))), *((user.pk, str(user)) for user in deciders())]
        return self._known

    def told(self) -> dict[str, Any]:
        return {**super().told(), "assignee": self.cleaned_data["assignee"]}


class PrioritiseForm(MoveForm):
    """A weight that stands for what is worked out, of those with a name; "" lets that count again."""

    weight = forms.TypedChoiceField(label=_("Priority"), required=False, coerce=float, empty_value=None)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = [(str(weight), words) for weight, words in CHOICES]
        self.fields["weight"].choices = [*named, ("", _("As worked out"))]  # type: ignore[attr-defined] # a ChoiceField
        self.fields["weight"].initial = self.issue.priority_override

    def told(self) -> dict[str, Any]:
        return {**super().told(), "weight": self.cleaned_data["weight"]}


class ClassifyForm(MoveForm):
    """What it is and how bad. Left empty, or as it is, a field changes nothing."""

    FIELDS = ("kind", "severity", "lifecycle_stage", "hazard_level", "in_stated_use")

    kind = forms.ChoiceField(label=_("Kind of failure"), required=False)
    severity = forms.ChoiceField(label=_("Severity"), required=False)
    lifecycle_stage = forms.ChoiceField(label=_("Where the cause lies"), required=False)
    hazard_level = forms.TypedChoiceField(label=_("Hazard level"), required=False, coerce=int, empty_value=None)
    in_stated_use = forms.TypedChoiceField(
        label=_("Within stated use"), required=False, coerce=lambda word: word == "yes", empty_value=None
    )
    CHOICES: Mapping[str, Sequence[tuple[Any, Any]]] = {
        "kind": Kind.choices,
        "severity": Severity.choices,
        "lifecycle_stage": LifecycleStage.choices,
        "hazard_level": HazardLevel.choices,
        "in_stated_use": [("yes", _("Yes")), ("no", _("No"))],
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in self.FIELDS:
            self.fields[name].choices = [("", _("Leave as it is")), *self.CHOICES[name]]  # type: ignore[attr-defined] # a ChoiceField
            self.fields[name].initial = getattr(self.issue, name)
        self.fields["in_stated_use"].initial = {True: "yes", False: "no"}.get(self.issue.in_stated_use)  # type: ignore[arg-type] # None is a key like any

    def told(self) -> dict[str, Any]:
        """Only what is to be another."""
        told = super().told()
        same = [name for name in self.FIELDS if name in told and told[name] == getattr(self.issue, name)]
        return {name: value for name, value in told.items() if name not in same}

    def clean(self) -> None:
        super().clean()
        if not self.errors and not set(self.told()) & set(self.FIELDS):
            raise forms.ValidationError(_("Nothing was changed."))


def deciders() -> Any:
    """Who may be given an issue: whoever triages or moderates now."""
    held = User.objects.filter(grants__role__in=DECIDING_ROLES, grants__ended_at=None, is_active=True)
    return held.distinct().order_by("name", "email")
