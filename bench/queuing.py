"""A site full of reports in few issues, each in some state or other, and its queue asked for: see ``bench.queue``.

Runs in a process of its own, whose environment names the state folder; says what it measured as JSON in its last line.
"""

import gc
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import django
import numpy as np

from config import postgres

os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
django.setup()

from django.conf import settings  # noqa: E402 -- Django has to be set up first
from django.core.management import call_command  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from accounts.actors import actor_for  # noqa: E402
from accounts.models import Grant, User  # noqa: E402
from bench import stored  # noqa: E402
from bench.processes import cpu_seconds  # noqa: E402
from bench.queue import ASKED, ISSUES, REPORTS, SEED  # noqa: E402
from reports.models import Issue  # noqa: E402
from triage import index, search  # noqa: E402
from triage.counting import recount  # noqa: E402

WORD, COMMON = 5_000, 60  # ranks of the words looked for: in one report of 2,000, and in one of 20
CHUNK = 1_000
# A number from 0 to 99 that follows from a row's id and looks like chance; another for each salt.
DICE = "(hashint8extended(id, {salt}) & 1048575) %% 100"
REPORTS_DIFFER = f"""
UPDATE reports_report SET
    kind = (ARRAY['false_information','privacy_leak','unsafe_action','other'])[1 + {DICE.format(salt=1)} / 25],
    severity = (ARRAY['not_sure','low','medium','high','critical'])[1 + {DICE.format(salt=2)} / 20],
    harm_occurred = (ARRAY['','no','nearly','yes','unsure'])[1 + {DICE.format(salt=3)} / 20],
    context_of_use = (ARRAY['','health','work','education','private'])[1 + {DICE.format(salt=4)} / 20],
    language = (ARRAY['en','en','en','es','ar'])[1 + {DICE.format(salt=5)} / 20],
    channel = (ARRAY['form','form','api','import','import'])[1 + {DICE.format(salt=6)} / 20],
    found_by = (ARRAY['use','use','use','research','audit'])[1 + {DICE.format(salt=7)} / 20],
    version_id = CASE WHEN {DICE.format(salt=8)} < 70 THEN
        (SELECT v.id FROM reports_version v
         WHERE v.artifact_id = reports_report.artifact_id AND v.position = 1 + reports_report.id %% 2) END,
    reported_at = now() - make_interval(hours => (4 * {DICE.format(salt=10)} + {DICE.format(salt=11)})::int * 20),
    held_at = CASE WHEN {DICE.format(salt=12)} < 1 THEN now() END,
    visibility = CASE WHEN {DICE.format(salt=13)} < 5 THEN 'private' ELSE 'public_after_review' END
"""
VERSIONS = """
INSERT INTO reports_version (artifact_id, name, position, is_alias)
SELECT a.id, v.name, v.position, false FROM reports_artifact a
CROSS JOIN (VALUES ('2026-05', 1), ('2026-06', 2)) AS v (name, position)
"""
# Of a hundred issues: 55 new, 20 confirmed, 15 resolved, 10 dismissed.
ISSUES_DIFFER = f"""
UPDATE reports_issue SET
    kind = (ARRAY['false_information','privacy_leak','unsafe_action','other'])[1 + {DICE.format(salt=21)} / 25],
    status = s.status,
    number = CASE WHEN s.status IN ('confirmed', 'resolved') THEN 'TT-2026-' || lpad(id::text, 5, '0') END,
    public_title = CASE WHEN s.status IN ('confirmed', 'resolved') THEN 'It tells of number ' || id ELSE '' END,
    confirmed_at = CASE WHEN s.status IN ('confirmed', 'resolved') THEN now() END,
    published_at = CASE WHEN s.status IN ('confirmed', 'resolved') THEN now() END,
    resolution = CASE WHEN s.status = 'resolved' THEN 'fixed' ELSE '' END,
    resolved_at = CASE WHEN s.status = 'resolved' THEN now() END,
    dismissal = CASE WHEN s.status = 'dismissed' THEN 'spam' ELSE '' END,
    dismissed_at = CASE WHEN s.status = 'dismissed' THEN now() END,
    is_possible_regression = s.status = 'resolved' AND {DICE.format(salt=22)} < 3,
    is_disputed = {DICE.format(salt=23)} < 1,
    growth_flagged_at = CASE WHEN {DICE.format(salt=24)} < 1 THEN now() END,
    opened_at = now() - make_interval(hours => (2 * {DICE.format(salt=25)} + {DICE.format(salt=26)} %% 3)::int * 20),
    assignee_id = CASE WHEN {DICE.format(salt=27)} < 3 THEN %(user)s END,
    hazard_level = CASE WHEN {DICE.format(salt=28)} < 5 THEN 2 ELSE 0 END,
    snoozed_at = CASE WHEN {DICE.format(salt=29)} < 4 THEN now() END,
    snoozed_until = CASE WHEN {DICE.format(salt=29)} < 2 THEN now() + interval '9 days' END,
    snoozed_voices = CASE WHEN {DICE.format(salt=29)} = 2 THEN 5000 END,
    snoozed_version_id = CASE WHEN {DICE.format(salt=29)} = 3 THEN
        (SELECT max(v.id) FROM reports_version v WHERE v.artifact_id = reports_issue.family_id) END
FROM (SELECT id AS of, (ARRAY['new','confirmed','resolved','dismissed'])[
    CASE WHEN dice < 55 THEN 1 WHEN dice < 75 THEN 2 WHEN dice < 90 THEN 3 ELSE 4 END] AS status
    FROM (SELECT id, {DICE.format(salt=20)} AS dice FROM reports_issue) AS diced) AS s
WHERE s.of = id
"""
UNLOOKED = f"UPDATE reports_placement SET needs_look = true WHERE {DICE.format(salt=30)} < 1"
SUGGESTED = f"""
INSERT INTO triage_suggestion (report_id, issue_id, score, band, rank, method, reasons, made_at)
SELECT p.report_id, i.id, 0.6, 'likely', 0, 'bench', '{{}}', now()
FROM (SELECT report_id, 1 + (hashint8extended(report_id, 31) & 4095) AS other
      FROM reports_placement WHERE {DICE.format(salt=32)} < 20) AS p
JOIN reports_issue i ON i.id = p.other
"""
NUMBERED = "INSERT INTO reports_numberseries (year, last) SELECT 2026, max(id) FROM reports_issue"
WARNED = f"""
INSERT INTO reports_signal (issue_id, key, cell, detector, method, tier, state, observed, expected, statistics, since,
    opened_at, changed_at, revision, judged_by, reason, reason_words)
SELECT id, 'burst:issue:' || id, '{{}}', 'burst', 'bench', 'watch', 'new', 5, 1, '{{}}', now(),
    now(), now(), 0, '', '', ''
FROM reports_issue WHERE {DICE.format(salt=33)} < 1
"""

# Each issue in a theme of its own: a site in use has placed them long ago, and to place 20,000 takes a worker many
# minutes, beside which nothing can be measured.
THEMES = "INSERT INTO triage_theme (opened_at) SELECT now() FROM reports_issue"
THEMED = """
INSERT INTO triage_themeissue (theme_id, issue_id, score, method, joined_at)
SELECT t.id, i.id, 0, 'bench', now()
FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM triage_theme) t
JOIN (SELECT id, row_number() OVER (ORDER BY id) AS n FROM reports_issue) i USING (n)
"""

STATEMENTS = (VERSIONS, REPORTS_DIFFER, ISSUES_DIFFER, UNLOOKED, SUGGESTED, NUMBERED, WARNED, THEMES, THEMED)


class Few(stored.World):
    """Those that stand alone elsewhere stand here a few together, so that there are five reports an issue."""

    def __init__(self, count: int, seed: int) -> None:
        super().__init__(count, seed)
        self.others = ISSUES - self.failures
        self.families_of_others = self._families(self.others)

    def told(self, count: int, *, first: int) -> stored.Told:
        told = super().told(count, first=first)
        is_other = told.issues >= self.failures
        others = self.chance.integers(self.others, size=count)
        return stored.Told(
            families=np.where(is_other, self.families_of_others[others], told.families),
            issues=np.where(is_other, self.failures + others, told.issues),
            words=told.words,
        )


def load() -> stored.World:
    """Fill the site, let its issues differ, count them as the product does, and tell the planner."""
    user = User.objects.create_user("triager@example.org", "a long password")
    Grant.objects.create(user=user, role="triager")
    with transaction.atomic(), connection.cursor() as cursor:
        world = stored.load(cursor, REPORTS, SEED, Few)
        for statement in STATEMENTS:
            cursor.execute(statement, {"user": user.pk})
    issues = list(Issue.objects.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(issues), CHUNK):
        with transaction.atomic():
            recount(issues[start : start + CHUNK])
    while index.seal() or index.merge():
        pass
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return world


def asked(address: str, client: Client) -> dict[str, Any]:
    """How long a page took each time, and the plan of each of its statements."""
    for _ in range(2):
        response = client.get(address)
        if response.status_code != 200:
            raise RuntimeError(f"{address} answered {response.status_code}.")
    times, busy_s = [], cpu_s()
    for _ in range(ASKED):
        began = time.perf_counter()
        client.get(address)
        times.append((time.perf_counter() - began) * 1_000)
    busy_ms = (cpu_s() - busy_s) / ASKED * 1_000
    with CaptureQueriesContext(connection) as captured:
        client.get(address)
    statements = [
        query for query in captured.captured_queries if query["sql"].startswith(("SELECT", "WITH", "\nSELECT"))
    ]
    found = search.count(
        search.parse(parse_qs(urlsplit(address).query).get("q", [""])[0]), actor_for(User.objects.get())
    )
    return {
        "ms": times,
        "cpu_ms": busy_ms,
        "queries": len(captured),
        "found": found,
        "plans": [
            {"sql": query["sql"], "ms": float(query["time"]) * 1_000, "plan": plan(query["sql"])}
            for query in statements
        ],
    }


def cpu_s() -> float:
    """CPU time of this process and of the one of PostgreSQL that answers it: the same on a busy machine."""
    connection.ensure_connection()
    return time.process_time() + cpu_seconds([connection.connection.info.backend_pid])


def plan(sql: str) -> str:
    with connection.cursor() as cursor:
        how = "COSTS OFF, GENERIC_PLAN" if "$1" in sql else "COSTS OFF"  # the index is asked with parameters of its own
        cursor.execute(f"EXPLAIN ({how}) {sql}")
        return "\n".join(line for (line,) in cursor.fetchall())


@contextmanager
def site() -> Iterator[None]:
    settings.STATE_DIR.mkdir(parents=True, exist_ok=True)
    with postgres.running(settings.STATE_DIR):
        call_command("migrate", verbosity=0)
        settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
        settings.STATIC_ROOT.mkdir(exist_ok=True)
        settings.ALLOWED_HOSTS = ["testserver"]  # without the rest of a test's environment, which copies every context
        yield
        connection.close()


def main() -> None:
    pages: dict[str, dict[str, str]] = json.loads(sys.argv[1])
    with site():
        began = time.monotonic()
        world = load()
        took_s = time.monotonic() - began
        client = Client()
        client.force_login(User.objects.get())
        summary = stored_phrase()
        gc.collect()
        gc.freeze()  # as config.wsgi does
        words = {"word": world.vocabulary[WORD], "common": world.vocabulary[COMMON], "phrase": summary}
        told = {
            name: asked(address.format(**words), client)
            for addresses in pages.values()
            for name, address in addresses.items()
        }
        count = Issue.objects.count()
    print(json.dumps({"loaded_s": took_s, "issues": count, "pages": told}))


def stored_phrase() -> str:
    """Three words of a summary, as somebody who remembers them would type them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT summary FROM reports_evidence ORDER BY report_id OFFSET 5000 LIMIT 1")
        return "+".join(cursor.fetchone()[0].split()[1:4])


if __name__ == "__main__":
    main()
