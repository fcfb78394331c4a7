"""Doorbells: fetch by id, call the verb, go. The sweep serves what was not rung."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from reports.idempotency import forget_answers
from reports.models import Report
from reports.voices import throw_salts_away
from triage import embeddings, index, matching

SWEEP_AFTER = timedelta(seconds=5)  # by then the bell would have rung
SWEEP_AT_MOST = 500  # reports one sweep takes on, well within a task's minute


@shared_task(ignore_result=True)
def match_report(*report_ids: int) -> None:
    """Several if they were rung for at once. If one fails, the sweep serves those after it."""
    for report_id in report_ids:
        matching.match_report(report_id)


@shared_task(ignore_result=True)
def sweep() -> None:
    """Group what nobody rang for, oldest first; throw away yesterday's salts and answers; keep the vectors complete."""
    waiting = Report.objects.ungrouped().filter(filed_at__lte=timezone.now() - SWEEP_AFTER).order_by("pk")
    for report_id in waiting.values_list("pk", flat=True)[:SWEEP_AT_MOST]:
        match_report.apply((report_id,))  # as a task of its own: one that fails is logged, and holds up no other
    throw_salts_away()
    forget_answers()
    index.maintain()
    embeddings.maintain()
