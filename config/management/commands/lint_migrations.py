"""Say which migrations do more than expand."""

from importlib import import_module
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from config.expansion import breaches

OURS = ("ledger", "accounts", "reports", "triage")
# What stood before anybody ran a release: the last of each app that is not asked
BASELINE = {"ledger": 4, "accounts": 4, "reports": 23, "triage": 7}
ALLOWED = "ANSWERS_FOR"  # of a migration: {rule: why it may}


class Command(BaseCommand):
    help = (
        "Say which migrations do more than expand: old code goes on running on the new tables, and no large table is "
        f"locked while it is read through. A migration may answer for a rule in {ALLOWED} = {{rule: why}}."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--all", action="store_true", help="those before the first release, too")

    def handle(self, *args: Any, **options: Any) -> None:
        loader = MigrationLoader(connection, replace_migrations=False)
        asked = [
            key
            for key in sorted(loader.graph.nodes)
            if key[0] in OURS and (options["all"] or number(key) > BASELINE[key[0]])
        ]
        wrong = [f"{'.'.join(key)}: {breach}" for key in asked for breach in breaches_of(loader, key)]
        if wrong:
            raise CommandError("\n".join([*wrong, f"{len(wrong)} breaches in {len(asked)} migrations"]))
        self.stdout.write(f"{len(asked)} migrations only expand")


def number(key: tuple[str, str]) -> int:
    return int(key[1].partition("_")[0])


def breaches_of(loader: MigrationLoader, key: tuple[str, str]) -> list[str]:
    migration = loader.graph.nodes[key]
    allowed = getattr(import_module(migration.__module__), ALLOWED, {})
    statements = loader.collect_sql([(migration, False)])
    return list(breaches(statements, allowed=list(allowed), is_atomic=migration.atomic))
