"""File what another tool wrote down."""

import os
import sys
from collections import Counter
from io import BufferedReader
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from accounts.policy import SYSTEM
from reports.filing import AlreadyFiled, Refused, file_report
from reports.importers import FORMATS
from reports.importers.lines import JsonLines, is_text
from reports.importers.progress import Progress
from reports.importers.units import Found, Passed, Rejected, Unit
from reports.naming import parse
from reports.vocabulary import Channel

FILED, ALREADY_HERE, REJECTED, PASSED = "filed", "already here", "rejected", "passed"


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
        parser.add_argument("--dry-run", action="store_true", help="say what would be filed, and file nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        artifact: str = options["artifact"]
        if artifact and not all(parse(artifact)):
            raise CommandError(f"--artifact takes ORG/NAME, and “{artifact}” is not that.")
        self.dry_run: bool = options["dry_run"]
        tally: Counter[str] = Counter()
        with opened(options["file"]) as stream:
            lines = JsonLines(stream)
            self.progress = Progress(os.fstat(stream.fileno()).st_size, sys.stderr)
            for found in FORMATS[options["format"]](lines, artifact=artifact):
                tally[self.take(found)] += 1
                self.progress.at(lines.bytes_read)
        self.close(tally)

    def take(self, found: Found) -> str:
        """File one thing found, and say what became of it."""
        match found:
            case Passed():
                return PASSED
            case Rejected():
                return self.reject(found)
            case Unit():
                return self.file(found)

    def file(self, unit: Unit) -> str:
        try:
            with transaction.atomic():
                file_report(
                    unit.answers,
                    channel=Channel.IMPORT,
                    actor=SYSTEM,
                    author=unit.author,
                    source_type=unit.source_type,
                )
                transaction.set_rollback(self.dry_run)  # a rehearsal goes through the same door
        except AlreadyFiled:
            return ALREADY_HERE
        except Refused as refusal:
            return self.reject(Rejected(unit.line, reasons(refusal)))
        if self.dry_run:
            self.say(f"line {unit.line}: would file “{unit.answers.get('summary')}” on {unit.answers.get('artifact')}")
        return FILED

    def reject(self, rejected: Rejected) -> str:
        self.say(f"line {rejected.line}: {rejected.reason}")
        return REJECTED

    def say(self, words: str) -> None:
        self.progress.clear()
        self.stdout.write(printable(words))

    def close(self, tally: Counter[str]) -> None:
        self.progress.clear()
        if not (tally[FILED] or tally[ALREADY_HERE] or tally[REJECTED]):
            self.say("No failures found: nothing to file.")
        if self.dry_run:
            self.say(f"Nothing was filed; {tally[FILED]} would be.")
        filed = 0 if self.dry_run else tally[FILED]
        self.stdout.write(
            f"read {tally.total()}, filed {filed}, already here {tally[ALREADY_HERE]}, rejected {tally[REJECTED]}"
        )
        if tally[REJECTED]:
            sys.exit(1)


def opened(path: Path) -> BufferedReader:
    """The file, open at its start. Raises :class:`CommandError` if it cannot be read as text."""
    try:
        stream = path.open("rb")
        head = stream.peek()
    except OSError as error:
        raise CommandError(f"Cannot read {path}: {error.strerror}.") from error
    if not is_text(head):
        stream.close()
        raise CommandError(f"{path} is not UTF-8 text.")
    return stream


def reasons(refusal: Refused) -> str:
    """Why a report was refused, field by field, in one line."""
    sentences = [": ".join(filter(None, [field, " ".join(said)])) for field, said in refusal.errors.items()]
    return "; ".join(sentences)


def printable(words: str) -> str:
    """Words of a file as a terminal may show them: what would steer it is written out."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape", "surrogatepass").decode() for char in words
    )
