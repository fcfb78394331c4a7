"""Forms of coordinated disclosure: a day, an hour and a zone make the moment at which an embargo ends."""

from datetime import date, time
from typing import Any

from django import forms
from django.db.models import TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reports.deadlines import Deadline, deadline, zone_names
from reports.vocabulary import ExtendedFor, LiftedFor
from triage.forms.base import MoveForm


def reason_of(reasons: type[TextChoices]) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=gettext_lazy("Reason"),
        help_text=gettext_lazy("Maintainers and reporters read it."),
        choices=reasons.choices,
        widget=forms.RadioSelect,
    )


class EndForm(MoveForm):
    """``deadline`` is the moment that was meant, once the form is good."""

    day = forms.DateField(label=gettext_lazy("Day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    hour = forms.TimeField(label=gettext_lazy("Hour"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    zone = forms.CharField(
        label=gettext_lazy("Time zone"),
        help_text=gettext_lazy("Of whoever was promised that hour, such as Europe/Berlin."),
        max_length=64,
        widget=forms.TextInput(attrs={"list": "zones", "dir": "ltr", "autocomplete": "off", "spellcheck": "false"}),
    )
    deadline: Deadline | None = None

    def clean_zone(self) -> str:
        typed = str(self.cleaned_data["zone"]).strip()
        found = next((name for name in zone_names() if name.lower() == typed.lower()), None)
        if found is None:
            raise forms.ValidationError(_("There is no such time zone. Choose one from the list."))
        return found

    def clean(self) -> dict[str, Any]:
        told: dict[str, Any] = super().clean() or self.cleaned_data
        day, hour, zone = told.get("day"), told.get("hour"), told.get("zone")
        if isinstance(day, date) and isinstance(hour, time) and isinstance(zone, str):
            try:
                self.deadline = deadline(day, hour.replace(tzinfo=None), zone)
            except OverflowError:
                self.add_error("day", _("The calendar has no such day."))
        return told

    def told(self) -> dict[str, Any]:
        told = {name: value for name, value in super().told().items() if name not in ("day", "hour")}
        return {**told, "until": self.deadline.at if self.deadline else None}


class EmbargoForm(EndForm):
    """With nothing more to be said."""


class ExtendForm(EndForm):
    reason = reason_of(ExtendedFor)


class LiftForm(MoveForm):
    reason = reason_of(LiftedFor)


class StandsForm(MoveForm):
    """To do it, or to take back what was done before."""

    stands = forms.TypedChoiceField(
        choices=[("yes", gettext_lazy("Yes")), ("no", gettext_lazy("No"))],
        coerce=lambda value: value == "yes",
        required=False,
        widget=forms.HiddenInput,
        initial="yes",
    )

    def told(self) -> dict[str, Any]:
        return {**super().told(), "stands": self.cleaned_data["stands"] is not False}


class ScheduleForm(StandsForm):
    pass


class AnnounceForm(StandsForm):
    pass


class ShareForm(StandsForm):
    pass
