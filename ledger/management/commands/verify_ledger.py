"""Recompute the ledger, and say whether it is what was signed."""

from argparse import ArgumentParser
from base64 import b64encode
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ledger.verification import Broken, verify
from ledger.verifier import Checkpoint, Refuted


class Command(BaseCommand):
    help = "Recompute the ledger. Exits with 1 and names the first bad event if something in it was changed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--since", metavar="FILE", type=Path, help="a checkpoint that was kept elsewhere")

    def handle(self, *, since: Path | None, **_options: Any) -> None:
        try:
            kept = Checkpoint.read(since.read_text()) if since else None
            verdict = verify(kept)
        except (OSError, UnicodeDecodeError, Refuted) as refusal:
            raise CommandError(str(refusal)) from None
        except Broken as found:
            raise CommandError(f"The ledger is not what it was. First bad event: {found}") from None
        told = f"ledger verified: {verdict.size} events, root {b64encode(verdict.root).decode()}"
        self.stdout.write(told + (f" ({verdict.unread} of them erased)" if verdict.unread else ""))
