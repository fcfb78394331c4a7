"""Showing what is kept from people until they ask: hazardous reports, redacted words, files. Each time is an event."""

from django.db import transaction

from accounts.models import User
from ledger.record import record
from reports.models import Issue, Report

REVEAL = "reveal"


def reveal(report: Report, *, by: User, issue: Issue | None = None) -> None:
    """Put on record that ``by`` asked to be shown the report, met in ``issue``. Ids only; nothing is decided by it."""
    with transaction.atomic():
        record(REVEAL, report, *([issue] if issue else []), actor=by.pseudonym)


def reveal_files(report: Report, *, by: User, issue: Issue | None = None, count: int) -> None:
    """Put on record that ``by`` asked for the files beside the report: how many, and nothing of them."""
    with transaction.atomic():
        record(REVEAL, report, *([issue] if issue else []), actor=by.pseudonym, files=count)
