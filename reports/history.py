"""The history of an issue as everybody may read it: every public change since it was published, from the ledger.

What was done while nobody could read the page is no part of it, nor what was done to words and artifacts that have no
place on it. An act that was undone stays, marked as undone, and so does its undoing.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from ledger.models import Event
from ledger.record import events_about, subject
from reports.models import Excerpt, Issue, Placement, Redaction, Report
from reports.record import affected_of
from reports.redaction import fit_to_quote, may_be_quoted
from reports.vocabulary import (
    AffectedStatus,
    Dismissal,
    HazardLevel,
    Kind,
    LifecycleStage,
    Resolution,
    Severity,
    Status,
    TakenOff,
)

OFF = ("unpublish", "dismiss")  # what takes the page away; if it is undone the history goes on
VERBS = (
    "confirm",
    "publish",
    "lift",
    "resolve",
    "reopen",
    "affect",
    "classify",
    "write",
    "merge",
    "redact",
    "excerpt",
    "settle",
    "acknowledge",
    "unacknowledge",
    "dispute",
)
BACK = {"unacknowledge": "acknowledge"}  # what maintainers take back themselves, and what that was
OF_MAINTAINERS = (
    "acknowledge",
    "dispute",
)  # for an artifact; what reporters dispute names none
SAID: Mapping[str, Promise] = {
    "confirm": gettext_lazy("Confirmed and published"),
    "publish": gettext_lazy("Published"),
    "lift": gettext_lazy("The embargo ended"),
    "reopen": gettext_lazy("Reopened"),
    "unpublish": gettext_lazy("Taken off the record"),
    "dismiss": gettext_lazy("Dismissed"),
    "redact": gettext_lazy("Words were removed from what is published"),
    "settle": gettext_lazy("The dispute was looked at, and what was decided stands"),
    "describe_artifact": gettext_lazy("Described anew"),
}
FIELDS: Mapping[str, tuple[Promise, Mapping[Any, Any]]] = {
    "kind": (gettext_lazy("Kind of failure"), dict(Kind.choices)),
    "severity": (gettext_lazy("Severity"), dict(Severity.choices)),
    "lifecycle_stage": (gettext_lazy("Lifecycle stage"), dict(LifecycleStage.choices)),
    "in_stated_use": (
        gettext_lazy("Stated use"),
        {True: gettext_lazy("Inside it"), False: gettext_lazy("Outside it")},
    ),
}
SPOKEN: Mapping[str, Promise] = {
    "acknowledge": gettext_lazy("Whoever answers for %(artifact)s said that they know of it"),
    "dispute": gettext_lazy("Whoever answers for %(artifact)s disputes it"),
    "answer": gettext_lazy("What whoever answers for %(artifact)s said was put on record"),
}
WORDS: Mapping[str, Promise] = {
    "public_title": gettext_lazy("The title was written anew"),
    "public_summary": gettext_lazy("The summary was written anew"),
}


@dataclass(frozen=True, slots=True)
class Change:
    """One thing in plain codes, before and after; ``of`` names the artifact where it is about one."""

    field: str
    before: str | bool | None = None
    after: str | bool | None = None
    of: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One act. ``verb`` is what was done, or what was undone where ``is_undo``; ``by`` is a pseudonym.

    ``merged`` is the number of the issue that became part of this one.
    """

    at: datetime
    verb: str
    by: str
    reason: str = ""
    merged: str = ""
    changes: tuple[Change, ...] = ()
    is_undo: bool = False
    is_undone: bool = False
    ends: bool = False  # it resolved the whole issue
    sequence: int | None = None  # of its event in the ledger, once it has one

    @property
    def words(self) -> str:
        told = TOLD[self.verb](self) if self.verb in TOLD else str(SAID[self.verb])
        if self.is_undo:
            return _("Undone: %(what)s") % {"what": told}
        return _("%(what)s (undone since)") % {"what": told} if self.is_undone else told


def history_of(issue: Issue) -> list[Step]:
    """The newest first. ``issue`` was fetched through ``record.issues_on_record``."""
    return histories_of([issue])[issue.pk]


def histories_of(issues: Sequence[Issue]) -> dict[int, list[Step]]:
    """:func:`history_of` each of the issues, by their keys, in as many queries as for one."""
    named = {subject(issue): issue for issue in issues}
    happened: dict[str, list[Event]] = {name: [] for name in named}
    if issues:
        found = events_about(*issues, verbs=(*VERBS, *OFF, "undo"))
        for event in found.filter(at__gte=min(map(public_since, issues))).order_by("at", "pk"):
            for name in named.keys() & set(event.subjects):
                if event.at >= public_since(named[name]):
                    happened[name].append(event)
    events = {issue.pk: list(_while_public(happened[name])) for name, issue in named.items()}
    words = _Words(issues, events)
    return {issue.pk: _steps(_Reading(issue, events[issue.pk], words), events[issue.pk]) for issue in issues}


def public_since(issue: Issue) -> datetime:
    return issue.published_at or issue.confirmed_at or issue.opened_at


def _steps(reading: "_Reading", events: Sequence[Event]) -> list[Step]:
    undone, steps = undone_in(events), []
    taken_back: set[tuple[str, ...]] = set()
    for event in reversed(events):  # what was taken back, from what took it back to when it was last done
        done = verb_of(event), *event.subjects[1:2]
        is_undone = said(event).get("decision") in undone
        if event.verb in BACK:
            taken_back.add(done)
        elif done in taken_back:
            taken_back.discard(done)
            is_undone = True
        if step := reading.step(event):
            steps.append(replace(step, is_undone=is_undone))
    return steps


def undone_in(events: Iterable[Event]) -> set[int]:
    """The decisions that were taken back among ``events``."""
    return {undone for event in events if event.verb == "undo" and (undone := said(event).get("undoes")) is not None}


def said(event: Event) -> Mapping[str, Any]:
    content: Mapping[str, Any] = event.payload.content if hasattr(event, "payload") else {}
    return content


def verb_of(event: Event) -> str:
    """What was done, or what was undone."""
    return str(said(event).get("undone", "")) if event.verb == "undo" else BACK.get(event.verb, event.verb)


def _while_public(events: Iterable[Event]) -> Iterable[Event]:
    """Those between which the page was there, its going and coming back included."""
    is_there = True
    for event in events:
        if verb_of(event) in OFF:
            is_there = event.verb == "undo"
            yield event
        elif is_there:
            yield event


class _Reading:
    """Reads events of one issue, by what its page shows of artifacts and of reports' words."""

    def __init__(self, issue: Issue, events: Sequence[Event], words: "_Words") -> None:
        self.issue = issue
        affected = affected_of(issue)
        self.names = {str(row.pk): str(row.artifact) for row in affected}
        self.artifacts = {str(row.artifact_id): str(row.artifact) for row in affected}
        self.made = {said(event).get("decision"): said(event) for event in events if event.verb != "undo"}
        self.excerpts = words.excerpts.get(issue.pk, {})
        self.redactions = words.redactions

    def step(self, event: Event) -> Step | None:
        """None where it changed nothing that the public reads."""
        verb, content = verb_of(event), said(event)
        is_undo = event.verb == "undo"
        if verb in OF_MAINTAINERS:
            return self._spoken(event, verb)
        if is_undo:  # told by what was done, where that is part of the history; else as the change it is
            is_undo = content.get("undoes") in self.made or verb in OFF
            content = self.made.get(content.get("undoes"), content)
        changes = tuple(self._changes(verb, content))
        merged = self._merged(event, content) if verb == "merge" else ""
        is_told = {
            "affect": bool(changes),
            "classify": bool(changes),
            "write": bool(changes),
            "merge": bool(merged),
            "excerpt": bool(changes),
            "redact": self._cuts(event, content),
        }
        if verb not in (*VERBS, *OFF) or not is_told.get(verb, True):
            return None
        return Step(
            at=event.at,
            verb=verb,
            by=event.actor,
            reason=str(content.get("reason", "")),
            merged=merged,
            changes=changes,
            is_undo=is_undo,
            ends=verb == "resolve" and content.get("status") == Status.RESOLVED,
            sequence=event.sequence,
        )

    def _spoken(self, event: Event, verb: str) -> Step | None:
        """What somebody did who answers for an artifact that stands on the page."""
        pks = [name.partition(":")[2] for name in event.subjects if name.startswith("artifact:")]
        changes = tuple(Change(verb, of=self.artifacts[pk]) for pk in pks if pk in self.artifacts)
        told = Step(event.at, verb, event.actor, changes=changes, is_undo=event.verb in BACK, sequence=event.sequence)
        return told if changes else None

    def _changes(self, verb: str, content: Mapping[str, Any]) -> Iterable[Change]:
        for name, (before, after) in content.get("changed", {}).items():
            if name in FIELDS and verb == "classify":
                yield Change(name, before, after)
        if verb == "write":
            yield from (Change(name) for name in content.get("words", ()) if name in WORDS)
        if verb == "affect":
            for pk, statuses in content.get("affected", {}).items():
                if pk in self.names:
                    before, after = statuses or ("", "")
                    yield Change("affected", before, after, of=self.names[pk])
        if verb in ("affect", "resolve"):
            yield from (
                Change("answer", of=self.artifacts[pk]) for pk in content.get("answers", ()) if pk in self.artifacts
            )
        if verb == "excerpt":
            rows = content.get("excerpts", {})
            if any(pk in self.excerpts for pk in rows.get("all", ())):
                yield Change("excerpt", after=any(pk in self.excerpts for pk in rows.get("added", ())))

    def _merged(self, event: Event, content: Mapping[str, Any]) -> str:
        """The number of what became part of the issue, if it had a page: else nobody knew of it."""
        is_of_another = bool(event.subjects) and event.subjects[0] != subject(self.issue)
        return str(content.get("number") or "") if is_of_another and content.get("published") else ""

    def _cuts(self, event: Event, content: Mapping[str, Any]) -> bool:
        """Whether it took words out of what stood published then."""
        cut = [self.redactions.get(pk) for pk in content.get("redactions", {}).get("added", ())]
        return any(
            redaction.report_id == excerpt.report_id
            and redaction.part == excerpt.part
            and redaction.start < excerpt.end
            and excerpt.start < redaction.end
            and excerpt.made_at <= event.at
            and (excerpt.ended_at is None or excerpt.ended_at >= event.at)
            for redaction in cut
            if redaction is not None
            for excerpt in self.excerpts.values()
        )


class _Words:
    """Excerpts, by issue, and redactions that histories tell of, if any does."""

    def __init__(self, issues: Sequence[Issue], events: Mapping[int, Sequence[Event]]) -> None:
        asking = [issue for issue in issues if {verb_of(event) for event in events[issue.pk]} & {"excerpt", "redact"}]
        self.excerpts = _open_excerpts(asking)
        told = [event for pk in self.excerpts for event in events[pk]]
        removed = [pk for event in told for pk in said(event).get("redactions", {}).get("added", ())]
        self.redactions = Redaction.objects.in_bulk(removed) if removed else {}


def _open_excerpts(issues: Iterable[Issue]) -> dict[int, dict[int, Excerpt]]:
    """Excerpts of the issues, those that ended too, of reports and parts whose words may be published at all."""
    open_ones = [issue.pk for issue in issues if issue.hazard_level < HazardLevel.GATED]
    if not open_ones:
        return {}
    placed = Placement.objects.active().filter(issue=OuterRef("issue"), report=OuterRef("report"))
    rows = Excerpt.objects.filter(Exists(placed), issue__in=open_ones, report__in=Report.objects.filter(fit_to_quote()))
    found: dict[int, dict[int, Excerpt]] = {}
    for row in rows.select_related("report"):
        if may_be_quoted(row.report, row.part):
            found.setdefault(row.issue_id, {})[row.pk] = row
    return found


def _resolved(step: Step) -> str:
    how = Resolution(step.reason).label if step.reason in Resolution.values else _("Resolved")
    if step.reason in Resolution.values and not step.ends and not step.is_undo:
        how = _("%(how)s, for one artifact") % {"how": how}
    return _("; ").join([str(how), *map(_in_words, step.changes)])


def _changed(step: Step) -> str:
    return _("; ").join(_in_words(change) for change in step.changes)


def _dismissed(step: Step) -> str:
    if step.reason in Dismissal.values:
        return _("Dismissed: %(reason)s") % {"reason": Dismissal(step.reason).label}
    return str(SAID["dismiss"])


def _unpublished(step: Step) -> str:
    if step.reason in TakenOff.values:
        return f"{SAID['unpublish']}. {TakenOff(step.reason).label}"
    return str(SAID["unpublish"])


def _given_a_page(step: Step) -> str:
    return _("%(artifact)s confirmed as an artifact with a page of its own") % {"artifact": step.changes[0].of}


def _spoken(step: Step) -> str:
    return str(SPOKEN[step.verb]) % {"artifact": step.changes[0].of}


def _merged(step: Step) -> str:
    return _("%(number)s became part of this issue") % {"number": step.merged}


TOLD: Mapping[str, Callable[[Step], str]] = {
    "affect": _changed,
    "classify": _changed,
    "write": _changed,
    "excerpt": _changed,
    "resolve": _resolved,
    "acknowledge": _spoken,
    "dispute": _spoken,
    "merge": _merged,
    "dismiss": _dismissed,
    "unpublish": _unpublished,
    "confirm_artifact": _given_a_page,
}


def _in_words(change: Change) -> str:
    if change.field in WORDS:
        return str(WORDS[change.field])
    if change.field == "answer":
        return str(SPOKEN["answer"]) % {"artifact": change.of}
    if change.field == "excerpt":
        return _("A passage was published") if change.after else _("A passage is no longer published")
    if change.field == "affected":
        if not change.after:
            return _("%(artifact)s: versions or statement") % {"artifact": change.of}
        return _("%(artifact)s: %(change)s") % {
            "artifact": change.of,
            "change": _arrow(change, dict(AffectedStatus.choices)),
        }
    name, values = FIELDS[change.field]
    return _("%(field)s: %(change)s") % {"field": name, "change": _arrow(change, values)}


def _arrow(change: Change, values: Mapping[Any, Any]) -> str:
    """ "Medium → High"; what was added has no before."""
    unset = pgettext("nothing was said", "–")
    before, after = (str(values.get(value, unset)) for value in (change.before, change.after))
    return after if change.field == "affected" and not change.before else f"{before} → {after}"
