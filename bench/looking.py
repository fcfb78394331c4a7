"""A site of 10,000 artifacts and 10,000 issues on record, looked through: see ``bench.finding``.

Runs in a process of its own, whose environment names the state folder; says what it measured as JSON in its last line.
"""

import json
import re
import time
from typing import Any

from bench.queuing import cpu_s, site  # first: it sets Django up

import numpy as np  # isort: skip
from django.db import connection  # isort: skip
from django.test import Client  # isort: skip
from django.test.utils import CaptureQueriesContext  # isort: skip
from django.utils import timezone  # isort: skip

from bench.finding import ARTIFACTS, ASKED, ISSUES, PAGES  # isort: skip
from bench.stored import SYLLABLES  # isort: skip
from reports.models import Affected, Artifact, Issue  # isort: skip
from reports.published import catch_up  # isort: skip
from reports.vocabulary import Kind, Severity  # isort: skip

SEED, WORDS, TITLE, SUMMARY = 11, 20_000, 8, 40
ORGS = 1_000
TOTAL = re.compile(r'class="head results">\s*<h2>[^<0-9]*(?:<bdi>[^<]*</bdi>[^<0-9]*)?([0-9]+)')
CHINESE = "它编造关于租金的判决书和不存在的法官姓名以及日期药物剂量错误拒绝回答"


def words() -> list[str]:
    """As frequent as words are: the first stands in a third of the issues."""
    rng = np.random.default_rng(SEED)
    made = dict.fromkeys("".join(rng.choice(SYLLABLES, size=int(rng.integers(2, 5)))) for _ in range(2 * WORDS))
    return list(made)[:WORDS]


def load(known: list[str]) -> None:
    rng = np.random.default_rng(SEED)
    chances = 1 / np.arange(20, WORDS + 20)
    drawn = rng.choice(
        len(known), size=(ISSUES, TITLE + SUMMARY), p=chances[: len(known)] / chances[: len(known)].sum()
    )
    now = timezone.now()
    artifacts = Artifact.objects.bulk_create(
        Artifact(org=f"org-{at % ORGS}", name=f"model-{at}", developer=f"Org {at % ORGS}", confirmed_at=now)
        for at in range(ARTIFACTS)
    )
    for artifact in artifacts:
        artifact.family = artifact
    Artifact.objects.bulk_update(artifacts, ["family"], batch_size=2_000)
    issues = Issue.objects.bulk_create(
        Issue(
            number=f"TT-2026-{at:05}",
            family=artifacts[at % ARTIFACTS],
            kind=list(Kind)[at % len(Kind)],
            severity=list(Severity)[at % len(Severity)],
            status="confirmed",
            public_title=said(known, drawn[at][:TITLE], at)[:200],
            public_summary=said(known, drawn[at][TITLE:], at),
            confirmed_at=now,
            published_at=now,
            report_count=1,
            voice_count=1,
        )
        for at in range(ISSUES)
    )
    Affected.objects.bulk_create(
        Affected(issue=issue, artifact=artifacts[int(rng.integers(ARTIFACTS))], status="affected") for issue in issues
    )


def said(known: list[str], drawn: Any, at: int) -> str:
    """One issue in ten is told in Chinese."""
    if at % 10:
        return " ".join(known[place] for place in drawn)
    return "".join(CHINESE[place % len(CHINESE) :][:4] for place in drawn)


def asked(client: Client, address: str) -> dict[str, Any]:
    client.get(address)
    client.get(address)
    times, busy_s = [], cpu_s()
    for _ in range(ASKED):
        began = time.perf_counter()
        response = client.get(address)
        times.append((time.perf_counter() - began) * 1_000)
    busy_ms = (cpu_s() - busy_s) / ASKED * 1_000
    if response.status_code != 200:
        raise RuntimeError(f"{address} answered {response.status_code}.")
    with CaptureQueriesContext(connection) as captured:
        client.get(address)
    queries = sorted(((float(each["time"]) * 1_000, each["sql"]) for each in captured.captured_queries), reverse=True)
    told = TOTAL.search(response.content.decode())
    return {"ms": times, "cpu_ms": busy_ms, "found": int(told[1]) if told else 0, "queries": queries}


def main() -> None:
    with site():
        known = words()
        load(known)
        began = time.monotonic()
        while catch_up():
            pass
        took_s = time.monotonic() - began
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
        typed = {"rare": known[5_000], "common": known[0], "eight": "+".join(known[2:400:50])}
        client = Client()
        pages = {name: asked(client, address.format(**typed)) for name, address in PAGES.items()}
    print(json.dumps({"indexed_s": took_s, "pages": pages}))


if __name__ == "__main__":
    main()
