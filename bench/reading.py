"""A site with one artifact of 10,000 issues on record, and its public pages asked for: see ``bench.pages``.

Runs in a process of its own, whose environment names the state folder; says what it measured as JSON in its last line.
"""

import json
import time
from typing import Any

from bench.queuing import DICE, cpu_s, site  # first: it sets Django up

from django.db import connection, transaction  # isort: skip
from django.test import Client  # isort: skip
from django.test.utils import CaptureQueriesContext  # isort: skip

from accounts.policy import ANONYMOUS  # isort: skip
from bench.pages import ADDRESS, ASKED, ISSUES, NAME, ORG, PAGES, REPORTS_EACH  # isort: skip
from reports.dump import files, write_dump  # isort: skip
from reports.models import Artifact, Issue  # isort: skip
from triage.counting import recount  # isort: skip

CHUNK = 1_000
WORDS = (
    "It names a leaflet, a page and a sentence that stand nowhere; whoever asks again is told of another one, with the "
    "same certainty, and the warning in the manual is not among what it knows."
)
ARTIFACTS = """
INSERT INTO reports_artifact (kind, org, name, title, developer, deployer, access, intended_use,
    known_limitations, data_collection, card_url, confirmed_at, added_at)
VALUES ('model', %(org)s, %(name)s, '', 'Bench Labs', '', 'open', %(words)s, %(words)s, %(words)s, '', now(), now()),
       ('model', %(org)s, 'base', '', 'Bench Labs', '', 'open', '', '', '', '', now(), now()),
       ('dataset', %(org)s, 'crawl', '', 'Bench Labs', '', 'open', '', '', '', '', now(), now()),
       ('model', %(org)s, 'child-q4', '', '', '', 'open', '', '', '', '', now(), now()),
       ('system', %(org)s, 'desk', '', '', '', 'closed', '', '', '', '', now(), now())
"""
FAMILY = """
UPDATE reports_artifact SET family_id = CASE WHEN kind = 'model'
    THEN (SELECT id FROM reports_artifact WHERE name = 'base') ELSE id END
"""
LINEAGE = """
INSERT INTO reports_lineage (child_id, parent_id, relation, position)
SELECT c.id, p.id, l.relation, l.position FROM (VALUES
    (%(name)s, 'base', 'fine_tuned_from', 0), (%(name)s, 'crawl', 'trained_on', 1),
    ('child-q4', %(name)s, 'quantised_from', 0), ('desk', %(name)s, 'built_on', 0)
) AS l (child, parent, relation, position)
JOIN reports_artifact c ON c.name = l.child JOIN reports_artifact p ON p.name = l.parent
"""
VERSIONS = """
INSERT INTO reports_version (artifact_id, name, position, is_alias, released_on)
SELECT a.id, '2026-0' || v, v, false, current_date - 200 + 30 * v
FROM reports_artifact a, generate_series(1, 6) AS v WHERE a.name = %(name)s
"""
# Of a hundred issues: 85 on record, 10 new, 5 under embargo.
ISSUES_STORED = f"""
INSERT INTO reports_issue (family_id, number, kind, status, resolution, dismissal, public_title, public_summary,
    severity, severity_by_person, harm_occurred, context_of_use, lifecycle_stage, in_stated_use, hazard_level,
    is_disputed, is_possible_regression, rule_id, priority, report_count, voice_count, opened_at, confirmed_at,
    published_at, resolved_at, embargo_until, changed_at, revision)
SELECT a.family_id, CASE WHEN s.status <> 'new' THEN 'TT-2026-' || lpad(id::text, 5, '0') END,
    (ARRAY['false_information','privacy_leak','unsafe_action','refuses_harmless','other'])
        [1 + {DICE.format(salt=41)} / 20],
    s.status, CASE WHEN s.status = 'resolved' THEN 'fixed' ELSE '' END, '',
    CASE WHEN s.status <> 'new' THEN 'It tells of number ' || id || ' where there is none' ELSE '' END,
    CASE WHEN {DICE.format(salt=42)} < 80 THEN %(words)s ELSE '' END,
    (ARRAY['not_sure','low','medium','high','critical'])[1 + {DICE.format(salt=43)} / 20], {DICE.format(salt=44)} < 50,
    '', (ARRAY['','health','work','education','private'])[1 + {DICE.format(salt=45)} / 20],
    (ARRAY['','data','fine_tuning','deployment','integration'])[1 + {DICE.format(salt=46)} / 20],
    CASE WHEN {DICE.format(salt=47)} < 30 THEN {DICE.format(salt=47)} < 20 END, 0,
    {DICE.format(salt=48)} < 5, false, '', 0, 0, 0, s.at - interval '9 days',
    CASE WHEN s.status <> 'new' THEN s.at END, CASE WHEN s.status <> 'new' THEN s.at END,
    CASE WHEN s.status = 'resolved' THEN s.at + interval '1 day' * ({DICE.format(salt=49)}) END,
    CASE WHEN {DICE.format(salt=50)} < 5 THEN now() + interval '30 days' END, now(), 0
FROM (SELECT id, now() - make_interval(hours => (40 * ({DICE.format(salt=51)}) + {DICE.format(salt=52)})::int) AS at,
        CASE WHEN {DICE.format(salt=53)} < 10 THEN 'new' WHEN {DICE.format(salt=53)} < 55 THEN 'confirmed'
             ELSE 'resolved' END AS status
      FROM generate_series(1, %(stored)s) AS id) AS s,
    (SELECT family_id FROM reports_artifact WHERE name = %(name)s) AS a
"""
AFFECTED = f"""
INSERT INTO reports_affected (issue_id, artifact_id, status, resolution, resolved_at, introduced_in_id, fixed_in_id,
    statement, stated_at, tries, failures, untested_reason, notified_at, acknowledged_at)
SELECT id, about, CASE WHEN i.status = 'resolved' THEN 'fixed' WHEN {DICE.format(salt=61)} < 10 THEN 'not_affected'
        ELSE 'affected' END,
    i.resolution, i.resolved_at, (SELECT min(id) FROM reports_version),
    CASE WHEN i.status = 'resolved' THEN (SELECT min(id) FROM reports_version) + 1 + ({DICE.format(salt=62)}) / 20 END,
    CASE WHEN {DICE.format(salt=63)} < 40 THEN 'We know of it and are at work on it.' ELSE '' END,
    CASE WHEN {DICE.format(salt=63)} < 40 THEN i.confirmed_at + interval '1 day' * ({DICE.format(salt=64)} / 3) END,
    CASE WHEN {DICE.format(salt=65)} < 40 THEN 10 END, CASE WHEN {DICE.format(salt=65)} < 40 THEN 7 END, '',
    CASE WHEN {DICE.format(salt=66)} < 70 THEN i.confirmed_at END,
    CASE WHEN {DICE.format(salt=66)} < 50 THEN i.confirmed_at + interval '2 days' END
FROM reports_issue i, (SELECT id AS about FROM reports_artifact WHERE name = %(name)s) AS a
"""
# A few issues of what it was made from, in which it is not named.
INHERITED = """
UPDATE reports_affected SET artifact_id = (SELECT id FROM reports_artifact WHERE name = 'base')
WHERE issue_id %% 500 = 0
"""
REPORTS = f"""
INSERT INTO reports_report (reference, receipt_digest, voice_key, artifact_id, also_affects, kind, context_of_use,
    harm_occurred, severity, found_by, relation, language, settings, visibility, consent_version, channel, source_type,
    source, source_key, rule_id, filed_at, reported_at, grouped_at, held_at, held_for, hazard_level)
SELECT 'B-' || id, ''::bytea, 'bench-' || id, about, '{{}}', 'false_information',
    (ARRAY['','health','work','education','private'])[1 + {DICE.format(salt=71)} / 20], '', 'not_sure',
    (ARRAY['use','use','use','research','audit'])[1 + {DICE.format(salt=72)} / 20],
    (ARRAY['','user','affected','researcher','journalist'])[1 + {DICE.format(salt=73)} / 20],
    (ARRAY['en','en','en','es','ar'])[1 + {DICE.format(salt=74)} / 20], '{{}}',
    CASE WHEN {DICE.format(salt=75)} < 5 THEN 'private' ELSE 'public_after_review' END, '2026-11', 'form', 'form',
    '', '', '', now(), now() - make_interval(hours => (40 * ({DICE.format(salt=76)}) + {DICE.format(salt=77)})::int),
    now(), CASE WHEN {DICE.format(salt=78)} < 2 THEN now() END, '', 0
FROM generate_series(1, %(reports)s) AS id, (SELECT id AS about FROM reports_artifact WHERE name = %(name)s) AS a
"""
PLACED = """
INSERT INTO reports_placement (report_id, issue_id, by, method, reasons, needs_look, placed_at)
SELECT id, (SELECT min(id) FROM reports_issue) + (id %% %(stored)s), 'engine', 'bench', '{}', false, now()
FROM reports_report
"""
FILLED = (ARTIFACTS, FAMILY, LINEAGE, VERSIONS, ISSUES_STORED, AFFECTED, INHERITED, REPORTS, PLACED)


def load() -> None:
    """Fill the site, count as the product does, and tell the planner."""
    stored = ISSUES * 100 // 85
    told: dict[str, str | int] = {
        "org": ORG,
        "name": NAME,
        "words": WORDS,
        "stored": stored,
        "reports": stored * REPORTS_EACH,
    }
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in FILLED:
            cursor.execute(statement, told)
    issues = list(Issue.objects.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(issues), CHUNK):
        with transaction.atomic():
            recount(issues[start : start + CHUNK])
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def asked(client: Client, address: str, *, known: bool = False) -> dict[str, Any]:
    """How long an answer took each time, and how much CPU; ``known``: the reader has the page already."""
    first = client.get(address)
    headers = {"If-None-Match": first["ETag"]} if known else {}
    client.get(address, headers=headers)
    times, busy_s = [], cpu_s()
    for _ in range(ASKED):
        began = time.perf_counter()
        response = client.get(address, headers=headers)
        times.append((time.perf_counter() - began) * 1_000)
    busy_ms = (cpu_s() - busy_s) / ASKED * 1_000
    if response.status_code != (304 if known else 200):
        raise RuntimeError(f"{address} answered {response.status_code}.")
    with CaptureQueriesContext(connection) as captured:
        client.get(address, headers=headers)
    queries = sorted(
        ((float(each["time"]) * 1_000, each["sql"]) for each in captured.captured_queries), key=lambda each: -each[0]
    )
    return {"ms": times, "cpu_ms": busy_ms, "bytes": len(first.content), "queries": queries}


def main() -> None:
    with site():
        began = time.monotonic()
        load()
        took_s = time.monotonic() - began
        client = Client()
        told = {name: asked(client, address) for name, address in PAGES.items()}
        told["an issue"] = asked(client, issue_address())
        known = asked(client, ADDRESS, known=True)
        artifact = Artifact.objects.get(name=NAME)
        count = artifact.affected.filter(issue__number__isnull=False).count()
        dumped = dump()
    print(json.dumps({"loaded_s": took_s, "issues": count, "pages": told, "known": known, "dump": dumped}))


def issue_address() -> str:
    """Of an issue on record that reports stand in."""
    return Issue.objects.visible_to(ANONYMOUS).order_by("pk")[0].get_absolute_url()


def dump() -> dict[str, float]:
    """All that is public into files, as every night."""
    began = time.perf_counter()
    write_dump()
    return {"took_s": time.perf_counter() - began, "bytes": sum(each.size for each in files())}


if __name__ == "__main__":
    main()
