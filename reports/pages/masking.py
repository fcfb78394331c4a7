"""What may be private in a draft: shown before it is sent, and masked or left as its writer says."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reports.drafts import fields_of, keep, notes_of
from reports.forms import ReportForm
from reports.masks import Find, Remembered, Unreachable, finds, mask, unmask

ACCOUNT = ("summary", "what_happened", "expected")
PASTED = frozenset({"conversation"})
LISTED_MOST = 20  # of what was found; "mask all" means all


@dataclass(frozen=True)
class Masking:
    """The free texts of a draft that would be filed, and what its writer has said of masks so far."""

    form: ReportForm
    fields: Mapping[str, str]
    remembered: Remembered

    @classmethod
    def of(cls, request: HttpRequest) -> "Masking":
        fields = fields_of(request)
        return cls(ReportForm(fields), fields, Remembered.of(notes_of(request)))

    @cached_property
    def texts(self) -> dict[str, str]:
        names = dict.fromkeys([*ACCOUNT, *self.form.told.fields])
        return {name: self.fields[name] for name in names if self.fields.get(name)}

    @cached_property
    def open(self) -> list[Find]:
        """What nobody has decided on yet."""
        return [find for find in finds(self.texts, pasted=PASTED) if find.key not in self.remembered.left]

    @property
    def listed(self) -> list[tuple[Find, list[tuple[Any, Promise | str]]]]:
        """The first of them, each place with the question that it answers."""
        return [
            (find, [(place, self.form.fields[place.field].label or "") for place in find.places])
            for find in self.open[:LISTED_MOST]
        ]

    @property
    def unlisted(self) -> int:
        return max(0, len(self.open) - LISTED_MOST)

    @property
    def laid(self) -> list[Find]:
        return self.remembered.laid_in(self.texts)


def lay(request: HttpRequest, draft: Masking, keys: list[str]) -> None:
    """Mask those secrets wherever they stand, and say what could not be masked."""
    fields, remembered, is_whole = dict(draft.fields), draft.remembered, True
    for name, text in draft.texts.items():
        try:
            marks = remembered.marks_in(name, text)
            fields[name], laid = mask(text, keys, marks=marks, is_pasted=name in PASTED)
        except Unreachable:
            is_whole = False
        else:
            remembered = remembered.with_marks(name, fields[name], laid)
    keep(request, fields, notes={**notes_of(request), **remembered.notes})
    known = {find.key for find in draft.open} & set(keys)
    if is_whole and known:
        told = ngettext("%(count)d is masked.", "%(count)d are masked.", len(known)) % {"count": len(known)}
        messages.success(request, told)
    elif not is_whole:
        told = _("Part of the conversation could not be masked without changing who says what. Change it in the form.")
        messages.warning(request, told)


def lay_one(request: HttpRequest, draft: Masking, key: str) -> None:
    lay(request, draft, [key])


def lay_all(request: HttpRequest, draft: Masking, key: str) -> None:
    lay(request, draft, [find.key for find in draft.open])


def leave_one(request: HttpRequest, draft: Masking, key: str) -> None:
    leave(request, draft, [find.key for find in draft.open if find.key == key])


def leave_all(request: HttpRequest, draft: Masking, key: str) -> None:
    leave(request, draft, [find.key for find in draft.open])


def leave(request: HttpRequest, draft: Masking, keys: list[str]) -> None:
    """Remember that they stay as they are, so that nobody is asked twice."""
    keep(request, draft.fields, notes={**notes_of(request), **draft.remembered.with_left(keys).notes})
    if keys:
        told = ngettext("%(count)d stays as it is.", "%(count)d stay as they are.", len(keys))
        messages.success(request, told % {"count": len(keys)})


def lift(request: HttpRequest, draft: Masking, key: str) -> None:
    """Put back what a mask hides; it was looked at, so it is not asked about again."""
    fields, remembered = dict(draft.fields), draft.remembered.with_left([key])
    for name, text in draft.texts.items():
        if marks := remembered.marks_in(name, text):
            fields[name], left = unmask(text, key, marks=marks)
            remembered = remembered.with_marks(name, fields[name], left)
    keep(request, fields, notes={**notes_of(request), **remembered.notes})


STEPS: dict[str, Callable[[HttpRequest, Masking, str], None]] = {
    "mask": lay_one,
    "mask_all": lay_all,
    "leave": leave_one,
    "leave_all": leave_all,
    "unmask": lift,
}
