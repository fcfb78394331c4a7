"""What becomes of eighty hostile and honest files: ``python -m bench.attachments``. Exit 1 if one was not as it should.

Each goes the way it would go on a site: looked at as the web process looks, then made anew by the worker's program in a
process of its own. ``seconds`` and ``peak MB`` are that program's; those refused at the door never reach it.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

with tempfile.TemporaryDirectory() as _state:  # settings make a key in the state folder as they are loaded
    os.environ["STATE_DIR"] = _state
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()

from django.conf import settings

from bench.hostile import CANARY, Hostile, hostile
from bench.table import machine
from reports import quarantine
from reports.contents import NotTaken, content_of
from reports.examining import verdict_on
from reports.quarantine import Room

DOOR, WORKER, MADE = "refused at the door", "refused by the worker", "made anew"


def outcome(case: Hostile) -> tuple[str, str, float, float, bool]:
    """What happened, why or into what, seconds, peak MB, and whether that was right and nothing hidden came through."""
    raw = case.make()
    try:
        format = content_of(raw).format
    except NotTaken as refusal:
        return DOOR, refusal.reason.value, 0.0, 0.0, refusal.reason == case.verdict
    name = quarantine.lay_down(raw)
    began = time.monotonic()
    verdict = verdict_on(name, format)
    seconds = time.monotonic() - began
    if verdict.refusal:
        return WORKER, str(verdict.refusal), seconds, verdict.peak_kb / 1000, verdict.refusal == case.verdict
    made = quarantine.path_of(Room.READY, name).read_bytes()
    is_right = verdict.format == case.verdict and CANARY.encode() not in made
    return (
        MADE,
        f"{format} → {verdict.format}, {len(raw):,} → {len(made):,} bytes",
        seconds,
        verdict.peak_kb / 1000,
        is_right,
    )


def main() -> None:
    print(machine())
    print(f"{'file':<44} {'verdict':<22} {'why':<46} {'seconds':>7} {'peak MB':>8}")
    total = wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        settings.FILES_DIR = Path(folder)
        for case in hostile():
            verdict, why, seconds, peak, is_right = outcome(case)
            total, wrong = total + 1, wrong + (not is_right)
            ran = f"{seconds:7.2f} {peak:8.1f}" if verdict != DOOR else f"{'–':>7} {'–':>8}"
            print(f"{case.label:<44} {verdict:<22} {why:<46} {ran}{'' if is_right else '  WRONG'}", flush=True)
    print(f"{total} files, {wrong} of them not as they should.")
    if wrong:
        sys.exit(1)


if __name__ == "__main__":
    main()
