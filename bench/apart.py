"""A module of the bench in a process and on a site of its own, whose settings are read when it begins."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bench.stack import BASE
from bench.table import Line, machine, show

OWN = {"DATABASE_URL": "", "BROKER_URL": "", "DEMO": "0", "REQUIRE_MFA": "0"}
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def told_by(module: str, *words: str) -> Any:
    """What the module says as JSON in its last line. The site is thrown away."""
    folder = Path(tempfile.mkdtemp(prefix="telltale-bench-"))
    try:
        told = subprocess.run(
            [sys.executable, "-m", module, *words],
            cwd=BASE,
            env={**os.environ, **OWN, **ONE_THREAD, "STATE_DIR": str(folder / "state")},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout.splitlines()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return json.loads(told[-1])


def tell(measured: Iterable[Line]) -> None:
    """Print the table. Exits 1 if a line misses its budget."""
    print(machine(), flush=True)
    began = time.monotonic()
    lines = list(measured)
    show(lines)
    print(f"Measured in {time.monotonic() - began:.0f} s.")
    if missed := [line.what for line in lines if not line.is_kept]:
        sys.exit("Missed: " + "; ".join(missed))
