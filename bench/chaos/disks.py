"""Disks that fill up: small file systems in memory for files and for the database, and ballast on them."""

import hashlib
import http.client
import json
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

from bench.chaos.dealing import Fault, Missing, Trial
from bench.load import HOST
from bench.stack import BASE, Stack
from bench.writing import reports

DATABASE_MB = 900
FILES_MB = 8
FULL_S = (5.0, 10.0)
PART = 2_000  # bytes
BETWEEN_S = 3.0
LINES = 5  # reports of one file
CHUNK = 1 << 20


def small(trial: Trial) -> list[Fault]:
    """Mounted before the site starts; taken away with the trial. Raises Missing where nobody may mount."""
    database, files = trial.site.state_dir / "postgres", trial.folder / "files"
    for place, size in ((database, DATABASE_MB), (files, FILES_MB)):
        place.mkdir(parents=True, mode=0o700)
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}m,mode=0700", "tmpfs", str(place)],
            check=False,
            capture_output=True,
        )
        if mounted.returncode != 0:
            raise Missing(f"a small file system cannot be mounted ({mounted.stderr.decode().strip()}).")
        trial.stack.callback(subprocess.run, ["umount", "--lazy", str(place)], check=False)
    trial.site.state_dir.chmod(0o700)
    trial.site.extra |= {"FILES_DIR": str(files), "IMPORTS_AT_MOST": "1000"}
    trial.when_started(handing_in)
    return [Fault("files' disk full", filling(files)), Fault("database's disk full", filling(database))]


def filling(place: Path):  # type: ignore[no-untyped-def] # see Fault
    def deal(site: Stack, chance: random.Random) -> bool:
        ballast = place / "ballast"
        try:
            with suppress(OSError), ballast.open("wb", buffering=0) as file:
                while True:
                    file.write(bytes(CHUNK))
            with suppress(OSError), ballast.open("ab", buffering=0) as file:
                while True:
                    file.write(bytes(512))
            time.sleep(chance.uniform(*FULL_S))
        finally:
            ballast.unlink(missing_ok=True)
        return True

    return deal


def handing_in(trial: Trial) -> None:
    """Somebody sends files of reports all the while, in parts, and each again until it has come."""
    token = token_of(trial.site)
    counts: Counter[str] = Counter()
    over = threading.Event()
    sent: list[int] = []

    def send() -> None:
        while not over.is_set():
            if hand_in(trial.site, token, len(sent), counts, over):
                sent.append(len(sent))
            over.wait(BETWEEN_S)

    thread = threading.Thread(target=send, daemon=True)
    thread.start()

    def told() -> str:
        over.set()
        thread.join(timeout=120)
        deadline = time.monotonic() + 120
        while (filed := trial.site.count(FILED)) < len(sent) * LINES and time.monotonic() < deadline:
            time.sleep(1)
        statuses = ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
        states = ", ".join(f"{state} {count}" for state, count in trial.site.ask(STATES))
        right = "as many as" if filed == len(sent) * LINES else "NOT the"
        handed_in = f"{len(sent)} files handed in ({statuses}), {states}"
        return f"{handed_in}: {filed} reports filed, {right} {len(sent) * LINES} in them"

    trial.notes.append(told)


STATES = "SELECT state || failure, count(*) FROM reports_import GROUP BY 1 ORDER BY 1"
FILED = "SELECT count(*) FROM reports_report WHERE channel = 'import'"


def token_of(site: Stack) -> str:
    words = [sys.executable, "manage.py", "grant", "researcher", "chaos@example.org", "--token", "report:bulk"]
    done = subprocess.run(words, cwd=BASE, env=site.environment, capture_output=True, text=True, check=True)
    return done.stdout.rpartition("token: ")[2].strip()


def hand_in(site: Stack, token: str, at: int, counts: Counter[str], over: threading.Event) -> bool:
    """Whether the file has come whole."""
    lines = [
        {**report, "source": "chaos", "source_key": f"{at}-{number}", "expected": f"file {at}, line {number}"}
        for number, report in enumerate(reports(LINES, seed=at))
    ]
    raw = "\n".join(map(json.dumps, lines)).encode()
    said = {"format": "telltale", "name": f"{at}.jsonl", "size": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}
    offset, url = None, ""
    while not over.is_set():
        try:
            if offset is None:
                status, told, headers = ask(site, "POST", "/api/v1/imports/", json.dumps(said).encode(), token)
                if status in (200, 201):
                    url = json.loads(told)["url"]
                    offset = int(headers.get("Upload-Offset") or json.loads(told).get("offset") or 0)
            else:
                path = "/api/" + url.partition("/api/")[2]
                part = raw[offset : offset + PART]
                status, told, headers = ask(site, "PATCH", path, part, token, offset)
                offset = offset + len(part) if status == 204 else None
        except (OSError, http.client.HTTPException, ValueError):
            status, offset = 0, None
        counts[str(status or "no answer")] += 1
        if offset == len(raw):
            return True
        if status not in (200, 201, 204):
            over.wait(0.5)
    return False


def ask(site: Stack, method: str, path: str, body: bytes, token: str, offset: int | None = None):  # type: ignore[no-untyped-def]
    kind = "application/json" if offset is None else "application/octet-stream"
    own = {"Authorization": f"Bearer {token}", "Content-Type": kind, "Host": f"{HOST}:{site.port}"}
    own |= {} if offset is None else {"Upload-Offset": str(offset)}
    connection = http.client.HTTPConnection(HOST, site.port, timeout=30)
    try:
        connection.request(method, path, body, own)
        answer = connection.getresponse()
        return answer.status, answer.read(), answer.headers
    finally:
        connection.close()
