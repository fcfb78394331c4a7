"""History gone through evening by evening, without looking ahead: what would have been said, when, and what not.

Issues are read as they stood on each evening. Nobody kept how themes stood, so they are judged only while a stream is
filed anew. Levels are the tiers' own: the budget makes them stricter on a busy site, never looser.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from statistics import median

import numpy as np

from reports.models import Issue, Signal
from reports.vocabulary import Status
from triage.signals import bursts, night, releases, tables
from triage.signals.finding import Finding
from triage.signals.habits import Habits
from triage.signals.series import Scope, Series, behind, first_day, read
from triage.surveillance.baseline import SERIES_DAYS
from triage.surveillance.burst import BARS
from triage.surveillance.counts import Counts
from triage.surveillance.episodes import COOL_DOWN, ESCALATES
from triage.surveillance.tiers import Tier

ANEW = 7  # evenings after which the site's habits are told anew
SURGE_VOICES, SURGE_DAYS = 5, 7  # what somebody who looks back calls a surge
SAME_EVENT = 0.5  # share of the reports behind a signal from which on it is of their event
LEAST_EVENT = 10  # reports of an event that is worth finding
RIGHT = {Signal.State.CONFIRMED.value, Signal.State.KNOWN.value}
WRONG = {Signal.State.REFUTED.value}


@dataclass(frozen=True, slots=True)
class Said:
    """A finding that spoke, on an evening."""

    on: date
    tier: Tier
    finding: Finding


@dataclass(slots=True)
class Memory:
    """What was said up to an evening: who speaks again, and which days weigh little in later baselines."""

    last: dict[tuple[str, Tier], tuple[date, float]] = field(default_factory=dict)
    past: dict[Scope, dict[int, set[date]]] = field(default_factory=lambda: {"issue": {}, "theme": {}})

    def heard(self, findings: Iterable[Finding], on: date) -> Iterator[Said]:
        """Those that speak: not at that tier within the cool-down, or twice as loud as when they spoke."""
        for finding in findings:
            tiers: tuple[Tier, ...] = ("alarm", "watch") if finding.tier == "alarm" else ("watch",)
            spoken = [tier for tier in tiers if self._speaks(finding, tier, on)]
            if spoken:
                yield Said(on, spoken[0], finding)
            self._remember(finding)

    def _speaks(self, finding: Finding, tier: Tier, on: date) -> bool:
        seen, ratio = self.last.get((finding.key, tier), (date.min, 0.0))
        speaks = (on - seen).days > COOL_DOWN or finding.ratio >= ESCALATES * ratio
        self.last[finding.key, tier] = (on, finding.ratio if speaks else ratio)
        return speaks

    def _remember(self, finding: Finding) -> None:
        scope: Scope = "theme" if finding.theme else "issue"
        thing = finding.theme or finding.issue
        if thing is not None and finding.alarm_days:
            self.past[scope].setdefault(thing, set()).update(finding.alarm_days)


class Evenings:
    """Evening after evening, each knowing no later day."""

    def __init__(self, scopes: Sequence[Scope], *, then: bool) -> None:
        self.scopes, self.then, self.memory = scopes, then, Memory()
        self.habits: dict[Scope, Habits] = {}
        self.told_on = date.min

    def evening(self, on: date) -> list[Said]:
        if (on - self.told_on).days >= ANEW:
            self._tell_anew(on)
        released = bursts.lately_released(on)
        found: list[Finding] = []
        for scope in self.scopes:
            series = read(scope, on, SERIES_DAYS, then=self.then)
            past = self.memory.past[scope]
            found += bursts.findings(scope, series, self.habits[scope], BARS, past=past, released=released)
        if "issue" in self.scopes:
            found += tables.findings(tables.lines(on, then=self.then))[0]
            found += releases.findings(on, max(self.habits["issue"].usual.dispersion), then=self.then)
        return list(self.memory.heard(found, on))

    def _tell_anew(self, on: date) -> None:
        began = first_day(on) or on
        days = min(max((on - began).days + 1, SERIES_DAYS), SERIES_DAYS - 1 + night.QUIET_DAYS)
        for scope in self.scopes:
            self.habits[scope] = night.habits_of(read(scope, on, days, then=self.then).counts)
        self.told_on = on


def backtest(begin: date, end: date) -> list[Said]:
    """All that would have been said of this site's issues and tables from ``begin`` to ``end``."""
    walk = Evenings(("issue",), then=True)
    days = (begin + timedelta(days=at) for at in range((end - begin).days + 1))
    return [said for day in days for said in walk.evening(day)]


# What somebody who looks back would have wished to hear of


@dataclass(frozen=True, slots=True)
class Surge:
    """Five voices or more of an issue within a week: from the first of them on, and how many reports it had.

    ``said`` is the first signal about the issue, ``heard`` how many of the reports had come by that evening.
    """

    issue: int
    since: date
    until: date
    reports: int
    said: Said | None
    heard: int


def surges(begin: date, end: date, said: Collection[Said]) -> list[Surge]:
    """The surges of issues within a span of days, the oldest first."""
    series = read("issue", end, (end - begin).days + 1)
    found = []
    for row, issue in enumerate(series.things):
        about = [each for each in said if each.finding.issue == issue]
        for first, last in _surging(series.counts, row):
            found.append(_surge(series, row, first, last, about))
    return sorted(found, key=lambda each: (each.since, each.issue))


def _surging(counts: Counts, row: int) -> list[tuple[int, int]]:
    """First and last column of each run of weeks that hold enough voices."""
    voices = np.concatenate([np.zeros(SURGE_DAYS - 1, dtype=np.int64), counts.voices[row]])
    weeks = np.convolve(voices, np.ones(SURGE_DAYS, dtype=np.int64), mode="valid") >= SURGE_VOICES
    turns = np.flatnonzero(np.diff(np.concatenate([[False], weeks, [False]]).astype(np.int8)))
    runs = []
    for start, after in zip(turns[::2].tolist(), turns[1::2].tolist(), strict=True):
        within = np.flatnonzero(counts.voices[row, max(start - SURGE_DAYS + 1, 0) : after])
        runs.append((max(start - SURGE_DAYS + 1, 0) + int(within[0]), max(start - SURGE_DAYS + 1, 0) + int(within[-1])))
    return runs


def _surge(series: Series, row: int, first: int, last: int, about: Sequence[Said]) -> Surge:
    counts = series.counts
    since, until = counts.day(first), counts.day(last)
    spoken = next((each for each in about if since <= each.on <= until), None)
    heard = 0 if spoken is None else int(counts.reports[row, first : last + 1 - (until - spoken.on).days].sum())
    return Surge(series.things[row], since, until, int(counts.reports[row, first : last + 1].sum()), spoken, heard)


def verdicts(said: Collection[Said]) -> tuple[int, int]:
    """Of what people have judged since, (right, all): by the signal's own judgement, else the issue's."""
    judged = dict(Signal.objects.filter(state__in=RIGHT | WRONG).order_by("judged_at").values_list("key", "state"))
    stands = dict(Issue.objects.exclude(status=Status.NEW).values_list("pk", "status"))
    answers = []
    for each in said:
        state, status = judged.get(each.finding.key), stands.get(each.finding.issue or 0)
        if state is not None:
            answers.append(state in RIGHT)
        elif status in (Status.CONFIRMED, Status.RESOLVED, Status.DISMISSED):
            answers.append(status != Status.DISMISSED)
    return sum(answers), len(answers)


# Streams whose events are labelled


@dataclass(frozen=True, slots=True)
class Event:
    """A labelled event, and the first signal that was of it.

    ``to_come`` is the share of its reports that came after that evening, ``lead`` how many days later its peak was.
    """

    label: str
    reports: int
    said: Said | None
    to_come: float = 0.0
    lead: int = 0


def label_of(said: Said, labels: Mapping[int, str]) -> str | None:
    """The event of most reports behind a theme's signal, if it is of half of them."""
    ids = behind("theme", said.finding.theme or 0, said.finding.since, said.on)
    many: dict[str, int] = defaultdict(int)
    for report in ids:
        many[labels[report]] += 1
    label = max(many, key=lambda each: (many[each], each), default=None)
    return label if label is not None and many[label] >= SAME_EVENT * len(ids) else None


def events(days: Mapping[str, Sequence[date]], spoken: Sequence[tuple[Said, str | None]]) -> list[Event]:
    """Of each event with enough reports, whose days are given, what was said first. The largest first."""
    found = []
    for label, told in sorted(days.items(), key=lambda each: (-len(each[1]), each[0])):
        if len(told) < LEAST_EVENT:
            continue
        first = next((said for said, event in spoken if event == label), None)
        peak = max(sorted(set(told)), key=told.count)
        after = sum(day > first.on for day in told) / len(told) if first else 0.0
        found.append(Event(label, len(told), first, after, (peak - first.on).days if first else 0))
    return found


def middle(values: Collection[float]) -> float:
    return float(median(values)) if values else 0.0
