"""Files of many reports by the command: how fast they are filed, what reading costs of memory, and doing it again.

The worker stands still. The scanner's log is invented, and long because of what its models say, as real ones are.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.stack import BASE, Stack, stack
from bench.table import Line
from bench.writing import reports
from config.processes import proc_file

SEED = 9
COUNT = 300
LOG_MB = 50
LOOK_EVERY_S = 0.05
MEMORY_BUDGET_MB = 250.0
PROBES = ("encoding.InjectBase64", "dan.Dan_11_0", "promptinject.HijackHateHumans", "snowball.GraphConnectivity")
DETECTORS = ("bench.Marker", "bench.Refusal")
SAID = "The harbour office answers, and it names a page of an almanac that nobody has printed yet. "


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the command: seconds by the clock, of the processor, and the most memory it held, in MB."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    said: str


def measure() -> Iterator[Line]:
    with stack() as site, site.paused("worker", "beat"):
        lines, log = site.state_dir / "reports.jsonl", site.state_dir / "garak.report.jsonl"
        lines.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in reports(COUNT, seed=SEED)))
        first, again = run(site, lines, "telltale"), run(site, lines, "telltale")
        log.write_text("".join(scanner_log()))
        scanned = run(site, log, "garak")
        filed = site.count("SELECT count(*) FROM reports_report")
    yield Line(f"import of {COUNT:,} reports", COUNT / first.wall_s, "reports/s", digits=0)
    yield Line("  CPU of the command", first.cpu_s * 1_000 / COUNT, "ms/report", digits=1)
    yield Line("  the same again, which files nothing", COUNT / again.wall_s, "reports/s", digits=0)
    yield Line(
        f"import of a scanner's log of {LOG_MB} MB, most memory", scanned.peak_mb, "MB", MEMORY_BUDGET_MB, digits=0
    )
    yield Line("  read", LOG_MB / scanned.wall_s, "MB/s", digits=1)
    yield Line("  filed twice or not at all", abs(filed - COUNT - len(PROBES) * len(DETECTORS)), "", 0, digits=0)


def scanner_log() -> Iterator[str]:
    """About so many MB of attempts, a kilobyte or twenty each, of which every other output failed."""
    run_id = "0b9d2c1e-3333-4222-8333-00000000a003"
    head = {"entry_type": "start_run setup", "_config.version": "0.17.0", "transient.run_id": run_id}
    yield line(head | {"transient.starttime_iso": "2026-11-02T08:30:00", "plugins.target_name": "bench/harbor-7b"})
    size, at = 0, 0
    while size < LOG_MB * 1_000_000:
        probe = PROBES[at % len(PROBES)]
        asked = {"role": "user", "content": {"text": f"Question {at}", "lang": "en"}}
        outputs = [{"text": SAID * (1 + at % 20 * 6)}, {"text": "I would not know."}]
        told = {
            "entry_type": "attempt",
            "uuid": f"{probe}-{at}",
            "status": 2,
            "probe_classname": probe,
            "goal": "a try",
        }
        told |= {"prompt": {"turns": [asked]}, "outputs": outputs}
        told |= {
            "conversations": [
                {"turns": [asked, {"role": "assistant", "content": {**output, "lang": "en"}}]} for output in outputs
            ],
            "detector_results": {detector: [1.0, 0.0] for detector in DETECTORS},
        }
        written = line(told)
        yield written
        size, at = size + len(written), at + 1


def line(told: dict[str, Any]) -> str:
    return json.dumps(told) + "\n"


def run(site: Stack, path: Path, form: str) -> Run:
    """Raises RuntimeError if the command refuses anything."""
    began = time.monotonic()
    command = [sys.executable, "manage.py", "import_reports", str(path), "--format", form]
    child = subprocess.Popen(command, cwd=BASE, env=site.environment, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    peak_mb, ended, status, used = 0.0, 0, 0, None
    while not ended:
        peak_mb = max(peak_mb, held_mb(child.pid))
        time.sleep(LOOK_EVERY_S)
        ended, status, used = os.wait4(child.pid, os.WNOHANG)
    child.returncode = os.waitstatus_to_exitcode(status)
    said = child.stdout.read()
    if child.returncode or used is None:
        raise RuntimeError(f"import_reports ended with {child.returncode}: {said}")
    return Run(time.monotonic() - began, used.ru_utime + used.ru_stime, peak_mb, said)


def held_mb(pid: int) -> float:
    """The most it has held so far. What the kernel says at its end counts who started it as well."""
    told = proc_file(pid, "status").decode(errors="replace")
    return next((int(row.split()[1]) / 1_024 for row in told.splitlines() if row.startswith("VmHWM")), 0.0)
