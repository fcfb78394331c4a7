"""Filing by the anonymous API against a bare view that saves the same rows, in one run and turn by turn."""

import json
from collections.abc import Iterator
from statistics import median

from bench.load import Job, run
from bench.processes import cpu_seconds
from bench.stack import Stack, beside, stack
from bench.table import Line

ROUNDS = 8
A_ROUND = 120  # requests to each of the two
WARM_UP = 40
BUDGET = 0.4
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
    """One of the two servers, and what its rounds came to."""

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
        ours = Contender(site, site.port, "/api/v1/reports/", site.pid("web"))
        bare = Contender(site, port, "/bare/", pid)
        for contender in (ours, bare):
            contender.file(WARM_UP)
        for at in range(ROUNDS):
            for contender in (ours, bare) if at % 2 else (bare, ours):
                contender.round()
    ratio = median(mine / theirs for mine, theirs in zip(ours.rates, bare.rates, strict=True))
    yield Line("filing, share of a bare view's rate", ratio, "", BUDGET, at_least=True)
    yield Line("  filing", median(ours.rates), "requests/s", digits=0)
    yield Line("  bare view", median(bare.rates), "requests/s", digits=0)
    for name, words in (("web", "the web process"), ("postgres", "PostgreSQL")):
        yield Line(f"  filing, CPU of {words}", ours.cpu_ms(name), "ms/request")
        yield Line(f"  bare view, CPU of {words}", bare.cpu_ms(name), "ms/request")
