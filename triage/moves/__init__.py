"""The table of moves: which verb leads an issue from where to where, and what it must be told.

The inverse of every move is the same: ``triage.decisions.undo`` puts back what its trail remembers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from reports.vocabulary import Dismissal, ExtendedFor, LiftedFor, Resolution, Status
from triage.moves.answering import TurnedDown, affect, ask, notify, reproduce, settle, turn_down
from triage.moves.disclosing import announce, embargo, extend, lift, schedule, share
from triage.moves.placing import keep, look, merge, part, place, refuse, split
from triage.moves.publishing import excerpt, publish, redact, translate, unpublish, write
from triage.moves.releasing import release
from triage.moves.scene import Scene
from triage.moves.sorting import assign, classify, prioritise, snooze, wake
from triage.moves.status import confirm, dismiss, reopen, resolve

__all__ = ["MOVES", "Move", "Scene", "Verb"]


class Verb(models.TextChoices):
    """What a person may decide. The last is no move of an issue, but what takes one back."""

    CONFIRM = "confirm", gettext_lazy("Confirm")
    RESOLVE = "resolve", gettext_lazy("Resolve")
    DISMISS = "dismiss", gettext_lazy("Dismiss")
    REOPEN = "reopen", gettext_lazy("Reopen")
    PLACE = "place", gettext_lazy("Place")
    KEEP = "keep", gettext_lazy("It belongs here")
    PART = "part", gettext_lazy("Not this one")
    LOOK = "look", gettext_lazy("Looked at")
    REFUSE = "refuse", gettext_lazy("Refuse a proposal")
    MERGE = "merge", gettext_lazy("Merge")
    SPLIT = "split", gettext_lazy("Split")
    RELEASE = "release", gettext_lazy("Release what is held")
    SNOOZE = "snooze", gettext_lazy("Snooze")
    WAKE = "wake", gettext_lazy("Wake")
    ASSIGN = "assign", gettext_lazy("Assign")
    CLASSIFY = "classify", gettext_lazy("Classify")
    PRIORITISE = "prioritise", gettext_lazy("Set the priority")
    AFFECT = "affect", gettext_lazy("Set who is affected")
    ASK = "ask", gettext_lazy("Ask the reporter")
    SETTLE = "settle", gettext_lazy("Settle a dispute")
    REPRODUCE = "reproduce", gettext_lazy("Record a reproduction")
    TURN_DOWN = "turn_down", gettext_lazy("Turn an answer down")
    NOTIFY = "notify", gettext_lazy("Notify maintainers")
    WRITE = "write", gettext_lazy("Write title and summary")
    EXCERPT = "excerpt", gettext_lazy("Choose evidence")
    REDACT = "redact", gettext_lazy("Redact")
    TRANSLATE = "translate", gettext_lazy("Translate")
    PUBLISH = "publish", gettext_lazy("Publish")
    UNPUBLISH = "unpublish", gettext_lazy("Unpublish")
    EMBARGO = "embargo", gettext_lazy("Set an embargo")
    EXTEND = "extend", gettext_lazy("Extend the embargo")
    LIFT = "lift", gettext_lazy("Lift the embargo")
    SCHEDULE = "schedule", gettext_lazy("Publish when the embargo ends")
    ANNOUNCE = "announce", gettext_lazy("Announce that it is there")
    SHARE = "share", gettext_lazy("Show maintainers who else was told")
    CONFIRM_ARTIFACT = "confirm_artifact", gettext_lazy("Confirm artifact")
    UNDO = "undo", gettext_lazy("Undo")


@dataclass(frozen=True, slots=True)
class Move:
    """A row of the table. ``to`` is where it leads, unless part of the issue holds it back; None: it stays.

    ``reasons`` is the closed list its reason comes from; ``takes`` names the details it may be told. ``apart``: only
    somebody may make it, and undo it, who neither reported the issue nor answers for what it is about.
    """

    start: frozenset[Status]
    to: Status | None
    act: Callable[[Scene], None]
    reasons: type[models.TextChoices] | None = None
    takes: frozenset[str] = frozenset()
    refusals: Mapping[Status, Promise] = field(default_factory=dict)
    apart: bool = False


_TITLED = frozenset({"public_title", "public_summary", "severity"})
_STANDING = frozenset({Status.NEW, Status.CONFIRMED, Status.RESOLVED})
_NUMBERED = frozenset({Status.CONFIRMED, Status.RESOLVED})
_UNMERGED = frozenset({*_STANDING, Status.DISMISSED})
_MERGED = {Status.MERGED: gettext_lazy("This issue has been merged into another. Decide there.")}
_DISMISSED = {Status.DISMISSED: gettext_lazy("This issue is dismissed already.")}
_CLOSED = {Status.DISMISSED: gettext_lazy("This issue is dismissed. Reopen it first.")}
_STAYS = {Status.DISMISSED: gettext_lazy("Cannot move a report out of an issue that is dismissed. Reopen it first.")}


def _stays(
    act: Callable[[Scene], None],
    *takes: str,
    also_dismissed: bool = False,
    dismissed: Mapping[Status, Promise] = _DISMISSED,
) -> Move:
    """A move that leaves the issue where it stands."""
    start = _UNMERGED if also_dismissed else _STANDING
    return Move(start=start, to=None, act=act, takes=frozenset(takes), refusals={**_MERGED, **dismissed})


def _public(act: Callable[[Scene], None]) -> Move:
    """A move of the page of an issue that has a number."""
    unnumbered = gettext_lazy("An issue has no page before it is confirmed.")
    refusals = _MERGED | _DISMISSED | {Status.NEW: unnumbered}
    return Move(start=_NUMBERED, to=None, act=act, apart=True, refusals=refusals)


MOVES: Mapping[Verb, Move] = {
    Verb.CONFIRM: Move(
        start=frozenset({Status.NEW}),
        to=Status.CONFIRMED,
        act=confirm,
        takes=_TITLED,
        apart=True,
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
        takes=frozenset({"fixed_in", "artifact", "statement", "untested_reason", "answer"}),
        apart=True,
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
        apart=True,
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
        apart=True,
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
    Verb.KEEP: _stays(keep),
    Verb.PART: _stays(part, dismissed=_STAYS),
    Verb.LOOK: _stays(look),
    Verb.REFUSE: _stays(refuse, "proposal"),
    Verb.MERGE: Move(
        start=_STANDING,
        to=Status.MERGED,
        act=merge,
        takes=frozenset({"target", "despite"}),
        apart=True,
        refusals=_MERGED
        | {Status.DISMISSED: gettext_lazy("Cannot merge an issue that is dismissed. Reopen it first.")},
    ),
    Verb.SPLIT: _stays(split, "reports", "proposal", dismissed=_STAYS),
    Verb.RELEASE: _stays(release, dismissed=_CLOSED),
    Verb.SNOOZE: _stays(snooze, "until", "voices", "next_version"),
    Verb.WAKE: _stays(wake),
    Verb.ASSIGN: _stays(assign, "assignee"),
    Verb.CLASSIFY: _stays(
        classify, "kind", "severity", "lifecycle_stage", "hazard_level", "in_stated_use", also_dismissed=True
    ),
    Verb.PRIORITISE: _stays(prioritise, "weight"),
    Verb.AFFECT: _stays(affect, "artifact", "status", "introduced_in", "last_affected", "statement", "answer"),
    Verb.ASK: _stays(ask, "text", also_dismissed=True),
    Verb.SETTLE: _stays(settle, also_dismissed=True),
    Verb.REPRODUCE: _stays(reproduce, "artifact", "version", "tries", "failures", "settings", "evidence", "run"),
    Verb.TURN_DOWN: replace(_stays(turn_down, "answer", also_dismissed=True), reasons=TurnedDown),
    Verb.NOTIFY: Move(
        start=_NUMBERED,
        to=None,
        act=notify,
        takes=frozenset({"artifact"}),
        refusals=_MERGED
        | _DISMISSED
        | {Status.NEW: gettext_lazy("Maintainers are told of confirmed issues. Confirm it first.")},
    ),
    Verb.WRITE: _stays(write, "public_title", "public_summary"),
    Verb.EXCERPT: _stays(excerpt, "spans"),
    Verb.REDACT: _stays(redact, "spans", also_dismissed=True),
    Verb.TRANSLATE: _stays(translate, "part", "language", "text", also_dismissed=True),
    Verb.PUBLISH: _public(publish),
    Verb.UNPUBLISH: _public(unpublish),
    Verb.EMBARGO: replace(_stays(embargo, "until", "zone"), apart=True),
    Verb.EXTEND: replace(_stays(extend, "until", "zone"), apart=True, reasons=ExtendedFor),
    Verb.LIFT: replace(_public(lift), reasons=LiftedFor),
    Verb.SCHEDULE: replace(_public(schedule), takes=frozenset({"stands"})),
    Verb.ANNOUNCE: replace(_public(announce), takes=frozenset({"stands"})),
    Verb.SHARE: _stays(share, "stands"),
}
