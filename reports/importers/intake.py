"""Filing what an importer finds, one at a time, and saying what became of each."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from django.db import transaction

from accounts.policy import SYSTEM, Actor
from ledger.record import record
from reports.filing import AlreadyFiled, Refused, check, file_report
from reports.importers.units import Found, Passed, Rejected, Unit
from reports.models import Report
from reports.vocabulary import Channel


class Outcome(StrEnum):
    """What became of one thing that was found. ``PASSED``: it was tested and did not fail."""

    FILED = "filed"
    ALREADY_HERE = "already here"
    REJECTED = "rejected"
    PASSED = "passed"


@dataclass(frozen=True, slots=True)
class Taken:
    """One thing found and its outcome; the report that stands for it, none in a rehearsal; why it was rejected."""

    found: Found
    outcome: Outcome
    report: Report | None = None
    reason: str = ""


def take(found: Iterable[Found], *, actor: Actor = SYSTEM, dry_run: bool = False) -> Iterator[Taken]:
    """File one after another, each in a transaction of its own, and only as fast as the caller asks.

    Whoever stops asking has stopped the import; run again from the start, what was filed is already here. To go on
    without looking at it again, leave out as many as were taken: a file gives the same things in the same order.
    """
    for each in found:
        yield taken(each, actor=actor, dry_run=dry_run)


def taken(found: Found, *, actor: Actor = SYSTEM, dry_run: bool = False) -> Taken:
    match found:
        case Passed():
            return Taken(found, Outcome.PASSED)
        case Rejected():
            return Taken(found, Outcome.REJECTED, reason=found.reason)
        case Unit():
            return filed(found, actor=actor, dry_run=dry_run)


def filed(unit: Unit, *, actor: Actor, dry_run: bool) -> Taken:
    try:
        with transaction.atomic():
            receipt = file_report(
                unit.answers,
                channel=Channel.IMPORT,
                actor=actor,
                author=unit.author,
                source_type=unit.source_type,
            )
            transaction.set_rollback(dry_run)  # a rehearsal goes through the same door
    except AlreadyFiled as known:
        if not dry_run:
            add_count(known.report, unit, actor)
        return Taken(unit, Outcome.ALREADY_HERE, known.report)
    except Refused as refusal:
        return Taken(unit, Outcome.REJECTED, reason=reasons(refusal))
    return Taken(unit, Outcome.FILED, None if dry_run else receipt.report)


def add_count(report: Report, unit: Unit, actor: Actor) -> None:
    """Add what a log says that the one before it did not: of how many tries. Only for whoever filed that one."""
    is_theirs = actor == SYSTEM or (actor.user_id is not None and report.reporter_id == actor.user_id)
    if report.tries is not None or not is_theirs or not unit.answers.get("reproduction"):
        return
    counted = check(unit.answers, channel=Channel.IMPORT)["reproduction"]
    with transaction.atomic():
        if Report.objects.filter(pk=report.pk, tries=None).update(**counted):
            record("count", report, actor=actor.pseudonym, **counted)


def reasons(refusal: Refused) -> str:
    """Why a report was refused, field by field, in one line."""
    sentences = [": ".join(filter(None, [field, " ".join(said)])) for field, said in refusal.errors.items()]
    return "; ".join(sentences)
