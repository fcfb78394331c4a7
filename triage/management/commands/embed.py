"""Have the embedder read every report now, rather than sweep by sweep."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from reports.importers.progress import Progress
from triage import embeddings
from triage.embedders.protocol import EmbedderUnavailable
from triage.models import EmbeddingSpace


class Command(BaseCommand):
    help = (
        "Encode the reports that the embedder named in EMBEDDER has not read yet; when it has read all, its vectors "
        "count in grouping. May be stopped and run again, and run while the site works."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--afresh", action="store_true", help="throw its vectors away first and read all again")
        parser.add_argument(
            "--forget-others", action="store_true", help="throw away the vectors of embedders that are not set"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["afresh"]:
                embeddings.drop(embeddings.switch_on()[1])
            embeddings.switch_on()
            space = self.catch_up()
        except EmbedderUnavailable as reason:
            raise CommandError(str(reason)) from reason
        others = EmbeddingSpace.objects.exclude(pk=space.pk)
        if options["forget_others"]:
            for other in others:
                embeddings.drop(other)
        self.close(space, list(others))

    def catch_up(self) -> EmbeddingSpace:
        done, total = embeddings.progress()
        bar = Progress(total, sys.stderr)

        def told(count: int) -> None:
            nonlocal done
            done += count
            bar.at(done)

        try:
            return embeddings.catch_up(told=told)
        finally:
            bar.clear()

    def close(self, space: EmbeddingSpace, others: list[EmbeddingSpace]) -> None:
        seen, held = embeddings.table_of(space).counts()
        self.stdout.write(f"{space.embedder}: {held} reports have vectors, and count in grouping.")
        if seen > held:
            self.stdout.write(f"{seen - held} hold no text in a language it reads, and are compared by their words.")
        for other in others:
            self.stdout.write(f"The vectors of {other.embedder} are kept; --forget-others throws them away.")
