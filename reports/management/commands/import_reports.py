"""File what another tool wrote down."""

import json
import sys
import tomllib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from django.core.management.base import BaseCommand, CommandError, CommandParser

from reports.importers import FORMATS, found_in
from reports.importers.distinct import Failures
from reports.importers.intake import Outcome, Taken, take
from reports.importers.options import HIGH, LOW, BadOption, Options
from reports.importers.progress import Progress
from reports.importers.sources import Source, Unreadable
from reports.importers.units import Unit


class Command(BaseCommand):
    help = (
        "File the reports that FILE holds. Each is filed in a transaction of its own and known again by its source's "
        "key, so a stopped import can be run again. Exits with 1 if anything was rejected."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument("--format", required=True, choices=sorted(FORMATS), help="what wrote the file")
        parser.add_argument(
            "--artifact",
            metavar="ORG/NAME",
            default="",
            help="what the reports are about, in place of what the file says",
        )
        parser.add_argument(
            "--mapping", metavar="FILE", type=Path, help="which column of a CSV is which answer, as JSON or TOML"
        )
        parser.add_argument("--scorer", metavar="NAME", default="", help="the one scorer of an evaluation to look at")
        parser.add_argument(
            "--fails", choices=[LOW, HIGH], default="", help="which scores are failures; low unless said"
        )
        parser.add_argument("--threshold", type=float, help="the score from which on, or below which, it failed; 0.5")
        parser.add_argument("--dry-run", action="store_true", help="say what would be filed, and file nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        self.dry_run: bool = options["dry_run"]
        self.failures = Failures()
        tally: Counter[Outcome] = Counter()
        with opened(options["file"]) as stream:
            source = Source(stream, name=str(options["file"]))
            self.progress = Progress(source.size, sys.stderr)
            source.watch = self.progress.at
            try:
                for taken in take(found_in(source, options["format"], said(options)), dry_run=self.dry_run):
                    tally[taken.outcome] += 1
                    self.tell(taken, source.counted_by)
            except Unreadable as refusal:
                raise CommandError(str(refusal)) from refusal
            except BadOption as refusal:
                raise CommandError(f"--{refusal.name} {refusal}") from refusal
        self.close(tally)

    def tell(self, taken: Taken, counted_by: str) -> None:
        """Say what is not as usual: a rejection, and in a rehearsal what would be filed."""
        place = f"{counted_by} {taken.found.line}"
        if taken.outcome is Outcome.REJECTED:
            self.say(f"{place}: {taken.reason}")
        elif taken.outcome is Outcome.FILED and self.dry_run and isinstance(taken.found, Unit):
            answers = taken.found.answers
            self.failures.add(answers)
            self.say(f"{place}: would file “{answers.get('summary')}” on {answers.get('artifact')}")

    def say(self, words: str) -> None:
        self.progress.clear()
        self.stdout.write(printable(words))

    def close(self, tally: Counter[Outcome]) -> None:
        self.progress.clear()
        filed, already_here, rejected = tally[Outcome.FILED], tally[Outcome.ALREADY_HERE], tally[Outcome.REJECTED]
        if not (filed or already_here or rejected):
            self.say("No failures found: nothing to file.")
        if self.dry_run:
            self.say(f"Nothing was filed; {filed} would be, about {self.failures.new} of them failures not known yet.")
            filed = 0
        self.stdout.write(f"read {tally.total()}, filed {filed}, already here {already_here}, rejected {rejected}")
        if rejected:
            sys.exit(1)


def said(options: Mapping[str, Any]) -> Options:
    """The options that speak of the file."""
    plain = {name: options[name] for name in ("artifact", "scorer", "fails", "threshold")}
    return Options.of(plain | {"mapping": mapping_in(options["mapping"]) if options["mapping"] else None})


def mapping_in(path: Path) -> dict[str, Any]:
    """The document of a mapping. Raises :class:`BadOption` if it cannot be read as one."""
    try:
        content = path.read_text(encoding="utf-8-sig")  # editors of tables write its mark
    except (OSError, UnicodeDecodeError) as error:
        raise BadOption("mapping", f"{path} cannot be read: {error}.") from error
    try:
        mapping = json.loads(content) if content.lstrip().startswith("{") else tomllib.loads(content)
    except (ValueError, RecursionError) as error:
        raise BadOption("mapping", f"{path} is neither JSON nor TOML: {error}.") from error
    return dict(mapping)


def opened(path: Path) -> BinaryIO:
    """The file, open at its start. Raises :class:`CommandError` if it cannot be."""
    try:
        stream = path.open("rb")
        stream.peek()
    except OSError as error:
        raise CommandError(f"Cannot read {path}: {error.strerror}.") from error
    return stream


def printable(words: str) -> str:
    """Words of a file as a terminal may show them: what would steer it is written out."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape", "surrogatepass").decode() for char in words
    )
