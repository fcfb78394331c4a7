"""What a reporter does to their own report is said aloud: to the log, to those it concerns, to other apps."""

from django.db import transaction

from accounts.policy import Actor
from ledger.record import record
from reports.models import Issue, Report
from reports.notices import tell
from reports.signals import report_changed


def speak(verb: str, report: Report, issue: Issue | None, *, actor: Actor, **content: int | str) -> None:
    """Call it in the transaction of the act, after its rows are changed. Other apps hear of it after commit."""
    tell(record(verb, *([issue] if issue else []), report, actor=actor.pseudonym, **content))
    transaction.on_commit(lambda: report_changed.send(Report, report_id=report.pk, verb=verb))
