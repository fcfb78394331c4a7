"""What one decision changes, row by row, kept so that it can be put back exactly."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from django.db import models

from ledger.record import subject
from reports.models import Affected, Artifact, Issue, Placement
from triage.models import Constraint, Proposal, Suggestion

Rows = dict[str, dict[str, Any] | None]

KEPT: dict[str, type[models.Model]] = {
    str(model._meta.model_name): model
    for model in (Affected, Artifact, Constraint, Issue, Placement, Proposal, Suggestion)
}
# How a row that a decision added ends when the decision is undone: history is kept, what never was history goes.
ENDED_BY: dict[str, str | None] = {"placement": "superseded_at", "constraint": "ended_at", "affected": None}


class Overtaken(Exception):
    """A row no longer holds what the decision left in it."""


class Trail:
    """``before`` and ``after`` map rows ("placement:7") to the fields a decision changed; None: there was no row."""

    def __init__(self) -> None:
        self.before: Rows = {}
        self.after: Rows = {}

    def change(self, row: models.Model, **values: Any) -> None:
        """Set fields of ``row`` and save those that differ, remembering what stood."""
        changed = []
        for name, value in values.items():
            field = _field(row, name)
            stood = field.value_from_object(row)
            setattr(row, name, value)
            if (now_stands := field.value_from_object(row)) != stood:
                self._remember(row, field.attname, stood, now_stands)
                changed.append(field.name)
        if changed:
            row.save(update_fields=changed)

    def add(self, row: models.Model) -> None:
        row.save()
        self.before[subject(row)] = None
        self.after[subject(row)] = {}

    def _remember(self, row: models.Model, name: str, stood: Any, now_stands: Any) -> None:
        before = self.before.setdefault(subject(row), {})
        after = self.after.setdefault(subject(row), {})
        if before is not None and after is not None:  # an added row is remembered as a whole
            before.setdefault(name, _plain(stood))
            after[name] = _plain(now_stands)


def put_back(before: Rows, after: Rows, *, at: datetime) -> Trail:
    """Undo what a trail tells of. Added rows go first: those put back may need their place.

    Raises :class:`Overtaken` if a row was changed or is gone since.
    """
    trail = Trail()
    for name, fields in before.items():
        if fields is None:
            _end(name, trail, at)
    for name, fields in before.items():
        if fields is not None:
            _restore(name, fields, after[name] or {}, trail)
    return trail


def _restore(name: str, fields: Mapping[str, Any], left: Mapping[str, Any], trail: Trail) -> None:
    row = _row(name)
    if row is None or any(_plain(getattr(row, attname)) != value for attname, value in left.items()):
        raise Overtaken(name)
    trail.change(row, **{attname: _field(row, attname).to_python(value) for attname, value in fields.items()})


def _end(name: str, trail: Trail, at: datetime) -> None:
    row = _row(name)
    ended_by = ENDED_BY[name.partition(":")[0]]
    if row is None:
        return
    if ended_by is None:
        row.delete()
    elif getattr(row, ended_by) is None:
        trail.change(row, **{ended_by: at})


def _row(name: str) -> models.Model | None:
    kind, _, pk = name.partition(":")
    return KEPT[kind]._default_manager.filter(pk=pk).first()


def _field(row: models.Model, name: str) -> "models.Field[Any, Any]":
    """The column of that name: nothing else can be put back."""
    return cast("models.Field[Any, Any]", row._meta.get_field(name))


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
