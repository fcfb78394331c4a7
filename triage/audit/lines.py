"""One line of an audit: an event in words, for whoever may read it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.policy import Act, Actor, allows
from ledger.models import Event
from reports.history import said
from reports.models import Artifact, Issue, Version
from reports.models.artifact import ArtifactQuerySet
from reports.record import artifacts_with_pages
from triage.audit.called import field_called, in_words
from triage.audit.changes import Told, changes, named_in
from triage.audit.people import HOUSE, Staff
from triage.catalogue import Change
from triage.models import Decision
from triage.moves import MOVES, Verb

# Of what an event says beyond that it is told elsewhere in the line, or not for whoever reads no reports.
ELSEWHERE = frozenset({"decision", "reason", "undone", "undoes", "number", "changed", "affected", "answers", "words"})
OF_REPORTS = frozenset({"reference", "words", "digest"})  # by which somebody might find a report, or guess at its words
EXPORT = "export"  # an audit was taken away; its event tells in which form, and what was asked for
SAID: Mapping[str, Promise] = {
    "file": gettext_lazy("Report filed"),
    "group": gettext_lazy("Report grouped"),
    "regroup": gettext_lazy("Report grouped anew"),
    "reveal": gettext_lazy("Shown what is kept from view"),
    "grant": gettext_lazy("Role given"),
    "make_token": gettext_lazy("Token made"),
    "rotate_token": gettext_lazy("Token rotated"),
    "revoke_token": gettext_lazy("Token revoked"),
    "leave": gettext_lazy("Account closed"),
    "refit": gettext_lazy("Grouping fitted anew"),
    "weigh": gettext_lazy("Weight of a context of use set"),
    "acknowledge": gettext_lazy("Acknowledged by a maintainer"),
    "add": gettext_lazy("Reporter added to a report"),
    "adopt": gettext_lazy("Report kept in an account"),
    "dispute": gettext_lazy("Disputed"),
    "reply": gettext_lazy("Reporter answered"),
    "withdraw": gettext_lazy("Report withdrawn"),
    "unwithdraw": gettext_lazy("Withdrawal taken back"),
    "regress": gettext_lazy("Possible regression flagged"),
    "erase": gettext_lazy("Erased"),
    "propose_erasure": gettext_lazy("Erasure proposed"),
    "refuse_erasure": gettext_lazy("Erasure refused"),
    "forget_contact": gettext_lazy("Contact forgotten"),
    "ask_for_evidence": gettext_lazy("Asked for evidence"),
    "lend_evidence": gettext_lazy("Evidence lent"),
    "refuse_evidence": gettext_lazy("Evidence refused"),
    "read_evidence": gettext_lazy("Lent evidence read"),
    "end_lending": gettext_lazy("Lending ended"),
    "lift": gettext_lazy("Embargo lifted"),
    "end_grant": gettext_lazy("Role taken back"),
    "shut_account": gettext_lazy("Account shut"),
    "open_account": gettext_lazy("Account opened again"),
    "ask_to_maintain": gettext_lazy("Asked to maintain"),
    "approve_request": gettext_lazy("Maintainer accepted"),
    "refuse_request": gettext_lazy("Maintainer refused"),
    EXPORT: gettext_lazy("Audit taken away"),
}
NAMED: Mapping[str, Any] = {**dict(Change.choices), **dict(Verb.choices), **SAID}
MOST_CHANGES = 12  # of one line on the page; an export has all


@dataclass(frozen=True, slots=True)
class About:
    """What was touched; ``href`` leads to its own audit."""

    words: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """``who`` is a pseudonym, empty where nobody is told apart; ``by`` says who it was in that case.

    ``more`` is what the event says beyond the rest, in codes; ``said`` the same in words.
    """

    pk: int
    at: datetime
    who: str
    by: str
    roles: tuple[str, ...]
    verb: str
    what: str
    reason: str
    note: str
    about: tuple[About, ...]
    changes: tuple[Told, ...]
    more: tuple[tuple[str, str], ...]
    said: tuple[tuple[str, str], ...]
    is_undone: bool
    sequence: int | None
    is_signed: bool

    @property
    def shown(self) -> Sequence[Told]:
        return self.changes[:MOST_CHANGES]

    @property
    def unshown(self) -> int:
        return len(self.changes) - len(self.shown)


def lines_of(events: Sequence[Event], actor: Actor, *, signed: int) -> list[Line]:
    """In the order given, which asks for ``payload``; ``signed`` is how many events the newest checkpoint covers."""
    reading = _Reading(events, actor)
    return [reading.line(event, signed) for event in events]


def what_of(verb: str) -> str:
    return str(NAMED.get(verb, verb.replace("_", " ").capitalize()))


def reason_of(verb: str, reason: str) -> str:
    """The label of a code, where the move has a list of them."""
    move = MOVES.get(Verb(verb)) if verb in Verb.values else None
    return str(dict(move.reasons.choices).get(reason, reason)) if move and move.reasons else reason


class _Reading:
    """What the numbers in some events stand for, in as many queries however many they are."""

    def __init__(self, events: Sequence[Event], actor: Actor) -> None:
        self.sees_reports = allows(actor, Act.SEE_UNPUBLISHED)
        made = {pk for event in events if isinstance(pk := said(event).get("decision"), int)}
        rows = Decision.objects.filter(pk__in=made).select_related("undone_by")
        self.decisions = {decision.pk: decision for decision in rows}
        named = named_in(self.decisions.values())
        ids = named.pop("user", set()) | set(_ids(events, "user"))
        self.staff = Staff(pseudonyms={event.actor for event in events}, ids=ids)
        issues = Issue.objects.filter(pk__in=_ids(events, "issue"))
        self.numbers = dict(issues.values_list("pk", "number"))
        titled = issues.visible_to(actor) if self.sees_reports else issues.visible_to(actor).exclude(number=None)
        self.titles = dict(titled.values_list("pk", "public_title"))
        artifacts = artifacts_with_pages(actor) if not self.sees_reports else Artifact.objects.visible_to(actor)
        self.artifacts = artifacts.in_bulk({*_ids(events, "artifact"), *named.get("artifact", ())})
        self.names = {"user": self.staff.by_id, **self._names(named, artifacts)}

    def _names(self, named: Mapping[str, set[int]], artifacts: ArtifactQuerySet) -> dict[str, dict[int, str]]:
        """Of rows that stand before or after: what has a page, or may be read by whoever asks, is told by its name."""
        versions = Version.objects.filter(pk__in=named.get("version", ()), artifact__in=artifacts)
        numbered = Issue.objects.filter(pk__in=named.get("issue", ())).exclude(number=None)
        return {
            "artifact": {pk: str(artifact) for pk, artifact in self.artifacts.items()},
            "version": dict(versions.values_list("pk", "name")),
            "issue": {pk: str(number) for pk, number in numbered.values_list("pk", "number")},
        }

    def line(self, event: Event, signed: int) -> Line:
        content = said(event)
        decision = self.decisions.get(content.get("decision", 0))
        is_named = self.staff.may_name(event)
        who = event.actor if is_named and event.actor not in HOUSE else ""
        verb = str(content.get("undone") or "") if event.verb == Verb.UNDO else event.verb
        what = what_of(verb)
        return Line(
            pk=event.pk,
            at=event.at,
            who=who,
            by="" if who else str(HOUSE[event.actor] if is_named else _("a reporter, or an account without a role")),
            roles=tuple(self.staff.roles_at(who, event.at)) if who else (),
            verb=event.verb,
            what=_("Undone: %(what)s") % {"what": what} if event.verb == Verb.UNDO else what,
            reason=reason_of(verb, str(content.get("reason", ""))),
            note=decision.note if decision and self.sees_reports else "",
            about=tuple(self.about(name) for name in event.subjects),
            changes=tuple(changes(decision, self.names)) if decision else (),
            more=tuple(self.more(content)),
            said=tuple((field_called(name), in_words(content[name], name)) for name, _codes in self.more(content)),
            is_undone=getattr(decision, "undone_by", None) is not None,
            sequence=event.sequence,
            is_signed=event.sequence is not None and event.sequence < signed,
        )

    def about(self, name: str) -> About:
        kind, _colon, written = name.partition(":")
        pk = int(written) if written.isdecimal() else 0
        if kind == "issue":
            number = self.numbers.get(pk)
            words = " ".join(filter(None, [number or _("issue %(id)s") % {"id": pk}, self.titles.get(pk)]))
            return About(words, reverse("audit_issue", args=[number or pk]) if pk in self.numbers else "")
        if kind == "user":
            who = self.staff.by_id.get(pk)
            return About(who, reverse("audit_person", args=[who])) if who else About(_("an account"))
        if kind == "artifact" and pk in self.artifacts:
            return About(str(self.artifacts[pk]))
        return About(f"{kind} {written}")

    def more(self, content: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
        hidden = ELSEWHERE if self.sees_reports else ELSEWHERE | OF_REPORTS
        for name, value in content.items():
            if name not in hidden:
                yield name, ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _ids(events: Iterable[Event], kind: str) -> list[int]:
    names = [name.partition(":") for event in events for name in event.subjects]
    return [int(pk) for called, _colon, pk in names if called == kind and pk.isdecimal()]
