"""A site of generated reports, watched for a night and report by report: see ``bench.warning``.

Runs in a process of its own, whose environment names the state folder; says what it measured as JSON in its last line.
Only rows that early warning reads are there: no words, no index.
"""

import json
import os
import time
from datetime import date
from typing import Any

import django

from config import postgres

os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
django.setup()

from django.conf import settings  # noqa: E402 -- Django has to be set up first
from django.core.management import call_command  # noqa: E402
from django.db import connection, transaction  # noqa: E402

from bench.processes import cpu_seconds  # noqa: E402
from bench.warning import ISSUES, REPORTS, SEED, TOUCHED  # noqa: E402
from triage.signals import night, touched  # noqa: E402
from triage.signals.series import today  # noqa: E402

ARTIFACTS, PER_THEME, DAYS = 300, 3, 365
# Issues and artifacts of all sizes: the largest artifact has one report in fifteen. Four kinds, five languages, months.
FILL = f"""
SELECT setseed({SEED});
INSERT INTO reports_artifact (id, kind, org, name, title, developer, deployer, access, intended_use,
    known_limitations, data_collection, card_url, family_id, confirmed_at, added_at)
SELECT id, 'model', 'bench', 'model-' || id, '', '', '', '', '', '', '', '', id, now(), now()
FROM generate_series(1001, {1000 + ARTIFACTS}) AS id;
INSERT INTO reports_version (id, artifact_id, name, position, is_alias, released_on)
SELECT 2 * a.id + n, a.id, n::text, n, false, current_date - 200 + n * 190
FROM reports_artifact a CROSS JOIN generate_series(0, 1) AS n WHERE a.org = 'bench';
INSERT INTO reports_issue (id, family_id, kind, status, resolution, dismissal, public_title, public_summary, severity,
    severity_by_person, context_of_use, lifecycle_stage, hazard_level, is_disputed, is_possible_regression, rule_id,
    harm_occurred, priority, report_count, voice_count, opened_at, changed_at, revision)
SELECT id, 1001 + floor({ARTIFACTS} * power(random(), 2)), (ARRAY['false_information','other','toxic_or_hateful',
    'refuses_harmless'])[1 + id %% 4], 'new', '', '', '', '', 'not_sure', false, '', '', 0, false, false, '', '', 0,
    0, 0, now(), now(), 0
FROM generate_series(1, {ISSUES}) AS id;
INSERT INTO triage_theme (id, opened_at) SELECT id, now() FROM generate_series(1, {ISSUES // PER_THEME + 1}) AS id;
INSERT INTO triage_themeissue (theme_id, issue_id, score, method, joined_at)
SELECT 1 + id / {PER_THEME}, id, 0, 'bench', now() FROM generate_series(1, {ISSUES}) AS id;
CREATE TEMPORARY TABLE drawn AS
SELECT id, 1 + floor({ISSUES} * power(random(), 2.2))::bigint AS issue, random() AS at, random() AS spoken,
    random() AS released FROM generate_series(1, {REPORTS}) AS id;
INSERT INTO reports_report (id, reference, receipt_digest, voice_key, artifact_id, version_id, also_affects, kind,
    context_of_use, harm_occurred, severity, found_by, relation, language, settings, visibility, consent_version,
    channel, source_type, source, source_key, rule_id, filed_at, reported_at, grouped_at, held_for, hazard_level)
SELECT d.id, 'B-' || d.id, ''::bytea, 'bench-' || floor(30000 * d.spoken), i.family_id,
    2 * i.family_id + floor(2 * d.released)::int, '{{}}', i.kind, (ARRAY['','health','work','media'])[1 + d.id %% 4],
    'no', 'not_sure', 'use', '', (ARRAY['en','es','zh','ar','pt'])[1 + floor(5 * power(d.spoken, 3))::int], '{{}}',
    'public_after_review', '2026-11', CASE WHEN d.id %% 10 = 0 THEN 'import' ELSE 'form' END, 'form', '', '', '', now(),
    now() - d.at * interval '{DAYS} days', now(), '', 0
FROM drawn d JOIN reports_issue i ON i.id = d.issue;
INSERT INTO reports_placement (report_id, issue_id, by, method, reasons, needs_look, placed_at)
SELECT d.id, d.issue, 'engine', 'bench', '{{}}', false, now() - d.at * interval '{DAYS} days' FROM drawn d;
"""


def watched() -> dict[str, Any]:
    on = today()
    first, opened = _night(on)
    again, _ = _night(on)
    newest = "SELECT id FROM reports_report WHERE channel <> 'import' ORDER BY reported_at DESC LIMIT %s"
    with connection.cursor() as cursor:
        cursor.execute(newest, [TOUCHED])
        ids = [row[0] for row in cursor.fetchall()]
    for report_id in ids[:5]:
        touched.look([report_id], on)
    times, before = [], _cpu_s()
    for report_id in ids:
        began = time.perf_counter()
        touched.look([report_id], on)
        times.append((time.perf_counter() - began) * 1000)
    cpu_ms = (_cpu_s() - before) * 1000 / len(ids)
    return {"night": first, "again": again, "opened": opened, "touched_ms": times, "touched_cpu_ms": cpu_ms}


def _night(on: date) -> tuple[dict[str, float], int]:
    """Seconds by the clock and of CPU, and how many signals opened."""
    began, used = time.perf_counter(), _cpu_s()
    opened = night.watch(on)
    return {"wall_s": time.perf_counter() - began, "cpu_s": _cpu_s() - used}, opened


def _cpu_s() -> float:
    """Of this process and of the database's that serves it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return time.process_time() + cpu_seconds([int(cursor.fetchone()[0])])


def main() -> None:
    with postgres.running(settings.STATE_DIR):
        call_command("migrate", verbosity=0)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(FILL.replace("%%", "%"))
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
        print(json.dumps(watched()))


if __name__ == "__main__":
    main()
