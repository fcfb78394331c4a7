"""D0: a designated harm is told to a person after one credible report, whatever the counts.

Imports are the past of somewhere else: thousands of them come at once, and none of them asks for a person tonight.
"""

from collections import defaultdict
from collections.abc import Collection
from datetime import UTC

from django.db.models import Q, QuerySet

from reports.models import Placement, Signal
from triage.signals.finding import Finding
from triage.signals.series import LIVE, NAMED, NO_NEWS
from triage.surveillance.severity import Account, gravity

METHOD = "severity-1"
# Every line of the list asks for one of these: what has none of them need not be read.
CAN_BE = ~Q(report__harm_occurred__in=["", "no", "unsure"]) | Q(report__hazard_level__gt=0)


def findings(issue_ids: Collection[int]) -> list[Finding]:
    """Of some issues, those with a designated harm."""
    accounts: dict[int, list[Account]] = defaultdict(list)
    for placement in _placed(issue_ids):
        report = placement.report
        accounts[placement.issue_id].append(
            Account(
                report=report.pk,
                kind=report.kind,
                harm=report.harm_occurred,
                context=report.context_of_use,
                hazard=report.hazard_level,
                reported_on=report.reported_at.astimezone(UTC).date(),
                is_credible=report.held_at is None and report.withdrawn_at is None and report.erased_at is None,
            )
        )
    return [found for issue_id, told in sorted(accounts.items()) if (found := _finding(issue_id, told))]


def _placed(issue_ids: Collection[int]) -> "QuerySet[Placement]":
    """The reports of issues that were not dismissed as spam or anything else."""
    placed = Placement.objects.active().filter(issue__in=issue_ids, issue__status__in=LIVE)
    return placed.exclude(report__channel__in=NO_NEWS).filter(CAN_BE).select_related("report")


def _finding(issue_id: int, accounts: list[Account]) -> Finding | None:
    found = gravity(accounts)
    if found is None:
        return None
    because = found.because
    return Finding(
        detector=Signal.Detector.SEVERITY,
        subject=f"issue:{issue_id}",
        method=METHOD,
        tier="alarm",
        observed=len(found.reports),
        expected=0,
        since=found.since,
        issue=issue_id,
        statistics={
            "because": {
                "kind": because.kind,
                "harm": because.harm,
                "context": because.context,
                "least_hazard": because.least_hazard,
            },
            "report_ids": list(found.reports[:NAMED]),
        },
    )
