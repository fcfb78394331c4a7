"""The end of embargoes: what people agreed on takes effect, once it is certain that its time has come.

The one act that no person makes when it happens: people made it when they set the end. It stores that the embargo is
over, publishes what people decided to be published then, and closes and hides nothing.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import F

from accounts.policy import SYSTEM
from ledger.record import record
from reports.models import Issue, Report, Stub
from reports.models.embargo import under_embargo
from reports.notices import tell
from reports.published import refresh, refresh_quoting
from reports.vocabulary import Status
from triage.locks import lock_issues
from triage.publication import reports_in
from triage.timekeeping import Reading, certain_time

AT_ONCE = 200  # issues, and reports, one sweep lifts: what is left is the next one's


def lift_due(reading: Reading | None = None) -> int:
    """Lift what has ended for certain; how many issues and reports that were. Safe to repeat, and by many at once."""
    time = certain_time(reading)
    if time is None:
        return 0
    due = Issue.objects.filter(under_embargo(), embargo_until__lte=time).order_by("embargo_until", "pk")
    lifted = sum(_lift_issue(pk, time) for pk in due.values_list("pk", flat=True)[:AT_ONCE])
    return lifted + _lift_reports(time)


def _lift_issue(pk: int, time: datetime) -> int:
    """In one transaction with all that follows, unless somebody was faster, or put its end later meanwhile."""
    with transaction.atomic():
        issue = lock_issues([pk])[pk]
        if not issue.embargo_end or issue.embargo_end > time:
            return 0
        issue.embargo_lifted_at = time
        is_told = issue.publishes_at_end and issue.status in (Status.CONFIRMED, Status.RESOLVED)
        if is_told and issue.published_at is None and issue.public_title:
            issue.published_at, issue.withdrawn_at = time, None
        issue.publishes_at_end = False
        issue.save(
            update_fields=["embargo_lifted_at", "published_at", "withdrawn_at", "publishes_at_end", "changed_at"]
        )
        Issue.objects.filter(pk=pk).update(revision=F("revision") + 1)
        end_stubs(issue, at=time)
        reports = reports_in(issue).filter(under_embargo(), embargo_until__lte=time).order_by("pk")
        freed = _free(reports.values_list("pk", flat=True), time)
        told = {"number": issue.number, "status": issue.status, "published": issue.is_public}
        tell(record("lift", issue, *freed, actor=SYSTEM.pseudonym, **told))
        refresh([pk])
        refresh_quoting(report.pk for report in freed)
    return 1


def _lift_reports(time: datetime) -> int:
    """Of what stands in issues without one: words that their reporters kept back until now may be chosen."""
    due = Report.objects.filter(under_embargo(), embargo_until__lte=time).order_by("pk")
    with transaction.atomic():
        freed = _free(due.values_list("pk", flat=True)[:AT_ONCE], time)
        for report in freed:
            record("lift", report, actor=SYSTEM.pseudonym)
        refresh_quoting(report.pk for report in freed)
    return len(freed)


def _free(due: Iterable[int], at: datetime) -> list[Report]:
    """Those of the reports whose embargo held until now, their rows locked; each is lifted once."""
    locked = Report.objects.select_for_update(of=["self"]).filter(under_embargo(), pk__in=list(due)).order_by("pk")
    freed = list(locked)
    Report.objects.filter(pk__in=[report.pk for report in freed]).update(embargo_lifted_at=at)
    return freed


def end_stubs(issue: Issue, *, at: datetime) -> None:
    """What announced a page goes when the page stands."""
    if issue.is_public:
        Stub.objects.filter(issue=issue, ended_at=None).update(ended_at=at)
