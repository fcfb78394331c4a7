"""What a decision changed, field by field, before and after, in codes, numbers and dates; of words only that.

A field is told if its values come from a closed list or are no text at all; whoever adds a column need not think of it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from accounts.models import User
from triage.models import Decision
from triage.trail import KEPT

PLAIN = (models.BooleanField, models.IntegerField, models.FloatField, models.DateField, models.ForeignKey)
NUMBER = "number"  # of an issue: text, and public or nothing


@dataclass(frozen=True, slots=True)
class Told:
    """One field of one row. ``is_closed``: that it changed is told, and not from what to what."""

    row: str
    field: str
    before: str = ""
    after: str = ""
    is_closed: bool = False


def changes(decision: Decision, pseudonyms: Mapping[int, str]) -> list[Told]:
    """In the order of the trail. ``pseudonyms`` are of accounts that may be told apart."""
    stood, stands = decision.before.get("rows", {}), decision.after.get("rows", {})
    told = []
    for row in {**stood, **stands}:
        model = KEPT.get(row.partition(":")[0])
        before, after = stood.get(row) or {}, stands.get(row) or {}
        if model is not None:
            names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
            told += [_told(model, row, name, before, after, pseudonyms) for name in names]
    return told


def people_in(decisions: Iterable[Decision]) -> set[int]:
    """The accounts that stand in any field."""
    found = set()
    for decision in decisions:
        for side in (decision.before, decision.after):
            for row, values in side.get("rows", {}).items():
                model = KEPT.get(row.partition(":")[0])
                if model is not None and values:
                    found |= {value for name, value in values.items() if value and _names_people(model, name)}
    return found


def is_told(model: type[models.Model], name: str) -> bool:
    field = model._meta.get_field(name)
    is_listed = isinstance(field, models.CharField) and bool(field.choices)
    return is_listed or isinstance(field, PLAIN) or name == NUMBER


def _told(
    model: type[models.Model],
    row: str,
    name: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    pseudonyms: Mapping[int, str],
) -> Told:
    row = row.replace(":", " ")
    if not is_told(model, name):
        return Told(row, name, is_closed=True)
    was, now = (_in_words(model, name, side[name], pseudonyms) if name in side else "–" for side in (before, after))
    return Told(row, name, was, now)


def _in_words(model: type[models.Model], name: str, value: Any, pseudonyms: Mapping[int, str]) -> str:
    field: Any = model._meta.get_field(name)
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(field, models.ForeignKey):
        if _names_people(model, name):
            return pseudonyms.get(value) or _("an account")
        return f"{field.related_model._meta.model_name} {value}"
    if isinstance(field, models.DateTimeField):
        return moment(parse_datetime(value)) or str(value)
    return str(dict(field.flatchoices).get(value, value))


def moment(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else ""


def _names_people(model: type[models.Model], name: str) -> bool:
    field = model._meta.get_field(name)
    return isinstance(field, models.ForeignKey) and field.related_model is User
