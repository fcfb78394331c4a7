"""Filing by the anonymous API against a bare view that saves the same rows, in one run and turn by turn.

For scale beside them: a view of one INSERT, and what PostgreSQL takes of that statement from pgbench alone.
"""

import json
import re
import subprocess
from collections.abc import Iterator
from statistics import median

from bench.load import Job, run
from bench.plain import INSERT, TABLE
from bench.processes import cpu_seconds
from bench.stack import Stack, beside, stack
from bench.table import Line
from config import postgres
from config.privileges import MAJOR, find_wheel

ROUNDS = 8
A_ROUND = 120  # requests to each of the two
WARM_UP = 40
BUDGET = 0.4
RAW_S, RAW_CLIENTS = 5, 8
EXAMPLE = {
    "artifact": "acme/chat-7b",
    "artifact_kind": "model",
    "version": "2026-05",
    "summary": "10 to 120 characters",
    "what_happened": "What the model did, in your own words, at least 30 characters",
    "expected": "",
    "kind": "false_information",
    "transcript": [{"role": "user", "content": "…"}, {"role": "assistant", "content": "…"}],
    "context_of_use": "health",
    "harm_occurred": "no",
    "severity": "not_sure",
    "reproduction": {"tries": 5, "failures": 3},
    "language": "en",
    "observed_on": "2026-05-03",
    "settings": {"temperature": 0.7},
    "visibility": "public_after_review",
    "contact_email": "",
    "consent": True,
}


class Contender:
    """One of the views, and what its rounds came to."""

    def __init__(self, site: Stack, port: int, path: str, web: int) -> None:
        self.port, self.path = port, path
        self.roots = {"web": web, "postgres": site.pid("postgres")}
        self.rates: list[float] = []
        self.cpu_s = dict.fromkeys(self.roots, 0.0)

    def file(self, count: int) -> float:
        """Requests a second, from the first to be sent to the last to be answered."""
        answers = run(Job(port=self.port, path=self.path, bodies=[json.dumps(EXAMPLE)] * count))
        if refused := next((answer for answer in answers if answer.status != 201), None):
            raise RuntimeError(f"{self.path} answered {refused.status}: {refused.text}")
        began = min(answer.due for answer in answers)
        return count / (max(answer.due + answer.took_s for answer in answers) - began)

    def round(self) -> None:
        before = {name: cpu_seconds([pid]) for name, pid in self.roots.items()}
        self.rates.append(self.file(A_ROUND))
        for name, pid in self.roots.items():
            self.cpu_s[name] += cpu_seconds([pid]) - before[name]

    def cpu_ms(self, name: str) -> float:
        """CPU time of a request."""
        return self.cpu_s[name] * 1000 / (len(self.rates) * A_ROUND)


def measure() -> Iterator[Line]:
    """The worker stands still: what is measured is the time until a report is safe, not what becomes of it."""
    with stack() as site, beside(site, "bench.bare_settings") as (port, pid), site.paused("worker", "beat"):
        site.do(TABLE)
        ours = Contender(site, site.port, "/api/v1/reports/", site.pid("web"))
        bare = Contender(site, port, "/bare/", pid)
        plain = Contender(site, port, "/insert/", pid)
        for contender in (ours, bare, plain):
            contender.file(WARM_UP)
        for at in range(ROUNDS):
            for contender in (ours, bare, plain) if at % 2 else (plain, bare, ours):
                contender.round()
        raw = raw_inserts(site)
    ratio = median(mine / theirs for mine, theirs in zip(ours.rates, bare.rates, strict=True))
    yield Line("filing, share of a bare view's rate", ratio, "", BUDGET, at_least=True)
    for what, contender in (("filing", ours), ("bare view", bare), ("view of one INSERT", plain)):
        yield Line(f"  {what}", median(contender.rates), "requests/s", digits=0)
        for name, words in (("web", "the web process"), ("postgres", "PostgreSQL")):
            yield Line(f"  {what}, CPU of {words}", contender.cpu_ms(name), "ms/request")
    yield Line("  that INSERT by pgbench, eight clients", raw, "inserts/s", digits=0)


def raw_inserts(site: Stack) -> float:
    """The one INSERT a second, each in a transaction of its own. Raises RuntimeError if pgbench does not say."""
    values = "'0123456789abcdef0123', '" + json.dumps(EXAMPLE).replace("'", "''") + "'::jsonb"
    script = site.state_dir / "insert.sql"
    script.write_text(INSERT.replace("%s, %s", values) + ";\n")
    pgbench = find_wheel() / f"pginstall{MAJOR}" / "bin" / "pgbench"
    command = [str(pgbench), "-n", "-M", "prepared", "-c", str(RAW_CLIENTS), "-T", str(RAW_S)]
    told = subprocess.run(
        [*command, "-f", str(script), postgres.conninfo(site.state_dir)], capture_output=True, text=True, check=False
    )
    if not (found := re.search(r"tps = ([\d.]+)", told.stdout)):
        raise RuntimeError(f"pgbench: {told.stderr}")
    return float(found[1])
