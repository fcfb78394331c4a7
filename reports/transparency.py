"""What this site did in a quarter, in numbers: what came, what was decided, who answered.

**Two kinds of number.** What is public is counted exactly, from rows that everybody may see. All else (reports, events,
signals) is counted for everybody too, and could tell of what nobody may see: fetched today and tomorrow, the difference
of two counts is what happened in between. So of that

* only whole days are counted, up to the end of yesterday in UTC: nobody learns whether a report has just arrived;
* a count below five is not told, none being as few as one, and no count whose difference to another would be so few;
* tables (by channel, language, reason) are told when the quarter is over, never from day to day, with small cells
  folded away (``reports.suppression``). What an ended quarter received and decided does not change any more;
* the whole is the sum of what the quarters tell and says nothing beyond them, or it would give away those that are not
  told.

What is left: whoever looks every day sees that so many reports came yesterday, once the quarter has five; and whoever
adds up the reports of public issues sees how many stand in none. Neither says what one of them is about.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Self

from django.core.cache import cache
from django.db.models import Case, CharField, Count, F, Q, QuerySet, Value, When
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce, TruncQuarter

from accounts.policy import ANONYMOUS
from ledger.models import Event
from reports.models import Issue, Placement, Report, Signal
from reports.promptness import Promptness, by_developer
from reports.suppression import Folded, alone, folded, part
from reports.vocabulary import Resolution

KEPT = 3600  # seconds that the counts of a day are kept; they hardly change before the next
PER_YEAR = 4
EARLIEST = 2000  # no quarter before that is asked the calendar for

# Events that are told by their verb, and what of them is counted apart.
REVEAL_FILES = "reveal_files"
UNTOLD = ("file", "group", "regroup")  # by far the most of them, passed over before their payloads are read
VERBS = ("dismiss", "merge", "publish", "release", "redact", "reveal", "undo", "unpublish", "withdraw", "leave")
HELD = Count("pk", filter=~Q(held_for=""))  # once; whether they were released since is another matter
TABLES = ("channel", "language", "placed", "dismiss", "signal")
Cell = tuple[str, str]  # what is counted, and which of it: ("language", "en"); "" where it is not divided
Counts = Mapping["Quarter", Mapping[Cell, int]]


@dataclass(frozen=True, slots=True, order=True)
class Quarter:
    """Three months of a year, ``number`` 1 to 4; "2026-Q3"."""

    year: int
    number: int

    def __str__(self) -> str:
        return f"{self.year}-Q{self.number}"

    @classmethod
    def of(cls, day: date) -> Self:
        return cls(day.year, (day.month + 2) // 3)

    @classmethod
    def named(cls, name: str) -> Self | None:
        """The quarter that is written so, None if that is no quarter.

        >>> str(Quarter.named("2026-Q3")), Quarter.named("2026-q9")
        ('2026-Q3', None)
        """
        year, _dash, number = name.partition("-Q")
        if not (name.isascii() and len(name) == len("2026-Q3") and year.isdecimal() and number in ("1", "2", "3", "4")):
            return None
        return cls(int(year), int(number)) if int(year) >= EARLIEST else None

    @property
    def first(self) -> date:
        return date(self.year, 3 * self.number - 2, 1)

    @property
    def last(self) -> date:
        return self.after.first - timedelta(days=1)

    @property
    def after(self) -> "Quarter":
        return Quarter(self.year + self.number // PER_YEAR, self.number % PER_YEAR + 1)

    def is_over(self, today: date) -> bool:
        return today >= self.after.first


@dataclass(frozen=True, slots=True)
class Told:
    """A count of what need not be public. ``count`` None: too few to tell. ``is_all`` False: there may be more."""

    count: int | None
    is_all: bool

    @classmethod
    def one(cls, count: int | None) -> Self:
        return cls(count, count is not None)

    @classmethod
    def sum(cls, parts: Iterable["Told"]) -> Self:
        told = list(parts)
        counts = [each.count for each in told if each.count is not None]
        return cls(sum(counts) if counts else None, bool(told) and all(each.is_all for each in told))


@dataclass(frozen=True, slots=True)
class Flows:
    """Each a stream of its own: none is the difference of two others."""

    received: Told
    held: Told
    released: Told
    withdrawn: Told
    placed: Told
    declined: Told
    merged: Told
    published_apart: Told
    taken_off: Told
    decisions: Told
    undone: Told
    revealed: Told
    revealed_files: Told
    redacted: Told
    erased: Told
    accounts_closed: Told
    signals: Told


@dataclass(frozen=True, slots=True)
class Figures:
    """One quarter, or the whole where ``quarter`` is None. ``tables`` are those of an ended quarter, by ``TABLES``."""

    quarter: Quarter | None
    quarters: tuple[Quarter, ...]
    counted_to: date
    is_running: bool
    flows: Flows
    tables: dict[str, Folded[str]]
    published: int
    resolved: dict[str, int]
    each: tuple[tuple[Quarter, Told, int, int], ...] = field(default=())
    """Of the whole: received, published and resolved in each quarter."""


def figures(name: str, *, today: date) -> Figures | None:
    """The figures of the quarter of that name, or of the whole for ""; None if there is no such quarter here."""
    hidden, public = hidden_counts(today), public_counts(today)
    known = quarters(hidden, public, today)
    asked = Quarter.named(name)
    if name and asked not in known:
        return None
    if asked is None:
        return _whole(hidden, public, known, today)
    counts = hidden.get(asked, {})
    return Figures(
        quarter=asked,
        quarters=known,
        counted_to=min(asked.last, today - timedelta(days=1)),
        is_running=not asked.is_over(today),
        flows=flows_of(counts),
        tables=tables_of(counts) if asked.is_over(today) else {},
        published=public.get(asked, {}).get(("published", ""), 0),
        resolved=_resolved(public.get(asked, {})),
    )


def _whole(hidden: Counts, public: Counts, known: tuple[Quarter, ...], today: date) -> Figures:
    by_quarter = {quarter: flows_of(hidden.get(quarter, {})) for quarter in known}
    summed = {
        name: Told.sum(getattr(flows, name) for flows in by_quarter.values()) for name in Flows.__dataclass_fields__
    }
    together: Counter[Cell] = Counter()
    for counts in public.values():
        together.update(counts)
    return Figures(
        quarter=None,
        quarters=known,
        counted_to=today - timedelta(days=1),
        is_running=True,
        flows=Flows(**summed),
        tables={},
        published=together["published", ""],
        resolved=_resolved(together),
        each=tuple(
            (
                quarter,
                flows.received,
                public.get(quarter, {}).get(("published", ""), 0),
                sum(_resolved(public.get(quarter, {})).values()),
            )
            for quarter, flows in reversed(by_quarter.items())
        ),
    )


def quarters(hidden: Counts, public: Counts, today: date) -> tuple[Quarter, ...]:
    """From the first in which there is something to tell to the running one: where a page would be, tells too."""
    told = [quarter for quarter, counts in hidden.items() if any(each.is_all for each in _all(flows_of(counts)))]
    running = Quarter.of(today)
    at = min([*told, *public, running])
    found = [at]
    while at < running:
        at = at.after
        found.append(at)
    return tuple(found)


def _all(flows: Flows) -> Iterator[Told]:
    return (getattr(flows, name) for name in Flows.__dataclass_fields__)


def flows_of(counts: Mapping[Cell, int]) -> Flows:
    def told(what: str) -> Told:
        return Told.one(alone(_sum(counts, what)))

    def of(what: str, whole: str) -> Told:
        return Told.one(part(_sum(counts, what), _sum(counts, whole)))

    return Flows(
        received=told("channel"),
        held=of("held", "channel"),
        released=told("release"),
        withdrawn=told("withdraw"),
        placed=told("placed"),
        declined=told("dismiss"),
        merged=told("merge"),
        published_apart=told("publish"),
        taken_off=told("unpublish"),
        decisions=told("decisions"),
        undone=of("undo", "decisions"),
        revealed=told("reveal"),
        revealed_files=told(REVEAL_FILES),
        redacted=told("redact"),
        erased=told("erased"),
        accounts_closed=told("leave"),
        signals=told("signal"),
    )


def tables_of(counts: Mapping[Cell, int]) -> dict[str, Folded[str]]:
    """Only of an ended quarter, in which no cell comes to be that was not there before."""
    return {
        what: folded({cell: count for (name, cell), count in sorted(counts.items()) if name == what}) for what in TABLES
    }


def _sum(counts: Mapping[Cell, int], what: str) -> int:
    return sum(count for (name, _cell), count in counts.items() if name == what)


def _resolved(counts: Mapping[Cell, int]) -> dict[str, int]:
    """By resolution, all of them, in the order of the vocabulary."""
    return {resolution: counts.get(("resolved", resolution), 0) for resolution in Resolution.values}


def hidden_counts(today: date) -> Counts:
    """What is counted over rows that nobody may see, by quarter, up to the end of yesterday. Kept for a while."""
    key = f"transparency:{today}"
    known: Counts | None = cache.get(key)
    if known is None:
        known = _counted(today)
        cache.set(key, known, KEPT)
    return known


def _counted(today: date) -> Counts:
    """Five queries, however much there is; each row is a quarter and a cell."""
    found: dict[Quarter, Counter[Cell]] = {}

    def add(rows: Iterable[Mapping[str, Any]], what: str) -> None:
        for row in rows:
            counts = found.setdefault(Quarter.of(row["quarter"].date()), Counter())
            counts[what or row["what"], row["word"]] += row["n"]

    filed = _by_quarter(Report.objects.all(), "filed_at", today)
    by_both = list(filed.values("quarter", "channel", "language").annotate(n=Count("pk"), held=HELD).order_by())
    add(({**row, "word": row["channel"]} for row in by_both), "channel")
    add(({**row, "word": _tongue(row["language"])} for row in by_both), "language")
    add(({**row, "word": "", "n": row["held"]} for row in by_both), "held")
    add(_grouped(_by_quarter(Placement.objects.all(), "placed_at", today), "by"), "placed")
    add(_grouped(_by_quarter(Signal.objects.all(), "opened_at", today), "state"), "signal")
    erased = _by_quarter(Report.objects.filter(erased_at__isnull=False), "erased_at", today)
    add(erased.values("quarter", word=Value("")).annotate(n=Count("pk")).order_by(), "erased")
    for row in _of_events(today):
        add([row], "")
        if row["is_decision"] and row["what"] != "undo":
            add([{**row, "word": ""}], "decisions")
    return {quarter: dict(counts) for quarter, counts in found.items()}


def _tongue(language: str) -> str:
    """A language without its region. Reporters name theirs: what is no tag is no word for a public page.

    >>> _tongue("pt-BR"), _tongue("<b>"), _tongue("")
    ('pt', 'und', 'und')
    """
    primary = language.partition("-")[0].lower()
    return primary if primary.isascii() and primary.isalpha() and len(primary) in (2, 3) else "und"


def _midnight(today: date) -> datetime:
    """When yesterday ended."""
    return datetime.combine(today, time(), tzinfo=UTC)


def _by_quarter(rows: "QuerySet[Any]", moment: str, today: date) -> "QuerySet[Any]":
    in_time: QuerySet[Any] = rows.filter(**{f"{moment}__lt": _midnight(today)})
    dated: QuerySet[Any] = in_time.annotate(quarter=TruncQuarter(moment, tzinfo=UTC))
    return dated


def _grouped(rows: "QuerySet[Any]", word: str) -> "QuerySet[Any, Any]":
    cells: QuerySet[Any, Any] = rows.values("quarter", word=F(word)).annotate(n=Count("pk")).order_by()
    return cells


def _of_events(today: date) -> "QuerySet[Any, Any]":
    """Events by what they tell of; those that are decisions of people say so. Of most verbs nothing is told."""
    told = Case(
        When(verb="reveal", payload__content__has_key="files", then=Value(REVEAL_FILES)),
        When(verb__in=VERBS, then=F("verb")),
        default=Value(""),
        output_field=CharField(),
    )
    reason = Case(
        When(verb="dismiss", then=Coalesce(KeyTextTransform("reason", "payload__content"), Value(""))),
        default=Value(""),
        output_field=CharField(),
    )
    decided = Q(payload__isnull=False, payload__content__has_key="decision")
    told_of = Event.objects.exclude(verb__in=UNTOLD).filter(Q(verb__in=VERBS) | decided)
    events = _by_quarter(told_of, "at", today)
    events = events.annotate(what=told, word=reason, is_decision=Case(When(decided, then=True), default=False))
    counts: QuerySet[Any, Any] = events.values("quarter", "what", "word", "is_decision").annotate(n=Count("pk"))
    return counts.order_by()


def public_counts(today: date) -> Counts:
    """Issues on record by the quarter in which they were published, and by that in which they were resolved."""
    found: dict[Quarter, Counter[Cell]] = {}
    on_record = Issue.objects.visible_to(ANONYMOUS)
    published = _by_quarter(on_record, "published_at", today).annotate(what=Value("published"), word=Value(""))
    resolved = _by_quarter(on_record.resolved(), "resolved_at", today).annotate(
        what=Value("resolved"), word=F("resolution")
    )
    for rows in (published, resolved):
        for row in rows.values("quarter", "what", "word").annotate(n=Count("pk")).order_by():
            found.setdefault(Quarter.of(row["quarter"].date()), Counter())[row["what"], row["word"]] += row["n"]
    return found


def developers(today: date) -> dict[str, Promptness]:
    """By name: whoever was told of an issue on record, or has ended five of them."""
    known = by_developer(ANONYMOUS, now=_midnight(today))
    return {name: each for name, each in known.items() if each.told or each.resolved.median is not None}
