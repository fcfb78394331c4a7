"""Write a bundle of the ledger that verifies without the site: of an issue, an artifact, a person or some days."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import Role
from accounts.policy import SYSTEM, Actor
from reports.exporters.archive import archived
from triage.audit.asked import AuditForm
from triage.audit.opened import TooMany, files_of
from triage.audit.taken import note_taken

ASKED = ("issue", "artifact", "by", "act", "since", "until")


class Command(BaseCommand):
    help = "Write what an auditor may read, with its proofs, into FILE. ledger/verifier.py checks it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)
        for name in ASKED:
            parser.add_argument(f"--{name}", default="", help=str(AuditForm.base_fields[name].label))

    def handle(self, *, file: Path, **options: Any) -> None:
        form = AuditForm({name: options[name] for name in ASKED})
        if not form.is_valid():
            raise CommandError(" ".join(f"{name}: {' '.join(map(str, said))}" for name, said in form.errors.items()))
        reader = Actor(pseudonym=SYSTEM.pseudonym, roles=frozenset({Role.AUDITOR}))  # as auditors read: without words
        try:
            files = files_of(form, reader)
            if files is None:
                raise CommandError("Nothing of the kind is signed.")
            with file.open("xb") as archive:
                archive.writelines(archived(files))
            note_taken(form, "bundle", by=reader.pseudonym)
        except (OSError, TooMany) as refusal:
            raise CommandError(str(refusal)) from None
        self.stdout.write(f"wrote {file}: check it with ledger/verifier.py bundle {file}")
