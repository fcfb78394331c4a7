"""Doorbells: fetch by id, call the verb, go. The sweep serves what was not rung."""

import random
import time
from contextlib import suppress
from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from accounts.sessions import forget_ended
from ledger import sequencer
from reports import attachments, dump, examining, posting, published, remains, retention, sealed
from reports.abstracts import forget_unread
from reports.buckets import forget_windows
from reports.drafts import forget_drafts
from reports.idempotency import forget_answers
from reports.imports import keeping, running
from reports.models import Report
from reports.voices import throw_salts_away
from reports.webhooks import delivering
from triage import bulk, counting, embeddings, growth, index, lifting, matching, proposals, themes
from triage.bell import bell
from triage.meters import MATCHING_STEPS, mark, observe

SWEEP_AFTER = timedelta(seconds=5)  # by then the bell would have rung
SEALED_AT_MOST = 5_000  # reports sealed in one task: some seconds
SWEEP_AT_MOST = 500  # reports one sweep takes on, well within a task's minute
RENEWED_AT_MOST = 200  # reports analysed anew in one sweep after the analyser has changed
PLACED_AT_ONCE = 25  # issues given a theme between two looks at whether reports wait: that takes as long as grouping
PLACING_S = 5.0  # of the ten from one time to the next
PLACED_AT_MOST = 500  # issues given a theme in the night's pass before it looks at themes that changed
LINKED_AT_MOST = 100  # themes that changed, compared with those near them at a time
HALF_A_MINUTE_S = 30.0
# Looking at what one report touches takes as long as grouping it, and at what forty touch as long as at three.
GATHERS_S = 1.0
NIGHT_LIMIT_S = 600  # what early warning may take at night, on a machine that is slow or at work: a tenth is its budget
DUMP_LIMIT_S = 3_600  # all of the record in one moment cannot be cut into minutes
CHANGED_LATELY = timedelta(days=2)  # two nights, so that a night missed is made up for by the next


@shared_task(ignore_result=True)
def match_report(*report_ids: int) -> None:
    """Several if they were rung for at once. If one fails, the sweep serves those after it."""
    for report_id in report_ids:
        began = time.perf_counter()
        is_new = matching.match_report(report_id)
        observe("matching_seconds", time.perf_counter() - began, MATCHING_STEPS)
        if is_new:  # rung for twice, it is watched once
            bell.ring(watch_touched, report_id)


@shared_task(ignore_result=True, gathers_s=GATHERS_S)
def watch_touched(*report_ids: int) -> None:
    """Early warning of what reports have come to. What nobody rang for is seen by the hour, or at night."""
    from triage.signals import touched  # noqa: PLC0415 -- the web process knows this module, and must not load scipy

    touched.look(report_ids)


@shared_task(ignore_result=True)
def watch_themes() -> None:
    """Early warning of themes, once an hour."""
    from triage.signals import touched  # noqa: PLC0415 -- see watch_touched

    touched.look_at_themes()


@shared_task(ignore_result=True, time_limit=NIGHT_LIMIT_S)
def watch() -> None:
    """Early warning of everything, nightly, on the evening of the day that is over."""
    from triage.signals import night  # noqa: PLC0415 -- see watch_touched
    from triage.signals.series import today  # noqa: PLC0415 -- see watch_touched

    night.watch(today() - timedelta(days=1))


@shared_task(ignore_result=True)
def sweep() -> None:
    """Group what nobody rang for, oldest first; throw away what is old or unread; keep the vectors complete."""
    now = timezone.now()
    # Not those of tomorrow: where a clock was set back, they would wait until it has come round again
    rung_for = {"filed_at__gt": now - SWEEP_AFTER, "filed_at__lte": now}
    waiting = Report.objects.ungrouped().exclude(**rung_for).order_by("pk")
    oldest = list(waiting.values_list("pk", flat=True)[:SWEEP_AT_MOST])
    # In no order: where many wait two sweeps are at it, and would go side by side, each waiting for what the other does
    for report_id in random.sample(oldest, len(oldest)):
        match_report.apply((report_id,))  # as a task of its own: one that fails is logged, and holds up no other
    throw_salts_away()
    forget_answers()
    forget_windows(at=timezone.now())
    forget_drafts()
    forget_ended(at=timezone.now())
    forget_unread()
    growth.flag_growth()
    matching.renew(most=RENEWED_AT_MOST)
    index.maintain()
    embeddings.maintain()
    for bulk_id in bulk.left_behind():
        bell.ring(run_bulk, bulk_id)
    sequencer.keep_up()  # in case its own thread has died; last, so that a ledger that is broken stops nothing else
    for import_id in running.left_behind():
        bell.ring(run_import, import_id)
    mark("swept")


@shared_task(ignore_result=True)
def run_bulk(*bulk_ids: int) -> None:
    """A few seconds of each; rings for what is left."""
    for bulk_id in bulk_ids:
        if bulk.carry_on(bulk_id, seconds=bulk.CHUNK_S / len(bulk_ids)):
            bell.ring(run_bulk, bulk_id)


@shared_task(ignore_result=True)
def run_import(*import_ids: int) -> None:
    """A few seconds of filing from each, after each has been read through; rings for what is left."""
    for import_id in import_ids:
        if running.carry_on(import_id, seconds=running.CHUNK_S / len(import_ids)):
            bell.ring(run_import, import_id)


@shared_task(ignore_result=True)
def post_notices() -> None:
    """Send the e-mail that is due."""
    posting.post_due()


@shared_task(ignore_result=True)
def deliver_webhooks() -> None:
    """Try what is due; a few seconds, and as many more as the slowest receiver is waited for."""
    delivering.deliver_due()
    delivering.forget_deliveries(at=timezone.now())


@shared_task(ignore_result=True)
def place_in_themes() -> None:
    """Give a theme to issues that have none, some seconds of it; no more than a few while reports wait for a home."""
    until = time.monotonic() + PLACING_S
    while themes.place_waiting(most=PLACED_AT_ONCE) == PLACED_AT_ONCE and time.monotonic() < until:
        if Report.objects.ungrouped().filter(evidence__isnull=False).exists():
            return


@shared_task(ignore_result=True)
def link_themes(*after: int) -> None:
    """The nightly merge pass: themes that changed lately, a hundred at a time; rings for those that follow."""
    if not after:
        themes.place_waiting(most=PLACED_AT_MOST, everywhere=True)
    changed = themes.changed_themes(
        since=timezone.now() - CHANGED_LATELY, after=max(after, default=0), most=LINKED_AT_MOST
    )
    themes.link(changed)
    if len(changed) == LINKED_AT_MOST:
        bell.ring(link_themes, changed[-1])


@shared_task(ignore_result=True)
def propose(*after: int) -> None:
    """The nightly look at issues that changed lately, half a minute at a time; rings for those that follow."""
    last = proposals.propose(after=max(after, default=0))
    if last is not None:
        bell.ring(propose, last)


@shared_task(ignore_result=True)
def reprioritise(*after: int) -> None:
    """What is urgent once more, half a minute at a time; rings for those that follow. Nightly, if nobody rang."""
    _changed, last = counting.reprioritise(after=max(after, default=0), until=time.monotonic() + HALF_A_MINUTE_S)
    if last is not None:
        bell.ring(reprioritise, last)


@shared_task(ignore_result=True)
def examine_attachment(*attachment_ids: int) -> None:
    """Those that were rung for, then whatever else waits, half a minute at most. The sweep goes on from there."""
    until = time.monotonic() + HALF_A_MINUTE_S
    for attachment_id in dict.fromkeys([*attachment_ids, *examining.waiting()]):
        if time.monotonic() > until or not examining.examine(attachment_id):
            return


@shared_task(ignore_result=True)
def tidy_attachments() -> None:
    """Delete the bytes of files that no report and no import wants, once an hour."""
    attachments.tidy()
    keeping.tidy()


@shared_task(ignore_result=True)
def lift_embargoes() -> None:
    """What people agreed on takes effect: embargoes whose end has come for certain."""
    lifting.lift_due()


@shared_task(ignore_result=True)
def seal_evidence() -> None:
    """Seal what became sensitive and was not sealed at once; the rest the next time."""
    sealed.seal_due(most=SEALED_AT_MOST)


@shared_task(ignore_result=True)
def catch_up_public_texts() -> None:
    """What the public can search, where something was missed; half a minute of it, and the rest the next time."""
    until = time.monotonic() + HALF_A_MINUTE_S
    while published.catch_up() == published.AT_ONCE and time.monotonic() < until:
        pass


@shared_task(ignore_result=True, time_limit=DUMP_LIMIT_S)
def finish_erasures() -> None:
    """What is left of reports whose words are gone: files, index, copies. Writes the dump anew where it must."""
    remains.take_all_away()


@shared_task(ignore_result=True, time_limit=NIGHT_LIMIT_S)
def apply_retention() -> None:
    """What was never published and has been kept long enough, nightly; so many, and the rest the next night."""
    retention.apply()


@shared_task(ignore_result=True, time_limit=DUMP_LIMIT_S)
def write_dump() -> None:
    """The record as files, nightly. If somebody writes them already, theirs will do."""
    with suppress(dump.Busy):
        dump.write_dump()


@shared_task(ignore_result=True, time_limit=DUMP_LIMIT_S)
def renew_dump() -> None:
    """By day only if the files say what the record does not say any more."""
    if dump.outdated():
        with suppress(dump.Busy):
            dump.write_dump()
