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

from triage.audit.called import field_called, in_words, row_called
from triage.models import Decision
from triage.trail import KEPT

PLAIN = (models.BooleanField, models.IntegerField, models.FloatField, models.DateField, models.ForeignKey)
NUMBER = "number"  # of an issue: text, and public or nothing


@dataclass(frozen=True, slots=True)
class Told:
    """One field of one row, by their codes. ``is_closed``: that it changed is told, and not from what to what."""

    row: str
    field: str
    before: str = ""
    after: str = ""
    is_closed: bool = False

    @property
    def what(self) -> str:
        """As people call it: "Severity · issue 12"."""
        return f"{field_called(self.field.removesuffix('_id'))} · {row_called(self.row)}"


# What numbers of rows stand for, by the kind of row: of accounts that may be told apart, and of what may be named.
Names = Mapping[str, Mapping[int, str]]


def changes(decision: Decision, names: Names) -> list[Told]:
    """In the order of the trail."""
    stood, stands = decision.before.get("rows", {}), decision.after.get("rows", {})
    told = []
    for row in {**stood, **stands}:
        model = KEPT.get(row.partition(":")[0])
        before, after = stood.get(row) or {}, stands.get(row) or {}
        if model is not None:
            changed = [name for name in {**before, **after} if before.get(name) != after.get(name)]
            told += [_told(model, row, name, before, after, names) for name in changed]
    return told


def named_in(decisions: Iterable[Decision]) -> dict[str, set[int]]:
    """The rows that stand in any field, by their kind."""
    found: dict[str, set[int]] = {}
    for decision in decisions:
        for side in (decision.before, decision.after):
            for row, values in side.get("rows", {}).items():
                model = KEPT.get(row.partition(":")[0])
                for name, value in (values or {}).items():
                    if value and model is not None and (kind := _names(model, name)):
                        found.setdefault(kind, set()).add(value)
    return found


def is_told(model: type[models.Model], name: str) -> bool:
    field = model._meta.get_field(name)
    is_listed = isinstance(field, models.CharField) and bool(field.choices)
    return is_listed or isinstance(field, PLAIN) or name == NUMBER


def _told(
    model: type[models.Model], row: str, name: str, before: Mapping[str, Any], after: Mapping[str, Any], names: Names
) -> Told:
    row = row.replace(":", " ")
    if not is_told(model, name):
        return Told(row, name, is_closed=True)
    was, now = (_in_words(model, name, side[name], names) if name in side else "–" for side in (before, after))
    return Told(row, name, was, now)


def _in_words(model: type[models.Model], name: str, value: Any, names: Names) -> str:
    field: Any = model._meta.get_field(name)
    if value is None or value == "":
        return "–"
    if kind := _names(model, name):
        return names.get(kind, {}).get(value) or (_("an account") if kind == "user" else row_called(f"{kind} {value}"))
    if isinstance(field, models.DateTimeField):
        return moment(parse_datetime(value)) or str(value)
    return in_words(value if isinstance(value, bool) else dict(field.flatchoices).get(value, value))


def moment(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else ""


def _names(model: type[models.Model], name: str) -> str:
    """The kind of row that the column leads to, if it leads anywhere."""
    field = model._meta.get_field(name)
    return str(field.related_model._meta.model_name) if isinstance(field, models.ForeignKey) else ""
