"""Keep what a model or data card says of known limitations in step with the public record."""

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import override

from accounts.policy import ANONYMOUS
from reports.cards import in_json, in_markdown, known_of
from reports.models import Artifact
from reports.naming import find_artifact, parse
from reports.record import artifacts_with_pages
from reports.text.marked import Unclear, with_block, without_block
from reports.vocabulary import ArtifactKind

LARGEST = 10_000_000  # bytes; a card is a page or two


class Command(BaseCommand):
    help = (
        "Put what the public record says of an artifact into the marked block of a card, renew it, or take it out. "
        "Nothing outside of the marks is changed; a card without them gets them at its end."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path, help="a model or data card in Markdown")
        parser.add_argument("--artifact", metavar="ORG/NAME", required=True)
        parser.add_argument("--kind", choices=ArtifactKind.values, default=ArtifactKind.MODEL)
        parser.add_argument("--release", metavar="VERSION", default="", help="only what may concern that version")
        parser.add_argument("--language", default="en", help="of the headings; titles stay as they were written")
        parser.add_argument("--machine", metavar="FILE", type=Path, help="also write the same as JSON")
        parser.add_argument("--remove", action="store_true", help="take the block out")

    def handle(self, *args: Any, **options: Any) -> None:
        artifact, release = asked_for(options["kind"], options["artifact"]), options["release"]
        path: Path = options["file"]
        stood = read(path)
        known = known_of(artifact, version=release)
        try:
            with override(options["language"]):
                stands = (
                    without_block(stood)
                    if options["remove"]
                    else with_block(stood, in_markdown(artifact, known, version=release))
                )
        except Unclear as unclear:
            raise CommandError(f"{path}: {unclear}. Nothing was changed.") from None
        if stands != stood:
            write(path, stands)
        if options["machine"]:
            told = in_json(artifact, known, version=release)
            write(options["machine"], json.dumps(told, ensure_ascii=False, indent=2) + "\n")
        done = "unchanged" if stands == stood else "removed" if options["remove"] else "updated"
        self.stdout.write(f"{path}: {done}, {known.count} on record for {artifact}")


def asked_for(kind: str, typed: str) -> Artifact:
    """The artifact of that name, as everybody sees it. Raises CommandError."""
    found = find_artifact(kind, *parse(typed))
    shown = artifacts_with_pages(ANONYMOUS).filter(pk=found.pk).first() if found else None
    if shown is None:
        raise CommandError(f"No {kind} called “{typed}” has a page here.")
    return shown


def read(path: Path) -> str:
    """The card to the letter, line ends and all. Raises CommandError."""
    try:
        if path.stat().st_size > LARGEST:
            raise CommandError(f"{path} is too large for a card.")
        return path.read_bytes().decode()
    except OSError as error:
        raise CommandError(f"Cannot read {path}: {error.strerror}.") from error
    except UnicodeDecodeError:
        raise CommandError(f"{path} is not UTF-8 text.") from None


def write(path: Path, text: str) -> None:
    """In one step: whoever reads the card meanwhile sees the old or the new one. Raises CommandError."""
    try:
        with tempfile.NamedTemporaryFile("wb", dir=path.parent, delete=False) as draft:
            draft.write(text.encode())
        Path(draft.name).chmod(path.stat().st_mode & 0o777 if path.exists() else 0o644)
        os.replace(draft.name, path)
    except OSError as error:
        raise CommandError(f"Cannot write {path}: {error.strerror}.") from error
