"""From a JSON body to the form of a move, filled in as somebody at the desk would have: so both decide alike.

What a page hides in a form, an API names: reports by their references, artifacts by their names, people by their
pseudonyms.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS
from django.utils.datastructures import MultiValueDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework.exceptions import ValidationError

from accounts.models import User
from accounts.policy import Actor
from reports.models import Issue, Report
from triage.forms import FORMS, MoveForm
from triage.forms.publishing import SpansField
from triage.priority import FIRST, HIGH, LAST, NORMAL

ME = "me"
WEIGHTS: Mapping[str, float] = {"first": FIRST, "high": HIGH, "normal": NORMAL, "last": LAST}
NOBODY_S = "?"  # what no row is called, so that the form says that there is none
WRONG: Mapping[type, Promise] = {
    bool: gettext_lazy("Say true or false."),
    str: gettext_lazy("Write a text."),
    int: gettext_lazy("Write a whole number."),
    list: gettext_lazy("Give a list."),
}
Typed = str | list[str] | None  # as a browser sends it; None is not sent


class Misfilled(ValidationError):
    """A body that no form takes; its detail has a sentence for each field."""


def filled(move: str, body: Mapping[str, Any], *, issue: Issue, actor: Actor) -> MoveForm:
    """The form of ``move``, filled in and good. Raises :class:`Misfilled`."""
    asked = FORMS[move](issue=issue, actor=actor).fields
    errors: dict[str, list[str]] = {}
    typed: MultiValueDict[str, str] = MultiValueDict()
    for name, value in body.items():
        if name not in asked or name == "revision":
            errors[name[:60]] = [_("There is no such field.")]
            continue
        try:
            said = _typed(name, asked[name], value, actor)
        except (TypeError, ValueError) as error:
            errors[name] = [str(error)]
            continue
        if said is not None:
            typed.setlist(name, said if isinstance(said, list) else [said])
    form = FORMS[move](typed, issue=issue, actor=actor)
    if errors or not form.is_valid():
        told: dict[str, list[str]] = {name: [*map(str, each)] for name, each in form.errors.items()}
        of_all = told.pop(NON_FIELD_ERRORS, [])  # what the form misses as a whole may be what was not typed
        raise Misfilled({**told, **(errors or ({"": of_all} if of_all else {}))})
    return form


def _typed(name: str, field: forms.Field, value: Any, actor: Actor) -> Typed:
    """Raises TypeError with a sentence if nobody could have typed that."""
    if value is None:
        return None
    if isinstance(field, forms.BooleanField):
        return "on" if _kind(value, bool) else None
    if isinstance(field, SpansField):
        return [_storable(_kind(each, str)) for each in _kind(value, list)]
    if named := NAMED.get(name):
        return named(field, value, actor)
    if isinstance(value, dict) and name == "settings":
        return json.dumps(value)
    if isinstance(field, forms.ChoiceField):
        return _choice(field, value)
    if isinstance(field, forms.IntegerField):
        return str(_kind(value, int))
    return _storable(_kind(value, str))


def _kind(value: Any, kind: type) -> Any:
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise TypeError(WRONG[kind])
    return value


def _storable(text: str) -> str:
    """Raises TypeError for what PostgreSQL cannot keep: NUL, and half of a surrogate pair."""
    if "\x00" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise TypeError(_("This holds a character that cannot be stored."))
    return text


def _choice(field: Any, value: Any) -> str:
    """One of the field's, which a program may say as a number or as true and false."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return next((str(key) for key, _label in field.choices if _same(key, value)), NOBODY_S)
    return _storable(_kind(value, str))


def _same(key: Any, value: float) -> bool:
    try:
        return float(key) == value
    except (TypeError, ValueError):
        return False


def _report(field: Any, value: Any, actor: Actor) -> Typed:
    found = Report.objects.visible_to(actor).filter(reference=_storable(_kind(value, str)).lower())
    return str(found.values_list("pk", flat=True).first() or NOBODY_S)


def _reports(field: Any, value: Any, actor: Actor) -> Typed:
    named = [_storable(_kind(each, str)).lower() for each in _kind(value, list)]
    found = dict(Report.objects.visible_to(actor).filter(reference__in=named).values_list("reference", "pk"))
    if missing := [name for name in named if name not in found]:
        raise ValueError(_("There is no report {reference}.").format(reference=missing[0][:60]))
    return ",".join(str(found[name]) for name in named)


def _artifact(field: Any, value: Any, actor: Actor) -> Typed:
    """By its name, with its kind before it where several are called so: "systems/acme/tool"."""
    parts = _storable(_kind(value, str)).lower().split("/")
    found = {f"{row.kind}s/{row.org}/{row.name}".lower(): row.pk for row in field.queryset}
    meant = [pk for name, pk in found.items() if name.split("/")[-len(parts) :] == parts]
    return str(meant[0]) if len(meant) == 1 and len(parts) > 1 else NOBODY_S


def _assignee(field: Any, value: Any, actor: Actor) -> Typed:
    named = _storable(_kind(value, str))
    people = User.objects.filter(pk=actor.user_id or 0) if named == ME else User.objects.filter(pseudonym=named)
    return str(people.values_list("pk", flat=True).first() or NOBODY_S)


def _target(field: Any, value: Any, actor: Actor) -> Typed:
    """An issue's number, its id, or an address."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else _storable(_kind(value, str))


def _weight(field: Any, value: Any, actor: Actor) -> Typed:
    """By the word that the desk has for it, or as a number; "" lets what is worked out count again."""
    return _choice(field, WEIGHTS.get(value, value) if isinstance(value, str) else value)


def _row(field: Any, value: Any, actor: Actor) -> Typed:
    return str(_kind(value, int))


NAMED: Mapping[str, Callable[[Any, Any, Actor], Typed]] = {
    "report": _report,
    "reports": _reports,
    "artifact": _artifact,
    "assignee": _assignee,
    "target": _target,
    "weight": _weight,
    "answer": _row,
    "proposal": _row,
}
