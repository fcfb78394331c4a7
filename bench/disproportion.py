"""What D2 and the version radar are worth: tables of cells, and releases."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bench.intervals import Rate, generator, share
from bench.simulated import CLUMPS, LAST, drawn, expectation_of, world
from bench.table import Line
from triage.surveillance.counts import Truth, Whole
from triage.surveillance.disproportionality import Cells
from triage.surveillance.release import BARS, Span, change

TABLES = 400
TABLE_SIZES = (500, 3_000, 20_000)
RELEASES = 4_000


def cells() -> Iterator[Line]:
    """Tables of 1,200 cells, with and without one that is told of three times as often."""
    print(
        f"\n{TABLES} tables of 40 × 30 cells in 12 strata: false cells a table; share found of ×3 cells, by volume "
        "and all alike:"
    )
    print(f"  {'voices':<9}{'clumps':<8}{'rule':<26}{'false':<28}{'by volume':<26}{'of all alike':<26}")
    for place, (total, clumps) in enumerate((total, clumps) for clumps in (1.0, CLUMPS) for total in TABLE_SIZES):
        false, found = _tables(generator(7, place), total, clumps)
        for rule in false:
            shares = [share(found[rule, pick]) for pick in ("volume", "alike")]
            print(f"  {total:<9,}{clumps:<8g}{rule:<26}{Rate(false[rule], TABLES)!s:<28}{shares[0]:<26}{shares[1]:<26}")
        if clumps == 1 and total == 3_000:
            yield Line("false alarms a table of 1,200 cells, 3,000 voices", false["alarm"] / TABLES, "", 0.1, digits=3)
        if clumps == 1 and total == 20_000:
            yield Line(
                "share of ×3 cells that alarm, 20,000 voices, by volume",
                float(np.mean(found["alarm", "volume"])),
                "",
                0.9,
                at_least=True,
            )
            yield Line("  every cell as likely as any other", float(np.mean(found["alarm", "alike"])), "")
        if clumps > 1 and total == 3_000:
            yield Line(
                "false alarms a table, 3,000 voices in clumps of 1.5", false["alarm"] / TABLES, "", 0.1, digits=3
            )


def _tables(
    random: np.random.Generator, total: int, clumps: float
) -> tuple[dict[str, int], dict[tuple[str, str], list[bool]]]:
    false: dict[str, int] = {}
    found: dict[tuple[str, str], list[bool]] = {}
    for _ in range(TABLES):
        usual = world(random)
        for rule, flags in _flags(usual.voices(random, total, clumps)).items():
            false[rule] = false.get(rule, 0) + int(flags.sum())
        volume = usual.shares.sum(axis=2)
        for pick, chance in (("volume", volume.ravel() / volume.sum()), ("alike", None)):
            row, column = divmod(int(random.choice(volume.size, p=chance)), volume.shape[1])
            raised = usual.raised((row, column), 3.0).voices(random, total, clumps)
            for rule, flags in _flags(raised).items():
                found.setdefault((rule, pick), []).append(bool(flags[row, column]))
    return false, found


def _flags(voices: Whole) -> dict[str, Truth]:
    observed, expected = voices.sum(axis=2), expectation_of(voices)
    table = Cells.judge(observed, expected)
    rows, columns, total = observed.sum(axis=1)[:, None], observed.sum(axis=0)[None], observed.sum()
    others = np.maximum(columns - observed, 0.5) / np.maximum(total - rows, 1)
    ratio = observed / np.maximum(rows, 1) / others
    crude = rows * columns / total
    chi = np.maximum(np.abs(observed - crude) - 0.5, 0) ** 2 * (
        total**3 / np.maximum(rows * columns * (total - rows) * (total - columns), 1e-9)
    )
    return {
        "alarm": table.alarms(),
        "watch": table.watches,
        "PRR ≥ 2, χ² ≥ 4, a ≥ 3": (observed >= 3) & (ratio >= 2) & (chi >= 4),
    }


def radar() -> Iterator[Line]:
    """Kinds before and since a release: nothing new, a launch, and a kind told of three times as often."""
    random, releases = generator(8, 0), RELEASES
    rows = {
        "nothing new": (1.0, 1.0, 1.0),
        "nothing new, clumps": (1.0, 1.0, CLUMPS),
        "all is told ×8": (8.0, 1.0, 1.0),
        "one kind ×3": (1.0, 3.0, 1.0),
        "both": (8.0, 3.0, 1.0),
    }
    print(
        f"\nReleases whose kind alarms, of {releases}; 56 days before, 14 since, 0.2 voices a day of the kind, 2 of "
        "others:"
    )
    for name, (volume, times, clumps) in rows.items():
        means = np.array([0.2 * 56, 2 * 56, 0.2 * 14 * volume * times, 2 * 14 * volume])
        kind, rest, kind_since, rest_since = drawn(random, np.tile(means[:, None], releases), clumps).tolist()
        spoken = [
            change(Span(a, a + b, 56), Span(c, c + d, 14), LAST, clumps).tier() == "alarm"
            for a, b, c, d in zip(kind, rest, kind_since, rest_since, strict=True)
        ]
        print(f"  {name:<20}{share(spoken)}")
        if times == 1:
            yield Line(f"share of releases whose kind alarms: {name}", float(np.mean(spoken)), "", BARS.alarm, digits=4)
