"""What spoiled texts cost, measured through the real filing and grouping. Runs where Django is set up, see site.py.

Every change is tried at the moment its report arrives, in a transaction that is taken back, so that each is compared
with the same earlier reports as the clean text.
"""

import json
import random
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from django.db import transaction

from bench.quality.finding import with_earlier_mate
from bench.quality.hardship import CHANGES, mistyped
from bench.quality.streams import read
from reports.filing import file_report
from reports.models import Placement, Report
from reports.vocabulary import Channel
from triage import matching
from triage.bell import bell
from triage.management.commands.replay import answers_of, scratch_database

SEED = 11
NAMED = 10  # earlier reports a query is answered with
COPIES = 100
COPIED = 5  # reports they are copies of
COPIED_LENGTH = range(300, 1_000)  # characters: long enough to be told apart, short enough to be read whole


def filed(row: dict[str, Any], stream: str) -> Report:
    report = file_report(answers_of(row, stream), channel=Channel.REPLAY).report
    matching.match_report(report.pk)
    return report


def measure(path: Path, *, queries: int) -> dict[str, Any]:
    """Recall@10 of the same queries clean and spoiled, and what becomes of 100 noisy copies."""
    rows, stream = read(path), path.name.removesuffix(".jsonl")
    groups = [str(row["group"]) for row in rows]
    chance = random.Random(SEED)
    candidates = with_earlier_mate(groups)
    asked = frozenset(chance.sample(candidates, k=min(queries, len(candidates))))
    hits: Counter[str] = Counter()
    with bell.muted(), scratch_database():
        members: defaultdict[str, set[int]] = defaultdict(set)
        for at, row in enumerate(rows):
            if at in asked:
                mates = members[groups[at]]
                for name, spoiled in {"clean": row, **spoilt(chance, row)}.items():
                    hits[name] += bool(mates.intersection(asked_with(spoiled, stream)))
            members[groups[at]].add(filed(row, stream).pk)
        copied = copies(chance, rows, stream)
    return {"queries": len(asked), "recall_10": {name: hits[name] / len(asked) for name in hits}, "copies": copied}


def spoilt(chance: random.Random, row: dict[str, Any]) -> dict[str, dict[str, Any]]:
    title = row.get("title") or ""
    body = row.get("body") or title
    told: dict[str, dict[str, Any]] = {}
    for name, change in CHANGES.items():
        new_title, new_body = change(chance, title, body)
        told[name] = {**row, "title": new_title, "body": new_body}
    return told


def asked_with(row: dict[str, Any], stream: str) -> list[int]:
    """The reports most like a text, which leaves no trace."""
    with transaction.atomic():
        named = matching.nearest(filed(row, stream).pk, count=NAMED)
        transaction.set_rollback(True)
    return named


def copies(chance: random.Random, rows: tuple[dict[str, Any], ...], stream: str) -> dict[str, Any]:
    """File noisy copies of the last reports of middling length: how many were caught as copies of theirs.

    Of several, for what a report is made of decides: a number typed wrong is another number.
    """
    fitting = [row for row in reversed(rows) if len(row.get("body") or "") in COPIED_LENGTH]
    told: Counter[str] = Counter()
    for template in (fitting or list(rows[-1:]))[:COPIED]:
        told.update(copies_of(template, chance, stream))
    return dict(told)


def copies_of(template: dict[str, Any], chance: random.Random, stream: str) -> dict[str, int]:
    first = filed(template, stream)
    made = []
    for _ in range(COPIES // COPIED):
        noisy = {name: mistyped(chance, template.get(name) or "") for name in ("title", "body")}
        made.append(filed({**template, **noisy}, stream).pk)
    first.refresh_from_db()
    placed = Placement.objects.active().filter(report__in=made)
    home = Placement.objects.active().get(report=first).issue_id
    return {
        "filed": len(made),
        "same_voice": Report.objects.filter(pk__in=made, voice_key=first.voice_key).count(),
        "same_issue": placed.filter(issue_id=home).count(),
        "issues": placed.values("issue_id").distinct().count(),
    }


def main(words: list[str]) -> None:
    """Prints the measurement of FILE with so many queries as one line of JSON."""
    path, queries = words
    sys.stdout.write(json.dumps(measure(Path(path), queries=int(queries))) + "\n")
