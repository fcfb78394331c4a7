"""D3, emergence: a young issue that grows fast, and a failure that turns up in a further family or down a lineage.

A burst needs a past to stand out from (``LEAST_EXPOSURE``), and what is young has none: until it has, it is compared
with how other issues of the site began.

Source: that a new group is measured by the velocities of other new groups is an idea of error trackers; the rank is the
permutation p of Phipson and Smyth 2010, which is never 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import numpy as np

from triage.surveillance.baseline import LEAST_EXPOSURE, WINDOWS
from triage.surveillance.campaign import possible_campaign
from triage.surveillance.counts import Counts, Real, Whole
from triage.surveillance.tiers import Bars, Tier

WINDOW = 3  # days
YOUNG_DAYS = LEAST_EXPOSURE + max(WINDOWS)  # until a burst can be told: nothing is looked at by neither
LEAST_VOICES = 3
BARS = Bars(watch=0.05, alarm=0.01)  # of the rank among beginnings: one in twenty is looked at, one in a hundred alarms
LEAST_BEGINNINGS = 100  # below which nothing alarms: one in a hundred cannot be told
RECENT = 14  # days for which an appearance is news


@dataclass(frozen=True, slots=True)
class Young:
    """A young issue: its most voices in three days, what half of the beginnings reach, and the rank among them all.

    ``reports`` are those of the same three days, which need not be the last.
    """

    thing: int
    tier: Tier
    observed: int
    reports: int
    expected: float
    ratio: float
    p: float
    since: date
    is_possible_campaign: bool


def velocities(counts: Counts) -> Whole:
    """Of each thing, the most voices within three days while it was young, as far as it has come."""
    return np.asarray(_windows(counts, counts.voices).max(axis=1, initial=0))


def _windows(counts: Counts, told: Whole) -> Whole:
    """Of each thing, what was told within the three days up to each day, while it was young."""
    age = np.arange(counts.days) - counts.first[:, None]
    young = np.where((age >= 0) & (age < YOUNG_DAYS), told, 0)
    summed = np.cumsum(np.pad(young, ((0, 0), (WINDOW, 0))), axis=1)
    return np.asarray(summed[:, WINDOW:] - summed[:, :-WINDOW])


def ranks(velocity: Whole, beginnings: Whole) -> Real:
    """The share of beginnings that were as fast or faster, itself counted among them: in (0, 1].

    >>> ranks(np.array([5, 1]), np.array([1, 1, 2, 5])).tolist()
    [0.4, 1.0]
    """
    faster = len(beginnings) - np.searchsorted(np.sort(beginnings), velocity, side="left")
    return np.asarray((faster + 1) / (len(beginnings) + 1))


def emerging(counts: Counts, things: Iterable[int], beginnings: Whole, bars: Bars = BARS) -> list[Young]:
    """The young that grow fast on the evening of ``counts.last``, the fastest first, ties in the order of ``things``.

    ``beginnings`` are velocities of the site's issues that were young before. Fast is at least three voices in the
    last three days, and among the fastest beginnings; as long as there are too few of those, three voices are a watch.
    """
    if counts.days <= YOUNG_DAYS:
        raise ValueError(f"Who is young shows in more than {YOUNG_DAYS} days, and here are {counts.days}.")
    names, velocity = list(things), velocities(counts)
    lately = counts.voices[:, -WINDOW:].sum(axis=1)
    is_young = (counts.first < counts.days) & (counts.first > counts.days - YOUNG_DAYS)
    p, is_known = ranks(velocity, beginnings), len(beginnings) >= LEAST_BEGINNINGS
    found = is_young & (lately >= LEAST_VOICES) & ((p <= bars.watch) | (not is_known))
    campaigns = possible_campaign(counts.reports[:, -WINDOW:].sum(axis=1), lately)
    usual = float(np.median(beginnings)) if len(beginnings) else 0.0
    voices, reports = _windows(counts, counts.voices), _windows(counts, counts.reports)
    fastest = counts.days - 1 - np.argmax(voices[:, ::-1], axis=1)  # the last of several
    rows = sorted(np.flatnonzero(found).tolist(), key=lambda row: -int(velocity[row]))
    return [
        Young(
            thing=names[row],
            tier="alarm" if is_known and p[row] <= bars.alarm and not campaigns[row] else "watch",
            observed=int(velocity[row]),
            reports=int(reports[row, fastest[row]]),
            expected=usual,
            ratio=float(velocity[row]) / max(usual, 1.0),
            p=float(p[row]),
            since=counts.day(int(counts.first[row])),
            is_possible_campaign=bool(campaigns[row]),
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class Appearance:
    """A theme in one artifact: since when, and how many voices."""

    theme: int
    artifact: int
    family: int
    first: date
    voices: int


@dataclass(frozen=True, slots=True)
class Spread:
    """A theme that has turned up somewhere else. ``origin`` is the artifact it comes from, or was told of first."""

    theme: int
    artifact: int
    origin: int
    path: Literal["lineage", "family"]
    tier: Tier
    observed: int
    since: date


def spreads(appearances: Iterable[Appearance], parents: Mapping[int, Iterable[int]], today: date) -> list[Spread]:
    """What turned up within a fortnight in a further family, or in what descends from where it was before.

    ``parents`` says what each artifact was made from, trained on or built on. A theme needs three voices in all to be
    watched, and three in the new place to alarm. Oldest news first.
    """
    themes: dict[int, list[Appearance]] = {}
    for each in sorted(appearances, key=lambda each: (each.first, each.artifact)):
        themes.setdefault(each.theme, []).append(each)
    found = []
    for known in themes.values():
        if sum(each.voices for each in known) < LEAST_VOICES:
            continue
        for at, new in enumerate(known):
            if today - timedelta(days=RECENT) < new.first <= today and (spread := _spread(new, known[:at], parents)):
                found.append(spread)
    return sorted(found, key=lambda each: (each.since, each.theme, each.artifact))


def _spread(new: Appearance, before: list[Appearance], parents: Mapping[int, Iterable[int]]) -> Spread | None:
    """How it came, if it was somewhere before: by descent if it can be, since that says more than a further family."""
    above = ancestors(new.artifact, parents)
    inherited = [each for each in before if each.artifact in above and each.first < new.first]
    is_further = bool(before) and all(each.family != new.family for each in before) and before[0].first < new.first
    if not inherited and not is_further:
        return None
    return Spread(
        theme=new.theme,
        artifact=new.artifact,
        origin=(inherited or before)[0].artifact,
        path="lineage" if inherited else "family",
        tier="alarm" if new.voices >= LEAST_VOICES else "watch",
        observed=new.voices,
        since=new.first,
    )


def ancestors(artifact: int, parents: Mapping[int, Iterable[int]]) -> set[int]:
    """All that an artifact comes from; a circle, which lineage forbids, ends all the same.

    >>> sorted(ancestors(3, {3: [2], 2: [1, 3]}))
    [1, 2]
    """
    above: set[int] = set()
    waiting = list(parents.get(artifact, ()))
    while waiting:
        parent = waiting.pop()
        if parent not in above and parent != artifact:
            above.add(parent)
            waiting.extend(parents.get(parent, ()))
    return above
