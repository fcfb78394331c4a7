"""Clocks that go wrong, of every process of the site but the database's."""

import random
import shutil
import struct
import subprocess
from collections import Counter
from pathlib import Path

from bench.chaos.dealing import Fault, Missing, Trial
from bench.stack import Stack

SOURCE = Path(__file__).with_name("clock.c")
MINUTES = (10, -10, 0)


def jumping(trial: Trial) -> Fault:
    """Raises Missing where there is no compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        raise Missing("there is no C compiler here, which makes the clock that is wrong.")
    library, says = trial.folder / "clock.so", trial.folder / "clock"
    subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", library, SOURCE, "-ldl"], check=True)
    set_to(says, 0)
    trial.site.extra |= {"LD_PRELOAD": str(library), "CHAOS_CLOCK": str(says)}
    jumps: Counter[int] = Counter()

    def deal(site: Stack, chance: random.Random) -> bool:
        minutes = chance.choice(MINUTES)
        set_to(says, minutes * 60)
        jumps[minutes] += 1
        return True

    trial.notes.append(
        lambda: "set to " + ", ".join(f"{at:+} min {count} times" for at, count in sorted(jumps.items()))
    )
    return Fault("clock set", deal)


def set_to(says: Path, seconds: int) -> None:
    """In place: it is mapped into every process."""
    with says.open("r+b" if says.exists() else "wb") as file:
        file.write(struct.pack("l", seconds))
