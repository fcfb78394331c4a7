"""What early warning is worth, on sites that never were: ``python -m bench.surveillance``. Exit 1 if a bar is missed.

Levels were chosen on other seeds than those reported here. Rules that anybody would write stand beside ours.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from scipy import stats

from bench.disproportion import cells, radar
from bench.intervals import Rate, generator
from bench.simulated import (
    LAST,
    WARM_UP,
    Site,
    bursting_site,
    launching_site,
    moods,
    quiet_site,
    told,
)
from bench.table import Line, show
from triage.surveillance.baseline import BASELINE_DAYS, SERIES_DAYS, Usual
from triage.surveillance.budget import level_within
from triage.surveillance.burst import BARS, TELLS_OF_LAUNCH, bursts, judge
from triage.surveillance.counts import Counts, Truth, Whole
from triage.surveillance.disproportionality import Cells, Told, disproportions
from triage.surveillance.emergence import emerging, velocities
from triage.surveillance.episodes import Spoken, episodes
from triage.surveillance.evenings import evenings
from triage.surveillance.tiers import Bars

YEARS, ISSUES, YEAR = 24, 1000, 365
TARGETS, FOLLOWED = 300, 28  # bursts of a rate and factor, days they last
BURSTS = [(rate, times) for rate in (0.1, 0.5, 2.0) for times in (3, 5, 10)]  # voices a day, factor
LAUNCHED, LAUNCH_DAYS, LAUNCH = 900, 14, 8.0
BUDGET, BUDGETED = 5.0, 5_000
OTHERS = ("5 raw reports in a day", "3 sigma of 56 days")


def alarms_of(counts: Counts, site: Site, bars: Bars = BARS) -> tuple[Truth, Truth]:
    """(alarms, watches), each (evenings, issues)."""
    spoken = [(evening.alarms, evening.watches) for evening in evenings(counts, site.artifacts, bars)]
    alarms, watches = zip(*spoken, strict=True)
    return np.array(alarms), np.array(watches)


def others_of(counts: Counts) -> dict[str, Truth]:
    """The same of the rules that anybody would write, with our cool-down, for they would shout every evening."""
    voices, ratios = counts.voices, []
    at_tier: dict[str, list[Truth]] = {name: [] for name in OTHERS}
    for column in range(WARM_UP, counts.days):
        base = voices[:, column - BASELINE_DAYS : column]
        mean, deviation = base.mean(axis=1), base.std(axis=1)
        at_tier[OTHERS[0]].append(counts.reports[:, column] >= 5)
        at_tier[OTHERS[1]].append((voices[:, column] > mean + 3 * deviation) & (voices[:, column] > 0))
        ratios.append(voices[:, column] / np.maximum(mean, 1 / BASELINE_DAYS))
    return {name: episodes(np.array(days), np.array(ratios)) for name, days in at_tier.items()}


def quiet() -> Iterator[Line]:
    """False alarms of quiet years."""
    found: dict[str, int] = {}
    for year in range(YEARS):
        random = generator(1, year)
        site = quiet_site(random, ISSUES)
        counts = told(random, site.means(WARM_UP + YEAR))
        alarms, watches = alarms_of(counts, site)
        for name, spoken in {"alarm": alarms, "watch": watches, **others_of(counts)}.items():
            found[name] = found.get(name, 0) + int(spoken.sum())
    weeks = YEARS * YEAR / 7 * ISSUES / 1000
    print(f"\nFalse a week and 1,000 quiet issues, {YEARS} simulated years of {ISSUES} issues:")
    for name, count in found.items():
        print(f"  {name:<28}{Rate(count, weeks)}")
    for name, restless in (("alarm, clumps of 2.5", 2.5), ("alarm, rates that wander", 0.0)):
        print(f"  {name:<28}{_restless(restless)}")
    yield Line("false alarms a week and 1,000 quiet issues", found["alarm"] / weeks, "", 5.5)
    yield Line("  watches", found["watch"] / weeks, "")
    for name in OTHERS:
        yield Line(f"  alarms of {name}", found[name] / weeks, "")


def _restless(clumps: float) -> Rate:
    """The same where the background is worse than assumed, over six years."""
    count, years = 0, 6
    for year in range(years):
        random = generator(2, year)
        site = quiet_site(random, ISSUES)
        means = site.means(WARM_UP + YEAR)
        counts = told(random, means, clumps) if clumps else told(random, moods(random, means))
        count += int(alarms_of(counts, site)[0].sum())
    return Rate(count, years * YEAR / 7 * ISSUES / 1000)


def delays() -> Iterator[Line]:
    """Days until bursts alarm."""
    print(f"\nDays to the alarm: median (its 95 in 100), share found in {FOLLOWED} days; {TARGETS} bursts each:")
    names = ("alarm", "watch", *OTHERS)
    print(f"  {'voices a day':<16}" + "".join(f"{name:<30}" for name in names))
    for number, (rate, times) in enumerate(BURSTS):
        random = generator(3, number)
        site = bursting_site(random, TARGETS, rate)
        targets = np.flatnonzero(np.diff(site.artifacts, prepend=-1))
        means = site.means(WARM_UP + 28 + FOLLOWED)
        means[targets, -FOLLOWED:] *= times
        counts = told(random, means)
        alarms, watches = alarms_of(counts, site)
        spoken = {"alarm": alarms, "watch": watches, **others_of(counts)}
        days = {name: _days(each[-FOLLOWED:, targets]) for name, each in spoken.items()}
        print(f"  {f'{rate:g} × {times}':<16}" + "".join(f"{_middle(days[name]):<30}" for name in names))
        if (rate, times) == (0.5, 10):
            yield Line(
                "days until a ×10 burst on 0.5 voices a day alarms, median", float(np.median(days["alarm"])), "", 5
            )


def _days(spoken: Truth) -> Whole:
    """Of each target the evening, from 1 on, on which it first spoke; a day after the last if never."""
    return np.where(spoken.any(axis=0), spoken.argmax(axis=0) + 1, FOLLOWED + 1)


def _middle(days: Whole) -> str:
    ordered, count = np.sort(days), len(days)
    low, high = (int(ordered[int(stats.binom.ppf(end, count, 0.5))]) for end in (0.025, 0.975))
    say = ["never" if day > FOLLOWED else f"{day:g}" for day in (float(np.median(days)), low, high)]
    return f"{say[0]} ({say[1]} to {say[2]}), {(days <= FOLLOWED).mean():.2f}"


def launches() -> Iterator[Line]:
    """Alarms while everything about an artifact is told eight times as often."""
    site = launching_site(generator(4, 0), LAUNCHED)
    begin = WARM_UP + 28
    means = site.means(begin + LAUNCH_DAYS)
    launched = means.copy()
    launched[:, begin:] *= LAUNCH
    means_of = {
        "nothing is launched": (means, site.artifacts),
        "as busy as that, and always was": (LAUNCH * means, site.artifacts),
        "all is launched": (launched, site.artifacts),
        "  without the artifact's volume": (launched, np.arange(len(site))),
    }
    rest, alone = site.rest, site.rest < TELLS_OF_LAUNCH
    bands = {"all": rest >= 0, f"< {TELLS_OF_LAUNCH:g}": alone, "up to 1": ~alone & (rest < 1), "≥ 1": rest >= 1}
    print(
        f"\nAlarms a week and 1,000 issues in the {LAUNCH_DAYS} days of a launch × {LAUNCH:g}, by voices a day about "
        f"the rest of the artifact; {LAUNCHED} artifacts, {len(site)} issues:"
    )
    print(" " * 36 + "".join(f"{f'{band} ({which.sum()})':<24}" for band, which in bands.items()))
    quietly = 0
    for name, (mean, artifacts) in means_of.items():
        alarms = alarms_of(told(generator(4, 1), mean), replace(site, artifacts=artifacts))[0][-LAUNCH_DAYS:]
        rates = {
            band: Rate(int(alarms[:, which].sum()), LAUNCH_DAYS / 7 * int(which.sum()) / 1000)
            for band, which in bands.items()
        }
        print(f"  {name:<34}" + "".join(f"{rate!s:<24}" for rate in rates.values()))
        added = (rates["all"].count - quietly) / LAUNCHED
        if mean is means:
            quietly = rates["all"].count
        if mean is launched:
            yield Line(f"alarms that a launch adds: {name.strip()}", added, "")
    yield Line("alarms of a launch of exactly ×8", float(_exact_launch().sum()), "", 0, digits=0)


def _exact_launch() -> Truth:
    """Twenty issues told of twice, once and three times a day, and for five days eight times as often."""
    voices = np.tile(np.array([[2], [1], [3], [1]]), (5, SERIES_DAYS)).astype(np.int64)
    voices[:, -5:] *= int(LAUNCH)
    artifact = np.zeros(len(voices), dtype=np.int64)
    counts = Counts(LAST, voices, voices, artifact)
    return np.asarray(judge(counts, artifact, Usual.of(counts)).best <= BARS.alarm)


def campaigns() -> Iterator[Line]:
    """A thousand raw reports from one prefix: a voice a day, since the salt of its hash lives for a day."""
    site = quiet_site(generator(5, 0), ISSUES)
    calm = told(generator(5, 1), site.means(WARM_UP + 28))
    before = [spoken.sum() for spoken in alarms_of(calm, site)]
    print(f"\n1,000 reports a day from one prefix on each of {ISSUES} quiet issues: more alarms, more watches")
    for days in (1, 3, 7):
        voices, reports = calm.voices.copy(), calm.reports.copy()
        voices[:, -14 : days - 14] += 1
        reports[:, -14 : days - 14] += 1000
        after = [spoken.sum() for spoken in alarms_of(replace(calm, voices=voices, reports=reports), site)]
        print(f"  for {days} days: {after[0] - before[0]:+d}, {after[1] - before[1]:+d}")
        yield Line(
            f"alarms that 1,000 reports a day for {days} days add, of {ISSUES} issues",
            float(max(after[0] - before[0], 0)),
            "",
            0,
            digits=0,
        )


def budget() -> Iterator[Line]:
    """A year within the budget, with the level told by the year before."""
    print(f"\n{BUDGETED} quiet issues, budget {BUDGET:g} a week: level told by one year, alarms a week in the next")
    worst = 0.0
    for number in range(3):
        random = generator(6, number)
        site = quiet_site(random, BUDGETED)
        counts = told(random, site.means(WARM_UP + 2 * YEAR))
        walked = [(evening.judged.best_unheld, evening.judged.ratio) for evening in evenings(counts, site.artifacts)]
        p, ratio = (np.array(column) for column in zip(*walked, strict=True))
        level = level_within(BUDGET, p[:YEAR], ratio[:YEAR], BARS.alarm)
        own, kept = (
            Rate(int(episodes(p[YEAR:] <= each, ratio[YEAR:]).sum()), YEAR / 7) for each in (BARS.alarm, level)
        )
        print(f"  its own level {BARS.alarm:g}: {own}; within the budget {level:.2g}: {kept}")
        worst = max(worst, kept.value)
    yield Line("alarms a week, 5,000 quiet issues, budget 5: the worst of three years", worst, "", BUDGET)


def speed() -> Iterator[Line]:
    """A night over 10,000 issues and 100,000 reports, and what one report touches."""
    random = generator(9, 0)
    site, lines = quiet_site(random, 10_000), 100_000
    counts = told(random, site.means(SERIES_DAYS))
    rows, columns = random.integers(0, 400, lines), random.integers(0, 12, lines)
    heard = Told(
        rows,
        columns,
        random.integers(0, 24, lines),
        random.integers(0, 10_000, lines),
        random.integers(0, 365, lines) + 739_000,
        np.ones(lines, dtype=np.int64),
    )
    began = time.process_time()
    usual = Usual.of(counts)
    found = bursts(counts, judge(counts, site.artifacts, usual), usual, range(10_000))
    beginnings = velocities(counts)
    young = emerging(counts, range(10_000), beginnings)
    outstanding = disproportions(heard, 400, 12)
    night = time.process_time() - began
    said = Spoken.never(10_000)
    for _ in range(7):
        said = said.then(np.zeros(10_000, dtype=bool), np.ones(10_000))[1]
    began = time.process_time()
    some = Counts(counts.last, counts.voices[:20], counts.reports[:20], counts.first[:20])
    judge(some, site.artifacts[:20], usual)
    Cells.of(heard, 400, 12)
    touched = time.process_time() - began
    print(f"\nA night: {len(found)} bursts, {len(young)} young, {len(outstanding)} cells.")
    yield Line("CPU of a night, 10,000 issues and 100,000 reports", night, "s", 60)
    yield Line("CPU of what a report touches: 20 issues and a table of 4,800 cells", touched * 1000, "ms", 50)


PARTS: dict[str, Callable[[], Iterator[Line]]] = {
    "quiet": quiet,
    "delays": delays,
    "launches": launches,
    "campaigns": campaigns,
    "budget": budget,
    "cells": cells,
    "radar": radar,
    "speed": speed,
}


def measure() -> Iterator[Line]:
    for part in PARTS.values():
        yield from part()


def main() -> None:
    wanted = sys.argv[1:] or list(PARTS)
    if unknown := set(wanted) - set(PARTS):
        sys.exit(f"There is no part {', '.join(sorted(unknown))}. Parts: {', '.join(PARTS)}.")
    began = time.process_time()
    lines = [line for part in wanted for line in PARTS[part]()]
    print()
    show(lines)
    print(f"Measured in {time.process_time() - began:.0f} s of CPU.")
    if missed := [line.what for line in lines if not line.is_kept]:
        sys.exit("Missed: " + "; ".join(missed))


if __name__ == "__main__":
    main()
