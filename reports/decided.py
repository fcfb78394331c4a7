"""What was decided on what everybody may read, across issues and artifacts: the newest first, a part of it at a time.

Each line is one that the issue's own page tells (:mod:`reports.history`), or an act on an artifact that has a page.
Their order follows from them alone, so that nothing which is hidden moves a line, nor where the next part begins.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db.models import BooleanField, Exists, Func, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Coalesce

from accounts.policy import ANONYMOUS
from ledger.models import Event
from ledger.record import events_about, subject
from reports.history import BACK, OFF, VERBS, Change, Step, histories_of, said, undone_in, verb_of
from reports.models import Artifact
from reports.models.artifact import ArtifactQuerySet
from reports.models.issue import IssueQuerySet
from reports.record import artifacts_with_pages, issues_on_record, on_record

OF_ARTIFACTS = ("confirm_artifact", "describe_artifact")  # acts of which all that they change stands on its page
AT_ONCE = 200  # events that are looked at together, at the least
FEW = 1_000  # public rows whose events are found by the index of rows; of more the newest events are seldom others'


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """Where a line stands: when, of what, and how many lines that has before it."""

    at: datetime
    name: str
    place: int


@dataclass(frozen=True, slots=True)
class Decided:
    """One line. ``name`` and ``href`` are the issue's number, or the artifact's name, and its page."""

    mark: Mark
    step: Step
    name: str
    title: str
    href: str


@dataclass(frozen=True, slots=True)
class Asked:
    """Days are whole, in UTC; ``act`` is what was done or undone; ``below`` is where the part before ended."""

    artifact: Artifact | None = None
    act: str = ""
    since: date | None = None
    until: date | None = None
    below: Mark | None = None

    def holds(self, line: Decided) -> bool:
        day = line.mark.at.astimezone(UTC).date()
        return (
            (not self.act or line.step.verb == self.act)
            and (self.since is None or self.since <= day)
            and (self.until is None or day <= self.until)
            and (self.below is None or line.mark < self.below)
        )


def decided(asked: Asked, *, most: int) -> list[Decided]:
    """The newest ``most`` lines of what is asked for.

    Not each event that is found is told on a page: they are looked through in rounds, until there are lines enough.
    All lines that are newer than the last event of a round are known by then.
    """
    reading = _Reading(asked.artifact)
    events, size = reading.events(asked), max(AT_ONCE, 2 * most)
    below = Q()
    while True:
        found = list(events.filter(below).values_list("at", "pk", "subjects")[:size])
        reading.read(name for _at, _pk, subjects in found for name in subjects)
        at, pk = found[-1][:2] if len(found) == size else (None, 0)
        known = [line for line in reading.lines if asked.holds(line) and (at is None or line.mark.at > at)]
        if at is None or len(known) >= most:
            return sorted(known, key=lambda line: line.mark, reverse=True)[:most]
        below = Q(at__lt=at) | Q(at=at, pk__lt=pk)


def within(since: date | None, until: date | None) -> Q:
    """Of events: whole days in UTC, as leaves tell them."""
    asked = Q()
    if since:
        asked &= Q(at__gte=datetime.combine(since, time(), UTC))
    if until and until.year < 9999:
        asked &= Q(at__lt=datetime.combine(until + timedelta(days=1), time(), UTC))
    return asked


class _Reading:
    """Lines of whatever events name and everybody may read; of ``artifact`` and its issues alone, if one is given."""

    def __init__(self, artifact: Artifact | None) -> None:
        self.lines: list[Decided] = []
        self.seen: set[str] = set()
        self.among: set[str] | None = None
        if artifact is not None:
            issues = on_record(ANONYMOUS).filter(artifact=artifact).values_list("issue", flat=True)
            self.among = {subject(artifact), *(f"issue:{pk}" for pk in issues)}

    def events(self, asked: Asked) -> "QuerySet[Event]":
        """The newest first: all whose line is asked for, and few others."""
        at, since = OuterRef("at"), Coalesce("published_at", "confirmed_at", "opened_at")
        issues = issues_on_record(ANONYMOUS).order_by().prefetch_related(None).alias(since=since)
        artifacts = artifacts_with_pages(ANONYMOUS)
        confirmed = artifacts.filter(_IsNamed("pk", OuterRef("subjects"), kind="artifact"), confirmed_at__lte=at)
        published = issues.filter(_IsNamed("pk", OuterRef("subjects"), kind="issue"), since__lte=at)
        of_artifacts = _did(OF_ARTIFACTS) & Q(Exists(confirmed))
        is_told = of_artifacts | (_did((*VERBS, *OFF)) & Q(Exists(published)))
        acts = [asked.act, *(back for back, act in BACK.items() if act == asked.act)]
        events = Event.objects.filter(_did(acts if asked.act else (*VERBS, *OFF, *OF_ARTIFACTS)), is_told)
        if (among := self.among or _few(issues, artifacts)) is not None:
            events = events.filter(subjects__overlap=sorted(among))
        if asked.below is not None:
            events = events.filter(at__lte=asked.below.at)
        return events.filter(within(asked.since, asked.until)).order_by("-at", "-pk")

    def read(self, names: Iterable[str]) -> None:
        new = {name for name in names if self.among is None or name in self.among} - self.seen
        self.seen |= new
        issues = list(issues_on_record(ANONYMOUS).filter(pk__in=_ids("issue", new))) if new else []
        histories = histories_of(issues)
        for issue in issues:
            told = (str(issue.number), issue.public_title, issue.get_absolute_url())
            self.lines += _lines(histories[issue.pk], *told)
        for artifact, steps in _acts_on(_ids("artifact", new)):
            self.lines += _lines(steps, str(artifact), artifact.title, artifact.get_absolute_url())


def _lines(steps: Sequence[Step], name: str, title: str, href: str) -> Iterable[Decided]:
    for place, step in enumerate(reversed(steps)):
        yield Decided(Mark(step.at, href, place), step, name, title, href)


def _acts_on(pks: Sequence[int]) -> Iterable[tuple[Artifact, list[Step]]]:
    """What was done to artifacts with a page since they have it, each with the newest first."""
    artifacts = {subject(row): row for row in artifacts_with_pages(ANONYMOUS).filter(pk__in=pks)} if pks else {}
    if not artifacts:
        return
    events = list(events_about(*artifacts.values(), verbs=(*OF_ARTIFACTS, "undo")).order_by("at", "pk"))
    undone = undone_in(events)
    for name, artifact in artifacts.items():
        since: Any = artifact.confirmed_at
        of_it = [event for event in events if event.at >= since and event.subjects[:1] == [name]]
        steps = [_act(event, artifact) for event in of_it if verb_of(event) in OF_ARTIFACTS]
        yield artifact, [replace(step, is_undone=pk in undone) for step, pk in reversed(steps)]


def _act(event: Event, artifact: Artifact) -> tuple[Step, int | None]:
    """With the decision that made it."""
    changes = (Change("artifact", of=str(artifact)),)
    step = Step(
        at=event.at,
        verb=verb_of(event),
        by=event.actor,
        reason=str(said(event).get("reason", "")),
        changes=changes,
        is_undo=event.verb == "undo",
        sequence=event.sequence,
    )
    return step, said(event).get("decision")


def _did(verbs: Sequence[str]) -> Q:
    """Events of these acts, and of undoing one."""
    return Q(verb__in=verbs) | Q(verb="undo", payload__content__undone__in=verbs)


def _few(issues: IssueQuerySet, artifacts: ArtifactQuerySet) -> set[str] | None:
    """All that has a page, if that is little: else a site with much that is hidden would look through all of it."""
    of_issues = issues.values_list(Value("issue"), "pk")[: FEW + 1]
    of_artifacts = artifacts.filter(confirmed_at__isnull=False).order_by().values_list(Value("artifact"), "pk")
    found = {f"{kind}:{pk}" for kind, pk in of_issues.union(of_artifacts[: FEW + 1], all=True)}
    return found if len(found) <= FEW else None


class _IsNamed(Func):
    """Whether a row is among those of its ``kind`` that the event outside names: one look into the index of rows."""

    output_field = BooleanField()
    arg_joiner = " = ANY(ARRAY(SELECT split_part(s, ':', 2)::bigint FROM unnest("
    template = "%(expressions)s) s WHERE s ~ '^%(kind)s:[0-9]{1,18}$'))"


def _ids(kind: str, names: Iterable[str]) -> list[int]:
    split = (name.partition(":") for name in names)
    return [int(pk) for called, _colon, pk in split if called == kind and pk.isdecimal()]
