"""What runs on a site's database in a process of its own, with its settings: ``python -m bench.grouper VERB VALUES``.

Says its answer as JSON in its last line. Nobody is rung for: what is filed here is grouped here.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.conf import settings  # noqa: E402 -- Django has to be set up first
from django.db import connection, transaction  # noqa: E402

from bench.processes import cpu_seconds  # noqa: E402
from bench.stored import load as load_stored  # noqa: E402
from reports.filing import file_report  # noqa: E402
from reports.models import Artifact, Issue, Placement, Report  # noqa: E402
from reports.vocabulary import Channel  # noqa: E402
from triage import embeddings, index  # noqa: E402
from triage.bell import bell  # noqa: E402
from triage.matching import match_report  # noqa: E402

FURTHER = 2_000  # reports told like those stored, kept for whoever files next
WARM_UP = 20
SEALED_EVERY = 100  # reports; about what a busy site's sweep does
SIZES = """
SELECT sum(pg_total_relation_size(name::regclass))::bigint
FROM unnest(ARRAY['triage_termvector', 'triage_segment', 'triage_postingblock']) AS name
"""


def load(count: int, seed: int) -> dict[str, float]:
    """Fill the site and its index."""
    began = time.monotonic()
    with transaction.atomic(), connection.cursor() as cursor:
        world = load_stored(cursor, count, seed)
    copied = time.monotonic()
    while index.seal() or index.merge():
        pass
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute(SIZES)
        (size,) = cursor.fetchone()
    further().write_text(json.dumps(list(world.answers(FURTHER))))
    return {"copied_s": copied - began, "sealed_s": time.monotonic() - copied, "index_bytes": size}


def further() -> Path:
    return Path(settings.STATE_DIR) / "further.json"


def answers(start: int, count: int) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = json.loads(further().read_text())
    return told[start : start + count]


def group(start: int, count: int) -> dict[str, Any]:
    """File so many and group them one after the other."""
    ids = filed(answers(start, WARM_UP + count))
    for report_id in ids[:WARM_UP]:
        match_report(report_id)
    wall, cpu = [], []
    server = backend()
    before = cpu_of(server)
    for at, report_id in enumerate(ids[WARM_UP:]):
        began, used = time.perf_counter(), time.process_time()
        match_report(report_id)
        wall.append((time.perf_counter() - began) * 1000)
        cpu.append((time.process_time() - used) * 1000)
        if at % SEALED_EVERY == SEALED_EVERY - 1:
            index.maintain()
    return {"wall_ms": wall, "cpu_ms": cpu, "postgres_ms": (cpu_of(server) - before) * 1000 / count}


def backend() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def cpu_of(pid: int) -> float:
    return cpu_seconds([pid])


def filed(told: Sequence[dict[str, Any]]) -> list[int]:
    return [file_report(answers, channel=Channel.API).report.pk for answers in told]


def portions(workers: int, each: int, families: int, start: int) -> list[list[int]]:
    """Reports for so many workers. Each text is told twice, and the second telling is another worker's to group."""
    names = [str(artifact) for artifact in Artifact.objects.order_by("-pk")[:families]]
    told = answers(start, workers * each // 2)
    twice = [one | {"artifact": names[at % families]} for at, one in enumerate(told)]
    first, second = filed(twice), filed(twice)
    return [[*first[at::workers], *second[(at + 1) % workers :: workers]] for at in range(workers)]


def match(report_ids: list[int]) -> dict[str, float]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")  # to connect is not what is measured
    began = time.monotonic()
    for report_id in report_ids:
        match_report(report_id)
    return {"began": began, "ended": time.monotonic()}


def wrong(report_ids: list[int]) -> int:
    """How many were not grouped once, whose twin stands elsewhere, or that left an issue behind which holds nothing."""
    ungrouped = Report.objects.filter(pk__in=report_ids, grouped_at=None).count()
    places = list(Placement.objects.active().filter(report__in=report_ids).values_list("report_id", "issue_id"))
    digests = dict(Report.objects.filter(pk__in=report_ids).values_list("pk", "term_vector__copy_digest"))
    homes: dict[tuple[int, bytes], set[int]] = {}
    families = dict(Report.objects.filter(pk__in=report_ids).values_list("pk", "artifact_id"))
    for report_id, issue_id in places:
        homes.setdefault((families[report_id], bytes(digests[report_id])), set()).add(issue_id)
    parted = sum(len(issues) - 1 for issues in homes.values())
    empty = Issue.objects.filter(placements=None).count()
    return ungrouped + abs(len(places) - len(report_ids)) + parted + empty


def embed() -> float:
    """Have all that is stored read by the embedder. Returns the seconds that took."""
    began = time.monotonic()
    embeddings.catch_up()
    return time.monotonic() - began


VERBS: dict[str, Callable[..., Any]] = {
    verb.__name__: verb for verb in (load, group, portions, match, wrong, embed, answers)
}


def main() -> None:
    verb, values = sys.argv[1], json.loads(sys.argv[2])
    with bell.muted():
        said = VERBS[verb](**values)
    print(json.dumps(said))


if __name__ == "__main__":
    main()
