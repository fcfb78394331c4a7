#!/usr/bin/env python
"""The command line. Without DATABASE_URL every command gets the embedded PostgreSQL for its own duration."""

import os
import signal
import sys

from django.conf import settings
from django.core.management import ManagementUtility

from config import postgres

# `up` first makes sure that it may start at all; the others never touch a database.
WITHOUT_SERVER = {"", "up", "help", "version", "compilemessages", "makemessages", "collectstatic"}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    # kill's default would end us without leaving the server; the commands that stop in a way of their own set their own
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    asks_for_help = command.startswith("-") or "--help" in sys.argv or "-h" in sys.argv
    if os.environ.get("DATABASE_URL") or command in WITHOUT_SERVER or asks_for_help:
        ManagementUtility(sys.argv).execute()
        return
    try:
        with postgres.running(settings.STATE_DIR):
            ManagementUtility(sys.argv).execute()
    except postgres.PostgresUnavailable as unavailable:
        sys.exit(str(unavailable))


if __name__ == "__main__":
    main()
