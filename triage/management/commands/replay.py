"""Stream labelled rows through the real intake and grouping, to measure them.

Works in a database of its own that is dropped at the end, so that nothing of a site is touched or read.
"""

import io
import json
import resource
import statistics
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import redirect_stdout
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.test import override_settings
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from reports.filing import file_report
from reports.models import Placement
from reports.naming import tidy
from reports.vocabulary import Channel, Kind, SourceType
from triage import embeddings, index, matching, themes
from triage.bell import bell
from triage.methods import in_force
from triage.models import ThemeIssue

NOTHING = "-"  # stands for the text of a row that has none: it holds no term
LINK_EVERY = 100  # reports between two merge passes of themes
SEAL_EVERY = 50  # reports between two looks at the index
KEY = b"replay"  # hashes that meet by chance are others under each key: with one key, two runs are identical
RANKED = 10  # earlier reports named per row


class Command(BaseCommand):
    help = "Replay labelled rows through filing and grouping in a scratch database, and write what was decided."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE.jsonl", help="rows {id, created, title, body, …}")
        parser.add_argument("--events", type=Path, required=True, help="where to write {id, group}, a line each")
        parser.add_argument("--ranked", type=Path, required=True, help="where to write {id, ranked}, a line each")
        parser.add_argument("--level", choices=["issue", "theme"], default="issue")
        parser.add_argument("--source", choices=["form", "scanner"], default="form", help="whose thresholds to use")
        parser.add_argument("--embedder", default=settings.EMBEDDER, help="as EMBEDDER in the settings; none: by words")

    def handle(
        self, *, file: Path, events: Path, ranked: Path, level: str, source: str, embedder: str, **_options: Any
    ) -> None:
        if not file.is_file():
            raise CommandError(f"There is no file {file}.")
        times: list[float] = []
        with (
            override_settings(EMBEDDER=embedder, TERM_KEY=KEY),
            bell.muted(),
            scratch_database(),
            events.open("w") as events_file,
            ranked.open("w") as ranked_file,
        ):
            run = LEVELS[level](file.stem, SourceType(source), events_file, ranked_file)
            if embedder:
                embeddings.catch_up()  # nothing is there to be caught up with, so it counts from the first report on
            for row in rows_of(file):
                times.append(run.take(row))
                if not len(times) % SEAL_EVERY:
                    index.maintain()  # as the sweep would
            run.end()
            method = in_force(by_meaning=bool(embedder)).name
        if not times:
            raise CommandError(f"{file} holds no rows.")
        self.stdout.write(f"{summary(times)}; method {method}")


class scratch_database:
    """A migrated database beside the site's own, for as long as the context lasts."""

    def __enter__(self) -> None:
        self.name = connection.settings_dict["NAME"]
        connection.close()
        connection.settings_dict["TEST"]["NAME"] = f"{self.name}_replay_{int(time.time() * 1000):x}"
        with redirect_stdout(io.StringIO()):  # it says that the cache table is there, which our migration made
            connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)

    def __exit__(self, *_: object) -> None:
        connection.close()
        connection.close_pool()  # type: ignore[attr-defined] # PostgreSQL's has one
        connection.creation.destroy_test_db(self.name, verbosity=0)


def rows_of(file: Path) -> Iterator[dict[str, Any]]:
    """The rows in file order. Raises CommandError naming the line that is none."""
    with file.open(encoding="utf8") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
                row["id"]
            except (ValueError, KeyError, TypeError) as error:
                raise CommandError(f"line {number}: not a row with an id ({error})") from error
            yield row


def answers_of(row: dict[str, Any], name: str) -> dict[str, Any]:
    """A row as a report on the one artifact; its project and component are only names to be masked."""
    title, body = (row.get("title") or "").strip(), (row.get("body") or "").strip()
    return {
        "artifact": f"replay/{tidy(name)}",
        "summary": title,
        "what_happened": body or title or NOTHING,
        "kind": Kind.OTHER.value,
        "also_affects": [row[key] for key in ("project", "component") if row.get(key)],
        "language": row.get("lang") or "",
        "consent": True,
    }


class Issues:
    """A run that tells in which issue each report stands."""

    def __init__(self, name: str, source: SourceType, events: TextIO, ranked: TextIO) -> None:
        self.name, self.source, self.events, self.ranked = name, source, events, ranked
        self.rows: dict[int, Any] = {}  # report number → row id

    def take(self, row: dict[str, Any]) -> float:
        """File and group one row; write where it went and what was nearest. Returns the seconds grouping took."""
        answers = answers_of(row, self.name)
        created = parse_datetime(row["created"]) if row.get("created") else None
        if created:
            answers["reported_at"] = created.isoformat()
        report = file_report(answers, channel=Channel.REPLAY, source_type=self.source).report
        started = time.perf_counter()
        matching.match_report(report.pk)
        took = time.perf_counter() - started
        placement = Placement.objects.active().get(report=report)
        self.rows[report.pk] = row["id"]
        near = placement.reasons["near"] if "near" in placement.reasons else matching.nearest(report.pk, count=RANKED)
        self.ranked.write(json.dumps({"id": row["id"], "ranked": [self.rows[pk] for pk in near[:RANKED]]}) + "\n")
        self.tell(report.pk, placement.issue_id)
        return took

    def tell(self, report_id: int, issue_id: int) -> None:
        self.write(report_id, issue_id)

    def write(self, report_id: int, group: int) -> None:
        self.events.write(json.dumps({"id": self.rows[report_id], "group": group}) + "\n")

    def end(self) -> None:
        """Nothing is left to be done."""


class Themes(Issues):
    """A run that tells in which theme each report's issue stands, with a merge pass now and then, as every night."""

    def __init__(self, *about: Any) -> None:
        super().__init__(*about)
        self.themes: dict[int, int] = {}  # report → the theme last told
        self.linked_at = datetime.min.replace(tzinfo=UTC)

    def tell(self, report_id: int, issue_id: int) -> None:
        themes.place_waiting(most=LINK_EVERY)
        self.themes[report_id] = ThemeIssue.objects.get(issue_id=issue_id).theme_id
        self.write(report_id, self.themes[report_id])
        if not len(self.rows) % LINK_EVERY:
            self.link()

    def end(self) -> None:
        self.link()

    def link(self) -> None:
        since, self.linked_at = self.linked_at, timezone.now()
        themes.link(themes.changed_themes(since=since))
        standing = Placement.objects.active().filter(issue__theme_place__isnull=False)
        for report_id, theme in standing.order_by("report_id").values_list("report_id", "issue__theme_place__theme_id"):
            if self.themes[report_id] != theme:
                self.themes[report_id] = theme
                self.write(report_id, theme)


LEVELS: dict[str, type[Issues]] = {"issue": Issues, "theme": Themes}


def summary(times: list[float]) -> str:
    ordered = sorted(times)
    p95 = ordered[max(0, -(-95 * len(ordered) // 100) - 1)]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return (
        f"{len(times)} rows replayed; grouping a report: median {statistics.median(times) * 1000:.1f} ms, "
        f"p95 {p95 * 1000:.1f} ms; peak memory {peak:.0f} MB"
    )
