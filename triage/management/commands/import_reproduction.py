"""Record what came of running the exported cases of an issue."""

from pathlib import Path
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from reports.importers.results import READERS, results_in
from reports.importers.sources import Source, Unreadable
from reports.management.commands.import_reports import opened, printable
from reports.models import Issue
from triage.moves.answering import TriedAlready
from triage.reproducing import chosen, record


class Command(BaseCommand):
    help = (
        "Record FILE, the result of running the cases of an issue, as a reproduction: k failures of n tries. "
        "The same result is recorded once, however often it is imported."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument("--issue", metavar="TT-…", required=True, help="the number of the issue")
        parser.add_argument("--format", required=True, choices=sorted(READERS), help="what wrote the file")
        parser.add_argument("--by", metavar="EMAIL", required=True, help="the account that tried it: one that decides")
        parser.add_argument("--tried-version", metavar="VERSION", default="", help="which version of it was tried")
        parser.add_argument(
            "--artifact", metavar="ORG/NAME", default="", help="what was tried, if the file calls it otherwise"
        )
        parser.add_argument("--scorer", metavar="NAME", default="", help="the one scorer of an evaluation to go by")

    def handle(self, *args: Any, **options: Any) -> None:
        issue = Issue.objects.filter(number=options["issue"]).first()
        by = User.objects.filter(email__iexact=options["by"], is_active=True).first()
        if issue is None:
            raise CommandError(f"There is no issue {printable(options['issue'])}.")
        if by is None:
            raise CommandError(f"There is no account {printable(options['by'])}.")
        with opened(options["file"]) as stream:
            try:
                found = results_in(Source(stream, name=str(options["file"])), *self.asked(options))
                result = chosen(found, options["artifact"])
                made = record(issue, result, by=by, artifact=options["artifact"], version=options["tried_version"])
            except TriedAlready as known:
                self.stdout.write(f"Already here: {printable(str(known.messages[0]))}")
                return
            except Unreadable as refusal:
                raise CommandError(printable(str(refusal))) from refusal
            except ValidationError as refusal:
                raise CommandError(printable(" ".join(refusal.messages))) from refusal
            except PermissionDenied as refusal:
                raise CommandError(f"{printable(options['by'])} may not decide on issues.") from refusal
        told = f"{issue.number}: {made.artifact} {made.version} failed {made.failures} of {made.tries}"
        self.stdout.write(printable(told))

    def asked(self, options: dict[str, Any]) -> tuple[str, str, str]:
        return options["format"], options["issue"], options["scorer"]
