"""What one decision changes, row by row, kept so that it can be put back exactly."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, cast

from django.db import models

from ledger.record import subject
from reports.models import (
    Affected,
    Alias,
    Answer,
    Artifact,
    Excerpt,
    Issue,
    Lineage,
    Message,
    Placement,
    Redaction,
    Report,
    Reproduction,
    Signal,
    Stub,
    Subscription,
    Translation,
    Version,
)
from triage.models import Constraint, Proposal, Suggestion

Rows = dict[str, dict[str, Any] | None]

KEPT: dict[str, type[models.Model]] = {
    str(model._meta.model_name): model
    for model in (
        Affected,
        Alias,
        Answer,
        Artifact,
        Constraint,
        Excerpt,
        Issue,
        Lineage,
        Message,
        Placement,
        Proposal,
        Redaction,
        Report,
        Reproduction,
        Signal,
        Stub,
        Subscription,
        Suggestion,
        Translation,
        Version,
    )
}
# How a row that a decision added ends when the decision is undone: history is kept, what never was history goes.
ENDED_BY: dict[str, str | None] = {
    "affected": None,
    "alias": None,
    "constraint": "ended_at",
    "excerpt": "ended_at",
    "lineage": None,
    "message": "withdrawn_at",
    "placement": "superseded_at",
    "redaction": "ended_at",
    "reproduction": "ended_at",
    "stub": "ended_at",
    "translation": "ended_at",
    "version": None,
}


class Overtaken(Exception):
    """A row no longer holds what the decision left in it."""


class Trail:
    """``before`` and ``after`` map rows ("placement:7") to the fields a decision changed; None: there is no row."""

    def __init__(self) -> None:
        self.before: Rows = {}
        self.after: Rows = {}

    def change(self, row: models.Model, **values: Any) -> None:
        """Set fields of ``row`` and save those that differ, remembering what stood."""
        self.change_all([row], **values)

    def change_all(self, rows: Sequence[models.Model], **values: Any) -> None:
        """The same in rows of one kind, in one statement however many they are."""
        changed = [row.pk for row in rows if self._set(row, values)]
        if changed:
            type(rows[0])._default_manager.filter(pk__in=changed).update(**values)

    def add(self, row: models.Model) -> None:
        self.add_all([row])

    def add_all(self, rows: Sequence[models.Model]) -> None:
        if rows:
            type(rows[0])._default_manager.bulk_create(rows)
        for row in rows:
            self.before[subject(row)] = None
            self.after[subject(row)] = {}

    def remove_all(self, rows: Sequence[models.Model]) -> None:
        """Take rows of one kind away, remembering them whole: for what was never history."""
        for row in rows:
            whole = {field.attname: _plain(field.value_from_object(row)) for field in _columns(row)}
            self.before[subject(row)] = whole | (self.before.get(subject(row)) or {})
            self.after[subject(row)] = None
        if rows:
            type(rows[0])._default_manager.filter(pk__in=[row.pk for row in rows]).delete()

    def added(self, kind: type[models.Model]) -> list[int]:
        """The ids of the rows of that kind that were added."""
        return added_in(self.before, kind)

    def ids(self, kind: type[models.Model], *, touching: Sequence[str] = ()) -> list[int]:
        """The ids of the rows of that kind that it tells of, or only those in which one of these columns changed."""
        prefix = f"{kind._meta.model_name}:"
        found = [name for name in self.before if name.startswith(prefix)]
        if touching:
            found = [name for name in found if not {*touching}.isdisjoint(self.before[name] or self.after[name] or ())]
        return [int(name.removeprefix(prefix)) for name in found]

    def stood(self, kind: type[models.Model], column: str) -> list[Any]:
        """What stood in that column of the rows of that kind in which it was changed, or that were taken away."""
        prefix = f"{kind._meta.model_name}:"
        rows = [row for name, row in self.before.items() if name.startswith(prefix)]
        return [row[column] for row in rows if row and column in row]

    def _set(self, row: models.Model, values: Mapping[str, Any]) -> bool:
        """Whether anything differs from what stood."""
        is_changed = False
        for name, value in values.items():
            field = _field(row, name)
            stood = field.value_from_object(row)
            setattr(row, name, value)
            if (now_stands := field.value_from_object(row)) != stood:
                self._remember(row, field.attname, stood, now_stands)
                is_changed = True
        return is_changed

    def _remember(self, row: models.Model, name: str, stood: Any, now_stands: Any) -> None:
        before = self.before.setdefault(subject(row), {})
        after = self.after.setdefault(subject(row), {})
        if before is not None and after is not None:  # an added row is remembered as a whole
            before.setdefault(name, _plain(stood))
            after[name] = _plain(now_stands)


def added_in(before: Rows, kind: type[models.Model]) -> list[int]:
    """The ids of the rows of that kind that a trail tells to have added."""
    prefix = f"{kind._meta.model_name}:"
    return [int(name.removeprefix(prefix)) for name, row in before.items() if row is None and name.startswith(prefix)]


def put_back(before: Rows, after: Rows, *, at: datetime) -> Trail:
    """Undo what a trail tells of. Added rows go first and removed ones come last: others may need or hold their place.

    Raises :class:`Overtaken` if a row was changed or is gone since.
    """
    trail, found = Trail(), _rows(before)
    for kind, ended_by in ENDED_BY.items():
        _end(
            [found[name] for name in before if before[name] is None and _is(kind, name) and name in found],
            ended_by,
            trail,
            at,
        )
    alike: dict[str, list[models.Model]] = defaultdict(list)
    for name, fields in before.items():
        if fields is not None and after[name] is not None:
            row = found.get(name)
            if row is None or any(
                _plain(getattr(row, attname)) != value for attname, value in (after[name] or {}).items()
            ):
                raise Overtaken(name)
            alike[f"{row._meta.model_name} {sorted(fields.items())}"].append(row)
    for rows in alike.values():
        fields = before[subject(rows[0])] or {}
        trail.change_all(
            rows, **{attname: _field(rows[0], attname).to_python(value) for attname, value in fields.items()}
        )
    for name, fields in before.items():
        if fields is not None and after[name] is None:
            trail.add(_revived(name, fields))
    return trail


def _revived(name: str, fields: Mapping[str, Any]) -> models.Model:
    """A row that was taken away, whole and under its old id."""
    kind, _, pk = name.partition(":")
    row = KEPT[kind](pk=int(pk))
    for attname, value in fields.items():
        setattr(row, attname, _field(row, attname).to_python(value))
    return row


def _end(rows: Sequence[models.Model], ended_by: str | None, trail: Trail, at: datetime) -> None:
    if ended_by is None:
        for row in rows:
            row.delete()
    else:
        trail.change_all([row for row in rows if getattr(row, ended_by) is None], **{ended_by: at})


def _rows(names: Rows) -> dict[str, models.Model]:
    """Those of the rows that are still there, as they stand now."""
    wanted: dict[str, list[int]] = defaultdict(list)
    for name in names:
        kind, _, pk = name.partition(":")
        wanted[kind].append(int(pk))
    rows = (row for kind, pks in wanted.items() for row in KEPT[kind]._default_manager.filter(pk__in=pks))
    return {subject(row): row for row in rows}


def _is(kind: str, name: str) -> bool:
    return name.partition(":")[0] == kind


def _columns(row: models.Model) -> "list[models.Field[Any, Any]]":
    return [field for field in row._meta.concrete_fields if not field.primary_key]


def _field(row: models.Model, name: str) -> "models.Field[Any, Any]":
    """The column of that name: nothing else can be put back."""
    return cast("models.Field[Any, Any]", row._meta.get_field(name))


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
