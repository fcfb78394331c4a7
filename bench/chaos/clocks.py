"""Clocks that go wrong, of every process of the site but the database's."""

import random
from pathlib import Path

from bench.chaos.dealing import Fault, Missing, Trial
from bench.stack import Stack

LIBRARIES = (
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
)
AHEAD = ("+10m", "-10m", "+0")


def jumping(trial: Trial) -> Fault:
    """Raises Missing where there is no libfaketime."""
    library = next((path for path in LIBRARIES if Path(path).exists()), None)
    if library is None:
        raise Missing("there is no libfaketime here.")
    says = trial.folder / "clock"
    says.write_text("+0\n")
    trial.site.extra |= {
        "LD_PRELOAD": library,
        "FAKETIME_TIMESTAMP_FILE": str(says),
        "FAKETIME_CACHE_DURATION": "1",
        "DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }

    def deal(site: Stack, chance: random.Random) -> bool:
        says.write_text(chance.choice(AHEAD) + "\n")
        return True

    return Fault("clock set", deal)
