import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

BASE = Path(__file__).resolve().parents[2]
TELLINGS = {
    "french": (
        "Answers in French although asked in German",
        'I write in German and it says "Le prochain départ est à 9 h".',
    ),
    "boats": ("Timetable shows boats that do not run", 'It says "a boat leaves every hour on Sunday". There is none.'),
    "harbour": ("Sends me to the wrong harbour", "The harbour it names was closed in spring and filled with sand."),
}


@pytest.mark.long
def test_a_folder_is_replayed_twice_alike_and_put_into_a_table(tmp_path: Path) -> None:
    rows = [
        {"id": f"{time}-{group}", "created": f"2026-01-0{time}T00:00:00Z", "title": title, "body": body, "group": group}
        for time in range(1, 4)
        for group, (title, body) in TELLINGS.items()
    ]
    (tmp_path / "ferry.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    command = [sys.executable, "-m", "bench.quality", str(tmp_path), "--sets", "ferry", "--twice"]
    environment = {**os.environ, "DATABASE_URL": ""}
    done = subprocess.run(command, cwd=BASE, env=environment, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("ferry")]
    cells = line.split()
    assert cells[1:8] == ["issue", "form", "9", "1.000", "1.000", "1.000", "1.000"]
    assert cells[-1] == "same"
