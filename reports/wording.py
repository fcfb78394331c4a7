"""What a notice says, in the reader's language, made when it is read. Nothing of what a report says is in it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.db.models import TextChoices
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.policy import ANONYMOUS, Act, Actor, allows, spokesperson
from ledger.models import Event
from reports.models import Artifact, Endpoint, Issue, Notice, Report, Signal, Subscription
from reports.models.notice import LIST, MINE, QUEUE
from reports.vocabulary import Dismissal, ExtendedFor, LiftedFor, Resolution, SignalReason

# Of an issue or an artifact, as everybody hears it.
SAID: Mapping[str, Promise] = {
    "confirm": gettext_lazy("Confirmed"),
    "publish": gettext_lazy("Published"),
    "lift": gettext_lazy("Its embargo has ended"),
    "embargo": gettext_lazy("An embargo was set"),
    "extend": gettext_lazy("Its embargo was extended"),
    "resolve": gettext_lazy("Resolved"),
    "reopen": gettext_lazy("Opened again"),
    "affect": gettext_lazy("Somebody recorded how an artifact is affected"),
    "merge": gettext_lazy("Another issue became part of it"),
    "split": gettext_lazy("Some of its reports became an issue of their own"),
    "dismiss": gettext_lazy("Dismissed"),
    "unpublish": gettext_lazy("No longer published"),
    "assign": gettext_lazy("Assigned"),
    "snooze": gettext_lazy("Snoozed"),
    "wake": gettext_lazy("Woken"),
    "ask": gettext_lazy("A reporter was asked"),
    "reply": gettext_lazy("A reporter answered"),
    "say": gettext_lazy("A reporter wrote"),
    "add": gettext_lazy("A reporter added to their report"),
    "withdraw": gettext_lazy("A report was withdrawn by its reporter"),
    "unwithdraw": gettext_lazy("A reporter took back that they withdrew their report"),
    "ask_erasure": gettext_lazy("A reporter asked for their report to be erased"),
    "dispute": gettext_lazy("Disputed"),
    "settle": gettext_lazy("The dispute was looked at"),
    "answer": gettext_lazy("A maintainer answered"),
    "acknowledge": gettext_lazy("A maintainer acknowledged it"),
    "notify": gettext_lazy("Its maintainers were told"),
    "turn_down": gettext_lazy("A maintainer's answer was turned down"),
    "reproduce": gettext_lazy("Somebody tried again"),
    "regress": gettext_lazy("Possible regression: reported again on a version that should hold the fix"),
    "confirm_artifact": gettext_lazy("It has a page now"),
    "alarm": gettext_lazy("Alarm: more people report it than expected among reports here"),
    "warn": gettext_lazy("An early warning opened"),
    "review_signal": gettext_lazy("The early warning is being looked into"),
    "confirm_signal": gettext_lazy("A person confirmed the early warning"),
    "refute_signal": gettext_lazy("A person refuted the early warning"),
    "know_signal": gettext_lazy("The early warning says what was known already"),
    "lack_signal": gettext_lazy("The early warning has too little to go on"),
    "commit": gettext_lazy("A new commit: check whether what is open is fixed"),
    "ask_for_evidence": gettext_lazy("A researcher asks for the evidence"),
    "object_to_lending": gettext_lazy("A reporter objects to their report being lent"),
    "lend_evidence": gettext_lazy("The evidence was lent to you for a term"),
    "refuse_evidence": gettext_lazy("Your request for the evidence was refused"),
    "webhook_off": gettext_lazy("Switched off, because nothing gets through any more"),
    "undo_confirm": gettext_lazy("The confirmation was undone"),
    "undo_publish": gettext_lazy("The publication was undone"),
    "undo_lift": gettext_lazy("It is under embargo again"),
    "undo_resolve": gettext_lazy("The resolution was undone"),
    "undo_reopen": gettext_lazy("The reopening was undone"),
    "undo_dismiss": gettext_lazy("The dismissal was undone"),
    "undo_merge": gettext_lazy("The merge was undone"),
    "undo_split": gettext_lazy("The split was undone"),
}
# Of one's own report, as its reporter hears it.
TO_REPORTER: Mapping[str, Promise] = {
    "confirm": gettext_lazy("A person confirmed what you reported."),
    "resolve": gettext_lazy("What you reported was resolved."),
    "dismiss": gettext_lazy("Your report was declined by a person."),
    "reopen": gettext_lazy("What you reported was opened again."),
    "ask": gettext_lazy("The triagers have a question for you."),
    "settle": gettext_lazy("Your dispute was looked at by a person."),
    "embargo": gettext_lazy("People set an embargo on what you reported: nothing of it is public before that ends."),
    "extend": gettext_lazy("The embargo on what you reported was extended."),
    "lift": gettext_lazy("The embargo on what you reported has ended."),
    "undo_embargo": gettext_lazy("The embargo on what you reported was taken back."),
    "undo_extend": gettext_lazy("The embargo on what you reported ends as was agreed before: it was not extended."),
    "undo_lift": gettext_lazy("What you reported is under embargo again."),
    "undo_confirm": gettext_lazy("The confirmation of what you reported was undone."),
    "undo_resolve": gettext_lazy("What you reported is open again: its resolution was undone."),
    "undo_dismiss": gettext_lazy("Your report is open again: that it was declined was undone."),
    "undo_reopen": gettext_lazy("The reopening of what you reported was undone."),
    "undo_ask": gettext_lazy("The question to you was withdrawn."),
    "undo_settle": gettext_lazy("Your dispute stands again."),
}
REASONS: Mapping[str, type[TextChoices]] = {
    "dismiss": Dismissal,
    "resolve": Resolution,
    "extend": ExtendedFor,
    "lift": LiftedFor,
    **dict.fromkeys(("confirm_signal", "refute_signal", "know_signal", "lack_signal"), SignalReason),
}

Thing = Issue | Artifact | Report | Endpoint | Signal


@dataclass(frozen=True, slots=True)
class Told:
    """One line: when, what, and by whom where that is said."""

    pk: int
    at: datetime
    words: str
    by: str
    is_unread: bool


@dataclass(slots=True)
class Topic:
    """Everything told about one thing: an issue, an artifact, or one's own report."""

    subject: str
    title: str
    name: str
    href: str
    lines: list[Told] = field(default_factory=list)

    @property
    def is_unread(self) -> bool:
        return any(line.is_unread for line in self.lines)


def topics(notices: Iterable[Notice], actor: Actor, *, for_mail: bool = False) -> list[Topic]:
    """The notices as their reader reads them, a topic for each thing in the order of its newest. Four queries.

    ``notices`` come from ``visible_to(actor)`` or are those of a report's contact. A mail leaves the house: it says
    titles only of what everybody may read, and nothing of what was done and undone before it left.
    """
    told = list(notices)
    events = Event.objects.select_related("payload").in_bulk([each.event_id for each in told if each.event_id])
    said = {pk: event.payload.content for pk, event in events.items() if hasattr(event, "payload")}
    if for_mail:
        told = without_undone(told, said)
    things = _things({each.subject for each in told}, ANONYMOUS if for_mail else actor)
    found: dict[str, Topic] = {}
    for notice in told:
        if notice.subject not in found:
            thing = things.get(notice.subject)
            if thing is None:
                continue
            found[notice.subject] = _topic(notice.subject, thing, actor)
        event = events.get(notice.event_id or 0)
        found[notice.subject].lines.append(
            Told(
                pk=notice.pk,
                at=notice.created_at,
                words=words_of(notice, said.get(notice.event_id or 0, {})),
                by="" if event is None or notice.subject.startswith("report:") else event.actor,
                is_unread=notice.read_at is None,
            )
        )
    return list(found.values())


def without_undone(notices: list[Notice], said: Mapping[int, Mapping[str, Any]]) -> list[Notice]:
    """Leaves out what was decided and undone within the same mail: both, for nothing came of it."""
    content = {notice.pk: said.get(notice.event_id or 0, {}) for notice in notices}
    made = {told.get("decision"): pk for pk, told in content.items() if "undoes" not in told}
    gone: set[int] = set()
    for pk, told in content.items():
        if "undoes" in told and told["undoes"] in made:
            gone |= {pk, made[told["undoes"]]}
    return [notice for notice in notices if notice.pk not in gone]


def words_of(notice: Notice, said: Mapping[str, Any]) -> str:
    """One sentence, with the reason where the act had one."""
    table = TO_REPORTER if notice.subject.startswith("report:") else SAID
    undone = notice.verb.removeprefix("undo_")
    words = str(table[notice.verb]) if notice.verb in table else _("Undone: %(what)s") % {"what": table[undone]}
    reasons = REASONS.get(notice.verb)
    if reasons is None or said.get("reason") not in reasons.values:
        return words
    why = {"what": words, "reason": reasons(said["reason"]).label}
    return _("%(what)s Reason: %(reason)s.") % why if table is TO_REPORTER else _("%(what)s: %(reason)s") % why


def _things(subjects: Iterable[str], reader: Actor) -> dict[str, Thing]:
    """The rows behind the subjects. An issue that ``reader`` may not read about comes without its title."""
    named: dict[str, list[int]] = {"issue": [], "artifact": [], "report": [], "endpoint": [], "signal": []}
    for subject in subjects:
        kind, _colon, pk = subject.partition(":")
        named[kind].append(int(pk))
    titled = set(Issue.objects.visible_to(reader).filter(pk__in=named["issue"]).values_list("pk", flat=True))
    issues = Issue.objects.filter(pk__in=named["issue"]).select_related("family", "merged_into")
    found: dict[str, Thing] = {}
    for issue in issues:
        if issue.pk not in titled:
            issue.public_title = ""
        found[f"issue:{issue.pk}"] = issue
    for artifact in Artifact.objects.filter(pk__in=named["artifact"]):
        found[f"artifact:{artifact.pk}"] = artifact
    for report in Report.objects.filter(pk__in=named["report"]).select_related("artifact"):
        found[f"report:{report.pk}"] = report
    if named["signal"]:
        for signal in Signal.objects.filter(pk__in=named["signal"]).select_related("artifact"):
            found[f"signal:{signal.pk}"] = signal
    if named["endpoint"]:
        for endpoint in Endpoint.objects.filter(pk__in=named["endpoint"]):
            found[f"endpoint:{endpoint.pk}"] = endpoint
    return found


def _topic(subject: str, thing: Thing, actor: Actor) -> Topic:
    if isinstance(thing, Endpoint):
        host = urlsplit(thing.url).hostname or ""
        return Topic(subject, _("Your webhook to %(host)s") % {"host": host}, host, reverse("webhook", args=[thing.pk]))
    if isinstance(thing, Signal):
        title = _("An early warning about a theme") if thing.artifact is None else str(thing.artifact)
        return Topic(subject, title, _("signal %(pk)d") % {"pk": thing.pk}, reverse("triage_signal", args=[thing.pk]))
    if isinstance(thing, Report):
        title = _("Your report on %(artifact)s") % {"artifact": thing.artifact}
        return Topic(subject, title, thing.reference, thing.get_absolute_url())
    if isinstance(thing, Artifact):
        return Topic(subject, str(thing), str(thing.get_kind_display()), thing.get_absolute_url())
    name = thing.number or _("issue %(pk)d") % {"pk": thing.pk}
    title = thing.public_title or _("An issue of %(family)s") % {"family": thing.family}
    return Topic(subject, title, name, address_of(thing, actor))


def address_of(issue: Issue, actor: Actor) -> str:
    """Where ``actor`` reads the issue: at the desk, at the maintainers' desk (a query each), or on its public page."""
    if allows(actor, Act.DECIDE):
        return reverse("triage_issue", args=[issue.pk])
    speaker = spokesperson(actor)
    if speaker.speaks_for and Issue.objects.told_to(speaker).filter(pk=issue.pk).exists():
        return reverse("maintain_issue", args=[issue.pk])
    return issue.get_absolute_url() if issue.number else reverse("notices")


def followed(user: User, actor: Actor) -> list[Topic]:
    """What ``user`` follows and may see still, oldest first."""
    rows = Subscription.objects.filter(user=user, channel=LIST).order_by("pk")
    subjects = [subject for subject in rows.values_list("subject", flat=True) if subject not in (MINE, QUEUE)]
    things = _things(subjects, actor)
    visible = _visible(subjects, actor)
    return [_topic(subject, things[subject], actor) for subject in subjects if subject in things.keys() & visible]


def _visible(subjects: Iterable[str], actor: Actor) -> set[str]:
    issues = Issue.objects.visible_to(actor).filter(pk__in=[name[6:] for name in subjects if name[:6] == "issue:"])
    named = [name[9:] for name in subjects if name[:9] == "artifact:"]
    artifacts = Artifact.objects.visible_to(actor).filter(pk__in=named)
    return {f"issue:{issue.pk}" for issue in issues} | {f"artifact:{artifact.pk}" for artifact in artifacts}
