"""Group anew by another method what no person has touched, or show what that would change."""

from argparse import ArgumentParser
from collections import defaultdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from triage.methods import named
from triage.regrouping import Change, regroup

LISTED = 50  # lines of the list; the counts are of all


class Command(BaseCommand):
    help = (
        "Replay grouping by a method for the reports of issues that no person has touched, oldest first, and move "
        "those that it puts elsewhere. May be stopped and run again, and run while the site works."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--method", required=True, metavar="NAME", help="fitted here or shipped, as lexical-2")
        parser.add_argument("--dry-run", action="store_true", help="write nothing, only tell what would change")
        parser.add_argument("--most", type=int, metavar="N", help="look at no more than so many reports")
        parser.add_argument("--after", type=int, default=0, metavar="ID", help="go on after the report of this id")

    def handle(self, *, method: str, dry_run: bool, most: int | None, after: int, **_options: Any) -> None:
        try:
            by = named(method)
        except KeyError as missing:
            raise CommandError(f"There is no method called {method}.") from missing
        looked_at, last, changes = 0, after, []
        for report_id, change in regroup(by, after=after, most=most, dry_run=dry_run):
            looked_at, last = looked_at + 1, report_id
            if change:
                changes.append(change)
        self.tell(changes, looked_at, dry_run=dry_run)
        if most is not None and looked_at == most:
            self.stdout.write(f"To go on: --after {last}")

    def tell(self, changes: list[Change], looked_at: int, *, dry_run: bool) -> None:
        moved = "would move" if dry_run else "moved"
        split = {change.entered for change in changes if change.opens}
        joined: dict[int, set[int]] = defaultdict(set)
        for change in changes:
            if not change.opens:
                joined[change.entered].add(change.left)
        self.stdout.write(
            f"{looked_at} reports looked at. {len(changes)} {moved}: {len(joined)} issues joined by others' reports, "
            f"{len(split)} issues opened."
        )
        for change in changes[:LISTED]:
            entered = "a new issue" if change.entered < 0 else f"issue {change.entered}"
            self.stdout.write(f"  {change.report.reference}: issue {change.left} to {entered}")
        if len(changes) > LISTED:
            self.stdout.write(f"  … and {len(changes) - LISTED} more")
