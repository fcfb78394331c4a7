"""The table of moves: which verb leads an issue from where to where, and what it must be told.

The inverse of every move is the same: ``triage.decisions.undo`` puts back what its trail remembers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from reports.vocabulary import Dismissal, Resolution, Status
from triage.moves.placing import keep, look, part, place, proposals_about, refuse
from triage.moves.scene import Scene
from triage.moves.status import confirm, dismiss, reopen, resolve

__all__ = ["MOVES", "Move", "Scene", "Verb", "proposals_about"]


class Verb(models.TextChoices):
    """What a person may decide. The last two are not moves of an issue."""

    CONFIRM = "confirm", gettext_lazy("Confirm")
    RESOLVE = "resolve", gettext_lazy("Resolve")
    DISMISS = "dismiss", gettext_lazy("Dismiss")
    REOPEN = "reopen", gettext_lazy("Reopen")
    PLACE = "place", gettext_lazy("Place")
    KEEP = "keep", gettext_lazy("It belongs here")
    PART = "part", gettext_lazy("Not this one")
    LOOK = "look", gettext_lazy("Looked at")
    REFUSE = "refuse", gettext_lazy("Refuse a proposal")
    UNDO = "undo", gettext_lazy("Undo")
    CONFIRM_ARTIFACT = "confirm_artifact", gettext_lazy("Confirm artifact")


@dataclass(frozen=True, slots=True)
class Move:
    """A row of the table. ``to`` is where it leads, unless part of the issue holds it back; None: it stays.

    ``reasons`` is the closed list its reason comes from; ``takes`` names the details it may be told.
    """

    start: frozenset[Status]
    to: Status | None
    act: Callable[[Scene], None]
    reasons: type[models.TextChoices] | None = None
    takes: frozenset[str] = frozenset()
    refusals: Mapping[Status, Promise] = field(default_factory=dict)


_TITLED = frozenset({"public_title", "public_summary", "severity"})
_STANDING = frozenset({Status.NEW, Status.CONFIRMED, Status.RESOLVED})
_MERGED = {Status.MERGED: gettext_lazy("This issue has been merged into another. Decide there.")}
_DISMISSED = {Status.DISMISSED: gettext_lazy("This issue is dismissed already.")}
_STAYS = {Status.DISMISSED: gettext_lazy("Cannot move a report out of an issue that is dismissed. Reopen it first.")}

MOVES: Mapping[Verb, Move] = {
    Verb.CONFIRM: Move(
        start=frozenset({Status.NEW}),
        to=Status.CONFIRMED,
        act=confirm,
        takes=_TITLED,
        refusals=_MERGED
        | {
            Status.CONFIRMED: gettext_lazy("This issue is confirmed already."),
            Status.RESOLVED: gettext_lazy("Cannot confirm an issue that is resolved. Reopen it."),
            Status.DISMISSED: gettext_lazy("Cannot confirm an issue that is dismissed. Reopen it."),
        },
    ),
    Verb.RESOLVE: Move(
        start=frozenset({Status.CONFIRMED}),
        to=Status.RESOLVED,
        act=resolve,
        reasons=Resolution,
        takes=frozenset({"fixed_in", "artifact"}),
        refusals=_MERGED
        | {
            Status.NEW: gettext_lazy("Cannot resolve an issue that is still new. Confirm it first."),
            Status.RESOLVED: gettext_lazy("This issue is resolved already."),
            Status.DISMISSED: gettext_lazy("Cannot resolve an issue that is dismissed. Reopen it first."),
        },
    ),
    Verb.DISMISS: Move(
        start=frozenset({Status.NEW, Status.CONFIRMED}),
        to=Status.DISMISSED,
        act=dismiss,
        reasons=Dismissal,
        refusals=_MERGED
        | {
            Status.RESOLVED: gettext_lazy("Cannot dismiss an issue that is resolved. Reopen it first."),
            Status.DISMISSED: gettext_lazy("This issue is dismissed already."),
        },
    ),
    Verb.REOPEN: Move(
        start=frozenset({Status.RESOLVED, Status.DISMISSED}),
        to=Status.CONFIRMED,
        act=reopen,
        takes=_TITLED,
        refusals=_MERGED
        | {
            Status.NEW: gettext_lazy("Cannot reopen an issue that is still new. It was never closed."),
            Status.CONFIRMED: gettext_lazy("Cannot reopen an issue that is open."),
        },
    ),
    Verb.PLACE: Move(
        start=_STANDING,
        to=Status.MERGED,
        act=place,
        takes=frozenset({"target"}),
        refusals=_MERGED | _STAYS,
    ),
    Verb.KEEP: Move(start=_STANDING, to=None, act=keep, refusals=_MERGED | _DISMISSED),
    Verb.PART: Move(start=_STANDING, to=None, act=part, refusals=_MERGED | _STAYS),
    Verb.LOOK: Move(start=_STANDING, to=None, act=look, refusals=_MERGED | _DISMISSED),
    Verb.REFUSE: Move(
        start=_STANDING, to=None, act=refuse, takes=frozenset({"proposal"}), refusals=_MERGED | _DISMISSED
    ),
}
