"""The table that the bench prints, and whether every budget was kept."""

import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles

RESULTS = Path(__file__).resolve().parent / "results"


@dataclass(frozen=True, slots=True)
class Line:
    """One measurement. ``budget`` None: told for scale, and never missed."""

    what: str
    measured: float
    unit: str
    budget: float | None = None
    at_least: bool = False  # the budget is a floor, not a ceiling
    digits: int = 2

    @property
    def is_kept(self) -> bool:
        if self.budget is None:
            return True
        return self.measured >= self.budget if self.at_least else self.measured <= self.budget

    def cells(self) -> tuple[str, str, str, str]:
        if self.budget is None:
            budget, verdict = "", ""
        else:
            budget = f"{'≥' if self.at_least else '≤'} {self.budget:g} {self.unit}".rstrip()
            verdict = "ok" if self.is_kept else "MISS"
        return self.what, f"{self.measured:,.{self.digits}f} {self.unit}".rstrip(), budget, verdict


def percentile(values: Sequence[float], percent: int) -> float:
    """The value below which ``percent`` of them lie."""
    return quantiles(values, n=100, method="inclusive")[percent - 1]


def show(lines: Sequence[Line]) -> None:
    rows = [("what", "measured", "budget", ""), *(line.cells() for line in lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for at, row in enumerate(rows):
        print(f"{row[0]:<{widths[0]}}  {row[1]:>{widths[1]}}  {row[2]:<{widths[2]}}  {row[3]}".rstrip())
        if at == 0:
            print("-" * (sum(widths) + 6))


def keep(lines: Sequence[Line], described: str) -> Path:
    """Write the table into ``bench/results``, one file a day and commit; returns which."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False).stdout
    day = datetime.now(UTC).date()
    path = RESULTS / f"{day}-{commit.strip() or 'unknown'}.md"
    rows = ["| what | measured | budget | |", "|---|---|---|---|"]
    rows += [f"| {' | '.join(line.cells())} |" for line in lines]
    RESULTS.mkdir(exist_ok=True)
    told = path.read_text() if path.exists() else f"# {day}, commit {commit.strip() or 'unknown'}\n"
    path.write_text("\n".join([told, described, "", *rows, ""]))
    return path


def machine() -> str:
    """What it was measured on, and how busy that was."""
    memory_kb = next(
        (int(row.split()[1]) for row in Path("/proc/meminfo").read_text().splitlines() if row.startswith("MemTotal")), 0
    )
    model = next(
        (row.split(":", 1)[1].strip() for row in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in row),
        platform.machine(),
    )
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return (
        f"{os.cpu_count()} × {model}, {memory_kb / 2**20:.0f} GB, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}; load average before: {load}"
    )
