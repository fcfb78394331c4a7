"""What a search of the queue can ask: the words before a colon, what may stand behind them, which issues are meant."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.policy import Actor
from reports.models import Affected, Answer, Artifact, DailyCount, Issue, Placement, Signal, Version
from reports.models.embargo import under_embargo
from reports.vocabulary import Channel, ContextOfUse, FoundBy, Harm, HazardLevel, Kind, LifecycleStage, Severity, Status
from triage.claims import standing_claims
from triage.models import ThemeIssue
from triage.phrases import OneOf
from triage.priority import OPEN_SIGNALS
from triage.queue import GROWING, STANDING, UNLOOKED, asleep, waiting
from triage.rechecks import to_check

NONE, ANY, ME = "none", "any", "me"
LARGEST = 2**31 - 1  # a number of the database
RANGE = re.compile(r"(?P<sign>>=|<=|>|<|=)?(?P<one>[^.<>=]+)|(?P<low>[^.<>=]*)\.\.(?P<high>[^.<>=]*)")
SPAN = re.compile(r"(\d{1,4})([hdwm])")
SPANS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1), "m": timedelta(days=30)}
SIGNS = {">": "gt", ">=": "gte", "<": "lt", "<=": "lte", "=": "exact"}
TURNED = {"gt": "lt", "gte": "lte", "lt": "gt", "lte": "gte"}  # older is earlier


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a value with a sign, or a range, allows: pairs of a lookup and the value as it was written."""

    written: str
    lookups: tuple[tuple[str, str], ...]

    @classmethod
    def read(cls, value: str) -> "Bounds | None":
        found = RANGE.fullmatch(value.strip())
        if found is None or (found["one"] is None and not (found["low"] or found["high"])):
            return None
        if found["one"] is not None:
            return cls(value, ((SIGNS[found["sign"] or "="], found["one"].strip()),))
        ends = (("gte", found["low"].strip()), ("lte", found["high"].strip()))
        return cls(value, tuple((lookup, end) for lookup, end in ends if end))


class Question:
    """One word that can be asked. ``label`` heads its chip; ``allowed`` says what may stand behind it."""

    label: Promise | str
    offered: Sequence[str] = ()  # values to choose from, in so far as there is a list

    @property
    def allowed(self) -> str:
        raise NotImplementedError

    def spelled(self, value: str) -> str:
        """The value as it stands in the list, if it was meant: "False information" is false_information."""
        low = value.lower()
        spellings = (low, low.replace(" ", "_").replace("-", "_"), low.replace(" ", "-").replace("_", "-"))
        return next((spelling for spelling in spellings if spelling in self.offered), value)

    def is_known(self, value: str) -> bool:
        """Whether the value, as it is spelled, can be asked."""
        raise NotImplementedError

    def rows(self, value: str, actor: Actor) -> Q:
        raise NotImplementedError

    def words(self, value: str) -> str:
        """The value as its chip shows it."""
        return value


@dataclass(frozen=True)
class Among(Question):
    """One of a list, each with its own question."""

    label: Promise | str
    table: Mapping[str, tuple[Promise | str, Callable[[Actor], Q]]]

    @property
    def offered(self) -> Sequence[str]:  # type: ignore[override] # a field of the others
        return tuple(self.table)

    @property
    def allowed(self) -> str:
        return ", ".join(self.table)

    def is_known(self, value: str) -> bool:
        return value in self.table

    def rows(self, value: str, actor: Actor) -> Q:
        return self.table[value][1](actor)

    def words(self, value: str) -> str:
        return str(self.table[value][0])


@dataclass(frozen=True)
class Ranked(Question):
    """One of a list that ascends, or a range of it."""

    label: Promise | str
    column: str
    steps: Mapping[str, Any]  # what is written → what is stored, ascending
    named: Mapping[str, Promise | str]

    @property
    def offered(self) -> Sequence[str]:  # type: ignore[override] # a field of the others
        return tuple(self.steps)

    @property
    def allowed(self) -> str:
        return f"{', '.join(self.steps)}, >=…, <…, …..…"

    def spelled(self, value: str) -> str:
        return value.lower().replace(" ", "_").replace("-", "_")

    def is_known(self, value: str) -> bool:
        bounds = Bounds.read(value)
        return bounds is not None and all(step in self.steps for _lookup, step in bounds.lookups)

    def rows(self, value: str, actor: Actor) -> Q:
        order = list(self.steps)
        holds = {
            "gt": lambda at, limit: at > limit,
            "gte": lambda at, limit: at >= limit,
            "lt": lambda at, limit: at < limit,
            "lte": lambda at, limit: at <= limit,
            "exact": lambda at, limit: at == limit,
        }
        lookups = _bounds(value).lookups
        kept = [
            self.steps[step]
            for at, step in enumerate(order)
            if all(holds[lookup](at, order.index(limit)) for lookup, limit in lookups)
        ]
        return Q(**{f"{self.column}__in": kept})

    def words(self, value: str) -> str:
        bounds = _bounds(value)
        for _lookup, step in bounds.lookups:
            value = value.replace(step, str(self.named[step]), 1)
        return value


@dataclass(frozen=True)
class Number(Question):
    """A count, or a range of counts."""

    label: Promise | str
    column: str

    @property
    def allowed(self) -> str:
        return "3, >3, <=10, 5..20"

    def is_known(self, value: str) -> bool:
        bounds = Bounds.read(value)
        return bounds is not None and all(end.isdecimal() and len(end) < 10 for _lookup, end in bounds.lookups)

    def rows(self, value: str, actor: Actor) -> Q:
        return Q(**{f"{self.column}__{lookup}": int(end) for lookup, end in _bounds(value).lookups})


@dataclass(frozen=True)
class Age(Question):
    """How long ago: hours, days, weeks or months of thirty days."""

    label: Promise | str
    column: str

    @property
    def allowed(self) -> str:
        return "<7d, >2w, 12h..3d, 1m"

    def spelled(self, value: str) -> str:
        return value.lower()

    def is_known(self, value: str) -> bool:
        bounds = Bounds.read(value)
        return bounds is not None and all(SPAN.fullmatch(end) for _lookup, end in bounds.lookups)

    def rows(self, value: str, actor: Actor) -> Q:
        now, asked = timezone.now(), Q()
        for lookup, end in _bounds(value).lookups:
            number, unit = SPAN.fullmatch(end).groups()  # type: ignore[union-attr] # is_known has seen it
            length = int(number) * SPANS[unit]
            if lookup == "exact":  # "7d" is on the seventh day back
                asked &= Q(**{f"{self.column}__lte": now - length, f"{self.column}__gt": now - length - SPANS[unit]})
            else:
                asked &= Q(**{f"{self.column}__{TURNED[lookup]}": now - length})
        return asked


@dataclass(frozen=True)
class Days(Question):
    """A day of UTC, a month or a year, or a range of them."""

    label: Promise | str
    column: str

    @property
    def allowed(self) -> str:
        return "2026-10-01, 2026-10, 2026-10-01.., 2026-10..2026-11, <2026"

    def is_known(self, value: str) -> bool:
        bounds = Bounds.read(value)
        return bounds is not None and all(_period(end) for _lookup, end in bounds.lookups)

    def rows(self, value: str, actor: Actor) -> Q:
        asked = Q()
        for lookup, end in _bounds(value).lookups:
            first, after = _period(end)  # type: ignore[misc] # is_known has seen it
            start, stop = (datetime.combine(day, time(), UTC) for day in (first, after))
            limits = {
                "exact": {"gte": start, "lt": stop},
                "gte": {"gte": start},
                "gt": {"gte": stop},
                "lte": {"lt": stop},
                "lt": {"lt": start},
            }[lookup]
            asked &= Q(**{f"{self.column}__{name}": limit for name, limit in limits.items()})
        return asked


@dataclass(frozen=True)
class Named(Question):
    """A name that people gave: whatever is written is asked for."""

    label: Promise | str
    asks: Callable[[str, Actor], Q]
    examples: Promise | str
    pattern: re.Pattern[str] = field(default_factory=lambda: re.compile(r".{1,260}"))
    called: Mapping[str, Promise | str] = field(default_factory=dict)  # values with a meaning of their own

    @property
    def offered(self) -> Sequence[str]:  # type: ignore[override] # a field of the others
        return tuple(self.called)

    @property
    def allowed(self) -> str:
        return str(self.examples)

    def is_known(self, value: str) -> bool:
        return value in self.called or self.pattern.fullmatch(value) is not None

    def rows(self, value: str, actor: Actor) -> Q:
        return self.asks(value, actor)

    def words(self, value: str) -> str:
        return str(self.called.get(value, value))


def _bounds(value: str) -> Bounds:
    """Of a value that is known."""
    bounds = Bounds.read(value)
    if bounds is None:
        raise ValueError(value)
    return bounds


def _period(written: str) -> tuple[date, date] | None:
    """The first day of a day, month or year, and the day after its last; None if there is no such."""
    if not re.fullmatch(r"[0-9]{4}(-[0-9]{2}){0,2}", written):
        return None
    numbers = [int(part) for part in written.split("-")]
    try:
        first = date(*[*numbers, 1, 1][:3])
        if len(numbers) == 3:
            return first, first + timedelta(days=1)
        months = first.year * 12 + first.month - 1 + (1 if len(numbers) == 2 else 12)
        return first, date(months // 12, months % 12 + 1, 1)
    except (ValueError, OverflowError):
        return None


# Which issues are meant


def having(rows: "QuerySet[Any]", issue: str = "issue") -> Q:
    """Issues of those rows. Asked as a set, because the rows are few and have an index."""
    return Q(pk__in=rows.order_by().values(issue))


def standing(**reports: Any) -> Q:
    """Issues in which such a report stands."""
    told = {f"report__{name}": value for name, value in reports.items()}
    return Q(Exists(Placement.objects.active().filter(issue=OuterRef("pk"), **told)))


def counted(*which: Q | OneOf, **cells: Any) -> Q:
    """Issues that count a report of such a cell, gathered off the daily counts.

    As an array: nothing tells the planner how many cells are meant, and to ask issue after issue costs up to four times
    as much where most of them are, or where two such questions meet.
    """
    return Q(OneOf.among("pk", DailyCount.objects.filter(*which, **cells).values("issue")))


def plainly(**columns: Any) -> Callable[[Actor], Q]:
    return lambda actor: Q(**columns)


def always(asked: Q) -> Callable[[Actor], Q]:
    return lambda actor: asked


def like(value: str) -> str:
    """A name with ``*`` for whatever as a regular expression, in any case.

    Many in a row say no more than one, and take PostgreSQL seconds.
    """
    return "^" + ".*".join(re.escape(part) for part in re.split(r"\*+", value.lower())) + "$"


def of_artifact(value: str, actor: Actor) -> Q:
    org, slash, name = value.strip("/").partition("/")
    known = Artifact.objects.alias(low_org=Lower("org"), low_name=Lower("name"))
    if slash:
        meant = known.filter(low_name__regex=like(name), low_org__regex=like(org))
    else:
        meant = known.filter(Q(low_name__regex=like(org)) | Q(low_org__regex=like(org)))
    ids = meant.values("pk")
    # arrays are looked up in indexes: an "or" of two sets would be asked of every issue there is
    affected = Affected.objects.filter(OneOf.among("artifact", ids)).values("issue")
    return Q(OneOf.among("family", ids)) | Q(OneOf.among("pk", affected))


def of_assignee(value: str, actor: Actor) -> Q:
    if value == NONE:
        return Q(assignee=None)
    if value == ANY:
        return Q(assignee__isnull=False)
    if value == ME:
        return Q(assignee=actor.user_id or 0)
    return called("assignee", value)


def called(user: str, value: str) -> Q:
    """Somebody's name, address, or the part of the address before the @."""
    lookups = {
        f"{user}__email__iexact": value,
        f"{user}__name__iexact": value,
        f"{user}__email__istartswith": f"{value}@",
    }
    return Q(**lookups, _connector=Q.OR)


def of_claim(value: str, actor: Actor) -> Q:
    claims = standing_claims()
    if value == NONE:
        return ~having(claims)
    if value == ME:
        return having(claims.filter(user=actor.user_id or 0))
    if value == ANY:
        return having(claims)
    return having(claims.filter(called("user", value)))


def of_language(value: str, actor: Actor) -> Q:
    if value == NONE:
        return counted(language="")
    low = value.lower()
    return counted(Q(language__iexact=low) | Q(language__istartswith=f"{low}-"))


def of_version(value: str, actor: Actor) -> Q:
    if value == NONE:
        return counted(version=None)
    lookup = {"name__iregex": like(value)} if "*" in value else {"name__iexact": value}
    return counted(OneOf.among("version", Version.objects.filter(**lookup).values("pk")))


def of_rule(value: str, actor: Actor) -> Q:
    if value == NONE:
        return Q(rule_id="")
    if value == ANY:
        return ~Q(rule_id="")
    return Q(rule_id__iregex=like(value)) & ~Q(rule_id="") if "*" in value else Q(rule_id__iexact=value)


def of_number(value: str, actor: Actor) -> Q:
    if value == NONE:
        return Q(number=None)
    if value == ANY:
        return Q(number__isnull=False)
    return Q(pk=int(value)) if value.isdecimal() else Q(number=value.upper())


def of_theme(value: str, actor: Actor) -> Q:
    places = ThemeIssue.objects.all()
    if value == NONE:
        return ~having(places)
    return having(places if value == ANY else places.filter(theme=int(value)))


def choices(enum: Any, column: str) -> dict[str, tuple[Promise | str, Callable[[Actor], Q]]]:
    """Each of a closed list, and "none" for those of which nothing was said."""
    listed: dict[str, Any] = {value: (label, plainly(**{column: value})) for value, label in enum.choices}
    return listed | {NONE: (_("not said"), plainly(**{column: ""}))}


STATES: dict[str, tuple[Promise | str, Callable[[Actor], Q]]] = {
    **{value: (label, plainly(status=value)) for value, label in Status.choices},
    "open": (_("Open"), plainly(status__in=[Status.NEW, Status.CONFIRMED])),
    "waiting": (_("Waiting"), lambda actor: waiting()),
    "snoozed": (_("Snoozed"), lambda actor: asleep()),
    "held": (_("With a held report"), lambda actor: having(_standing().filter(report__held_at__isnull=False))),
    "answered": (_("Answered"), lambda actor: having(Answer.objects.filter(accepted_at=None, refused_at=None))),
    "disputed": (_("Disputed"), plainly(is_disputed=True)),
    "private": (_("With a private report"), lambda actor: standing(visibility="private")),
    "gated": (_("Gated"), plainly(hazard_level__gte=HazardLevel.GATED)),
    "embargoed": (_("Under embargo"), lambda actor: under_embargo()),
    "possible-regression": (_("Possible regression"), plainly(is_possible_regression=True, waits=True)),
    "auto-placed": (_("Placed by the engine, not looked at"), lambda actor: having(UNLOOKED)),
    "growing": (_("Growing fast"), lambda actor: GROWING),
    "look": (_("To look at"), lambda actor: to_look_at()),
    "check": (_("To check: changed since"), lambda actor: to_check()),
    "unassigned": (_("Not assigned"), plainly(assignee=None)),
    "asked": (_("Reporter was asked"), plainly(asked_at__isnull=False)),
    "prioritised": (_("Priority set by a person"), plainly(priority_override__isnull=False)),
    "published": (_("Published"), plainly(published_at__isnull=False)),
    "unpublished": (_("Not published"), plainly(published_at=None)),
    "withdrawn": (_("Withdrawn"), plainly(withdrawn_at__isnull=False)),
}


def _standing() -> "QuerySet[Placement]":
    return Placement.objects.active()


def to_look_at() -> Q:
    """What the engine joined to judged issues, and what grows fast."""
    growing = Issue.objects.filter(GROWING).order_by().values("pk")
    return Q(status__in=STANDING, pk__in=growing.union(UNLOOKED.order_by().values("issue")))


def signalled(**which: Any) -> Callable[[Actor], Q]:
    return lambda actor: having(Signal.objects.filter(state__in=OPEN_SIGNALS, issue__isnull=False, **which))


PUBLIC_NUMBER = re.compile(r"TT-[0-9]{4}-[0-9]{5,12}", re.IGNORECASE)
NUMBER = re.compile(rf"{PUBLIC_NUMBER.pattern}|[0-9]{{1,18}}", re.IGNORECASE)
SORTS: dict[str, tuple[Promise | str, tuple[str, ...]]] = {
    "priority": (_("Most urgent first"), ("-is_possible_regression", "-priority", "pk")),
    "age": (_("Oldest first"), ("opened_at", "pk")),
    "new": (_("Newest first"), ("-opened_at", "-pk")),
    "voices": (_("Most voices first"), ("-voice_count", "pk")),
    "reports": (_("Most reports first"), ("-report_count", "pk")),
    "last": (_("Latest report first"), ("-last_reported_at", "pk")),
}
QUESTIONS: dict[str, Question] = {
    "is": Among(_("State"), STATES),
    "artifact": Named(_("Artifact"), of_artifact, _("a name, as acme/chat-7b, acme/* or chat*")),
    "kind": Among(_("Kind"), choices(Kind, "kind")),
    "severity": Ranked(
        _("Severity"),
        "severity",
        {step.value: step.value for step in Severity},
        {step.value: step.label for step in Severity},
    ),
    "hazard": Ranked(
        _("Hazard level"),
        "hazard_level",
        {str(level.value): level.value for level in HazardLevel},
        {str(level.value): level.label for level in HazardLevel},
    ),
    "context": Among(_("Context of use"), choices(ContextOfUse, "context_of_use")),
    "stage": Among(_("Lifecycle stage"), choices(LifecycleStage, "lifecycle_stage")),
    "harm": Among(_("Harm"), choices(Harm, "harm_occurred")),
    "voices": Number(_("Voices"), "voice_count"),
    "reports": Number(_("Reports"), "report_count"),
    "age": Age(_("Opened ago"), "opened_at"),
    "opened": Days(_("Opened"), "opened_at"),
    "heard": Age(_("Last heard of ago"), "last_reported_at"),
    "assigned": Named(
        _("Assigned to"),
        of_assignee,
        _("me, none, any, a name or an e-mail address"),
        called={ME: _("me"), NONE: _("nobody"), ANY: _("anybody")},
    ),
    "claimed": Named(
        _("Looked at by"),
        of_claim,
        _("me, none, any, a name or an e-mail address"),
        called={ME: _("me"), NONE: _("nobody"), ANY: _("anybody")},
    ),
    "language": Named(
        _("Language"),
        of_language,
        _("a code such as es or pt-BR, or none"),
        re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}"),
        {NONE: _("not known")},
    ),
    "version": Named(
        _("Version"), of_version, _("a version's name, as 2026-05 or 2026*, or none"), called={NONE: _("not said")}
    ),
    "source": Among(_("Came by"), {value: (label, always(counted(channel=value))) for value, label in Channel.choices}),
    "found": Among(
        _("Found by"), {value: (label, always(standing(found_by=value))) for value, label in FoundBy.choices}
    ),
    "rule": Named(
        _("Scanner rule"),
        of_rule,
        _("a rule's name, with * for whatever; none; any"),
        called={NONE: _("none"), ANY: _("any")},
    ),
    "number": Named(
        _("Number"),
        of_number,
        _("TT-2026-00001, none or any"),
        NUMBER,
        {NONE: _("none yet"), ANY: _("any")},
    ),
    "signal": Among(
        _("Signal"),
        {
            "alarm": (_("alarm"), signalled(tier=Signal.Tier.ALARM)),
            "watch": (_("watch"), signalled(tier=Signal.Tier.WATCH)),
            ANY: (_("any"), signalled()),
            NONE: (_("none"), lambda actor: ~signalled()(actor)),
        },
    ),
    "theme": Named(
        _("Theme"),
        of_theme,
        _("a theme's number, none or any"),
        re.compile(r"[0-9]{1,18}"),
        {NONE: _("none"), ANY: _("any")},
    ),
    "sort": Among(_("Order"), {name: (words, lambda actor: Q()) for name, (words, _columns) in SORTS.items()}),
}
# What people write elsewhere for the same thing: named in the explanation, never taken silently.
ELSEWHERE = {
    "status": "is",
    "state": "is",
    "model": "artifact",
    "system": "artifact",
    "dataset": "artifact",
    "family": "artifact",
    "type": "kind",
    "label": "kind",
    "priority": "sort",
    "order": "sort",
    "assignee": "assigned",
    "owner": "assigned",
    "author": "source",
    "channel": "source",
    "via": "source",
    "lang": "language",
    "lifecycle": "stage",
    "created": "opened",
    "since": "opened",
    "updated": "heard",
    "last": "heard",
    "id": "number",
    "no": "number",
    "has": "is",
    "in": "context",
}


def rows(name: str, values: Sequence[str], actor: Actor) -> Q:
    """Issues of which one of the values holds. All of them are known, see ``Question.is_known``."""
    question = QUESTIONS[name]
    return reduce(or_, [question.rows(value, actor) for value in values])
