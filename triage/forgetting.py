"""What triage keeps of a report goes when the report is erased, in the same transaction. Heard by `triage.apps`."""

from collections.abc import Iterable
from typing import Any

from django.db import connection
from django.db.models import Q

from reports.echoes import REMOVED, plain_title, without
from reports.models import Issue, Placement, Report
from reports.text.quoting import Said
from triage import embeddings, sealing
from triage.locks import INDEX, lock_family
from triage.models import Bulk, Decision, Suggestion

LOCK_INDEX = "SELECT pg_advisory_xact_lock(%s, 0)"


def make_way(report: Report) -> None:
    """Take the locks that have to be taken before those of issues: of the index, then of families, ascending.

    Whoever changes the index holds nothing else and waits for nobody else's, so nobody waits in a ring.
    """
    placed = Issue.objects.filter(placements__report=report).values_list("family_id", flat=True)
    with connection.cursor() as cursor:
        cursor.execute(LOCK_INDEX, [INDEX])
    for family_id in sorted({report.artifact.family_id or report.artifact_id, *placed}):
        lock_family(family_id)


def forget(report: Report, said: Said) -> None:
    """Take it out of the index and of all vectors, and its words out of what decisions remember."""
    forget_terms(report.pk)
    Suggestion.objects.filter(report=report).update(reasons={})
    issues = list(Issue.objects.filter(pk__in=Placement.objects.filter(report=report).values("issue")))
    about_it = Q(issue__in=issues) | Q(report=report) | Q(artifact=report.artifact_id)
    of_many = Q(signal__isnull=False, issue=None)  # what was judged of a theme or a cell, whose reports nobody names
    decided = Decision.objects.filter(about_it | of_many).select_related("issue__family")
    for decision in decided.order_by("pk").iterator():
        _forget_in(decision, said)
    _forget_in_bulks(issues, said)


def forget_terms(report_id: int) -> None:
    sealing.forget(report_id)
    embeddings.forget([report_id])


def _forget_in(decision: Decision, said: Said) -> None:
    """What it put back on undoing is what stands on the issue now, so that it can be undone still."""
    instead = {"public_title": plain_title(decision.issue) if decision.issue else REMOVED, "public_summary": ""}
    kept: dict[str, Any] = {
        "before": without(decision.before, said, instead),
        "after": without(decision.after, said, instead),
        "note": REMOVED if said.in_(decision.note) else decision.note,
    }
    changed = {name: value for name, value in kept.items() if value != getattr(decision, name)}
    if changed:
        Decision.objects.filter(pk=decision.pk).update(**changed)


def _forget_in_bulks(issues: Iterable[Issue], said: Said) -> None:
    """What was filled in for many at once, and why some were left alone."""
    for bulk in Bulk.objects.filter(issue_ids__overlap=[issue.pk for issue in issues]):
        told = without(bulk.told, said, {})
        if told != bulk.told:
            Bulk.objects.filter(pk=bulk.pk).update(told=told)
