"""A flood of anonymous requests beside somebody who is signed in: ``python -m bench.flood``. Exits 1 if they suffer.

One network sends a hundred requests a second for a minute, half of them reports by the API and half the form; one
account files a report a second, before and meanwhile. The limits are those that a site has unless it sets others, but
for the account's: two minutes are more than a new one may file. Where two windows of ten minutes meet in that minute,
the network has the share of both. Drafts are told apart: nobody but their writer reads one, and it is not filed.
"""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from urllib.parse import urlencode

from bench.load import HOST, Answer, Job, answers_of, run, send
from bench.stack import BASE, NO_LIMITS, PATIENCE_S, Stack, stack
from bench.table import Line, machine, percentile, show
from bench.writing import reports

SECONDS = 60
RATE = 50.0  # of each half of the flood
CONNECTIONS = 8
LEAST_STOPPED = 0.99  # of the flood: refused or held
SLOWER_AT_MOST = 5.0  # times the p95 that the account has alone
SEED = 17
TABLES = ("report", "artifact", "draft", "ratebucket", "issue")
MAKE_TOKEN = """
from accounts.models import User
from accounts.tokens import make_token
print(make_token(User.objects.create_user("reporter@example.org", "a long password"), scopes=["report:write"]))
"""
OWN_LIMITS = dict.fromkeys(NO_LIMITS, "") | {"LIMIT_NEWCOMER": "1000", "LIMIT_NEWCOMER_HOUR": "1000"}


@dataclass(frozen=True, slots=True)
class Flood:
    """What the flood was answered, and what it left behind."""

    api: list[Answer]
    form: list[Answer]
    passed: int
    held: int
    grown: dict[str, int]

    @property
    def total(self) -> int:
        return len(self.api) + len(self.form)

    def share(self, *codes: int) -> float:
        return sum(answer.status in codes for answer in (*self.api, *self.form)) / self.total


def measure() -> Iterator[Line]:
    with stack(**OWN_LIMITS) as site:
        token = make_token(site)
        cookie, csrf = form_token(site)
        alone = run(account(site, token, seed=SEED))
        before = rows(site)
        clients = [
            send(job) for job in (account(site, token, seed=SEED + 1), by_api(site), by_form(site, cookie, csrf))
        ]
        beside, api, form = (answers_of(client) for client in clients)
        grown = {table: count - before[table] for table, count in rows(site).items()}
        flood = Flood(api, form, *anonymous(site), grown)
    if refused := next((answer for answer in (*alone, *beside) if answer.status != 201), None):
        raise RuntimeError(f"The account was answered {refused.status}: {refused.text}")
    yield from lines_of(flood, [a.took_s * 1000 for a in alone], [a.took_s * 1000 for a in beside])


def lines_of(flood: Flood, alone: list[float], beside: list[float]) -> Iterator[Line]:
    stopped = 1 - flood.passed / flood.total
    yield Line("flood, anonymous requests", flood.total, "", digits=0)
    yield Line("  refused or held", stopped, "", LEAST_STOPPED, at_least=True, digits=4)
    yield Line("  refused (429)", flood.share(429), "", digits=4)
    yield Line("  held reports", flood.held, "", digits=0)
    yield Line("  reports that passed", flood.passed, "", digits=0)
    yield Line("  drafts that were begun", sum(answer.status == 302 for answer in flood.form), "", digits=0)
    yield Line("  answered by an error or not at all", flood.share(0, 500, 502, 503, 504), "", 0.0, digits=4)
    for table, count in flood.grown.items():
        yield Line(f"  rows more in {table}", count, "", digits=0)
    yield Line("signed in, p50 alone", percentile(alone, 50), "ms")
    yield Line("signed in, p50 beside the flood", percentile(beside, 50), "ms")
    yield Line("signed in, p95 alone", percentile(alone, 95), "ms")
    yield Line("signed in, p95 beside the flood", percentile(beside, 95), "ms")
    ratio = percentile(beside, 95) / percentile(alone, 95)
    yield Line("  how much slower at p95", ratio, "", SLOWER_AT_MOST)


def account(site: Stack, token: str, *, seed: int) -> Job:
    texts = [json.dumps(report, ensure_ascii=False) for report in reports(SECONDS, seed=seed)]
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    return Job(site.port, texts, connections=2, rate=1.0, headers=headers)


def by_api(site: Stack) -> Job:
    texts = [json.dumps(report, ensure_ascii=False) for report in reports(int(SECONDS * RATE), seed=SEED + 2)]
    return Job(site.port, texts, connections=CONNECTIONS, rate=RATE)


def by_form(site: Stack, cookie: str, csrf: str) -> Job:
    """The form as a script sends it: with the cookie that it asks for, and none of the draft, so that each is new."""
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": f"csrf={cookie}"}
    more = {"csrfmiddlewaretoken": csrf, "gate": "no", "artifact_kind": "model", "visibility": "private"}
    more |= {"harm_occurred": "no", "consent": "on"}
    told = reports(int(SECONDS * RATE), seed=SEED + 3)
    names = ("artifact", "summary", "what_happened", "kind", "version")
    texts = [urlencode({**more, **{name: report.get(name, "") for name in names}}) for report in told]
    return Job(site.port, texts, path="/report/", connections=CONNECTIONS, rate=RATE, headers=headers)


def form_token(site: Stack) -> tuple[str, str]:
    """The cookie and the token that go with a form."""
    line = HTTPConnection(HOST, site.port, timeout=PATIENCE_S)
    line.request("GET", "/report/")
    answer = line.getresponse()
    page = answer.read().decode()
    cookie = re.search(r"csrf=(\w+)", answer.headers["Set-Cookie"] or "")
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    line.close()
    if cookie is None or token is None:
        raise RuntimeError("The form came without its cookie or its token.")
    return cookie[1], token[1]


def make_token(site: Stack) -> str:
    command = [sys.executable, "manage.py", "shell", "--no-imports", "-c", MAKE_TOKEN]
    told = subprocess.run(command, cwd=BASE, env=site.environment, stdout=subprocess.PIPE, text=True, check=True)
    return told.stdout.split()[-1]


def anonymous(site: Stack) -> tuple[int, int]:
    """How many reports without an account passed, and how many are held."""
    count = "SELECT count(*) FROM reports_report WHERE reporter_id IS NULL AND held_at IS"
    return site.count(f"{count} NULL"), site.count(f"{count} NOT NULL")


def rows(site: Stack) -> dict[str, int]:
    return {table: site.count(f"SELECT count(*) FROM reports_{table}") for table in TABLES}


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # by way of what stops the site
    print(machine(), flush=True)
    lines = list(measure())
    show(lines)
    if missed := [line.what for line in lines if not line.is_kept]:
        sys.exit("Missed: " + "; ".join(missed))


if __name__ == "__main__":
    main()
