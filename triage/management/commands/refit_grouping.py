"""Fit grouping to what people here decided, and keep it if it is no less precise on the newest decisions."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from reports.importers.progress import Progress
from triage.learning import LEAST, Measure, Pairs, adopt, gathered, refit
from triage.methods import embedder_at_work, put_in_force

HEAD = f"{'':8}{'precision':>11}{'recall':>9}{'log loss':>11}{'pairs':>8}"


class Command(BaseCommand):
    help = (
        "Fit the weights of grouping to people's decisions, measure them on the newest 30 in 100 of those, and put "
        "them in force as a new version if the joins are no less precise. What was grouped stays: see regroup."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only print what would come of it")
        parser.add_argument("--least", type=int, default=LEAST, metavar="N", help=f"decisions it takes ({LEAST})")
        parser.add_argument("--use", metavar="METHOD", help="fit nothing; put a method that is there back in force")

    def handle(self, *, dry_run: bool, least: int, use: str | None, **_options: Any) -> None:
        if use:
            self.go_back_to(use)
            return
        by_words, by_meaning = self.gather()
        self.fit(by_words, by_meaning=False, least=least, dry_run=dry_run)
        if embedder_at_work(by_meaning=True):
            self.fit(by_meaning, by_meaning=True, least=least, dry_run=dry_run)

    def go_back_to(self, name: str) -> None:
        try:
            put_in_force(name)
        except KeyError as missing:
            raise CommandError(f"There is no method called {name}.") from missing
        self.stdout.write(f"{name} is in force.")

    def gather(self) -> tuple[Pairs, Pairs]:
        bar: Progress | None = None

        def told(done: int, total: int) -> None:
            nonlocal bar
            bar = bar or Progress(total, sys.stderr)
            bar.at(done)

        pairs = gathered(told=told)
        if bar:
            bar.clear()
        return pairs

    def fit(self, pairs: Pairs, *, by_meaning: bool, least: int, dry_run: bool) -> None:
        found = refit(pairs, by_meaning=by_meaning, least=least)
        what = "By words and meaning" if by_meaning else "By words"
        self.stdout.write(f"{what}: {found.pairs} pairs from {found.decisions} decisions; rarities are today's.")
        if found.before and found.after:
            self.stdout.write("\n".join([HEAD, row("before", found.before), row("after", found.after)]))
        if found.method is None:
            self.stdout.write(f"No new version. {found.why}")
        elif dry_run:
            self.stdout.write(f"Dry run: {found.method.name} would be put in force.")
        else:
            adopt(found.method)
            self.stdout.write(f"{found.method.name} is in force. What is grouped stays as it is; see regroup.")


def row(name: str, measure: Measure) -> str:
    shares = (f"{'–' if share is None else format(share, '.3f')}" for share in (measure.precision, measure.recall))
    precision, recall = shares
    return f"{name:8}{precision:>11}{recall:>9}{measure.log_loss:>11.3f}{measure.pairs:>8}"
