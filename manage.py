#!/usr/bin/env python
"""The command line. Without DATABASE_URL every command gets the embedded PostgreSQL for its own duration."""

import os
import signal
import sys
from contextlib import nullcontext
from pathlib import Path

from django.conf import settings
from django.core.management import execute_from_command_line

from config import postgres

# `up` first makes sure that it may start at all; the others never touch a database.
WITHOUT_SERVER = {"up", "help", "version", "compilemessages", "makemessages", "collectstatic", "run"}

# Of these nobody means a site that they would be the first to make, unless they say where it is to be.
OF_A_SITE = {
    "apply_retention",
    "audit_bundle",
    "backup",
    "card",
    "doctor",
    "drill",
    "dump",
    "embed",
    "grant",
    "import_reports",
    "import_reproduction",
    "reapply_erasures",
    "refit_grouping",
    "regroup",
    "reprioritise",
    "rotate_evidence_keys",
    "seal_evidence",
    "trust_clock",
    "verify_ledger",
}
# And of these not even then: what they would say of an empty site, somebody would believe of theirs.
OF_WHAT_STANDS = {"backup", "doctor", "drill"}

MAKING_TABLES = {"migrate", "makemigrations", "check", "restore"}


def needs_server(words: list[str]) -> bool:
    asks_for_help = not words or words[0].startswith("-") or "--help" in words or "-h" in words
    return not (os.environ.get("DATABASE_URL") or asks_for_help or words[0] in WITHOUT_SERVER)


def needs_tables(words: list[str]) -> bool:
    """Whether a command on a state folder that was never used first makes its tables."""
    return needs_server(words) and words[0] not in MAKING_TABLES


def misses_its_site(words: list[str], state_dir: Path) -> bool:
    """Whether a command about a site would make one, by somebody who forgot to name theirs, or misspelt it."""
    if not needs_server(words) or words[0] not in OF_A_SITE:
        return False
    is_named = "STATE_DIR" in os.environ and words[0] not in OF_WHAT_STANDS
    return not is_named and not postgres.is_made(state_dir)


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    # The default of SIGTERM would end us without leaving the server. A command that stops in its own way sets its own.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        state_dir = settings.STATE_DIR
    except (OSError, ValueError) as error:  # a key file of somebody else, or a variable that is no yes or no
        sys.exit(f"The settings cannot be read: {error}")
    if misses_its_site(sys.argv[1:], state_dir):
        sys.exit(f"There is no site in {state_dir}. Give STATE_DIR or DATABASE_URL as the site has them.")
    try:
        with postgres.running(state_dir) if needs_server(sys.argv[1:]) else nullcontext():
            if needs_tables(sys.argv[1:]) and postgres.is_empty(state_dir):
                execute_from_command_line([sys.argv[0], "migrate", "--verbosity", "0"])
            execute_from_command_line(sys.argv)
    except postgres.PostgresUnavailable as unavailable:
        sys.exit(str(unavailable))


if __name__ == "__main__":
    main()
