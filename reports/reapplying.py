"""After a backup was restored: what was erased since it was made is erased again, by the journal and by the ledger."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

from django.db import models

from accounts.policy import SYSTEM
from ledger.models import Event
from reports import journal
from reports.erasing import erase
from reports.journal import Erased
from reports.models import Contact, Erasure, Evidence, EvidenceKey, Report
from reports.remains import take_away
from reports.vocabulary import ErasureAsker, ErasureBasis

AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Reapplied:
    """``known`` erasures are on record, ``again`` were carried out now; ``absent`` are of reports that are not here."""

    known: int
    again: int
    absent: int
    unfinished: int


def reapply(journals: Iterable[Path] = (), *, count: Callable[[int], None] = lambda done: None) -> Reapplied:
    """Erase what any of the journals, this site's own or the ledger says was erased; then all of them are written down
    in this site's journal. Safe to repeat. Raises :class:`~reports.journal.Unreadable` before anything is done."""
    told = [erased for path in journals for erased in journal.read(path)] + journal.kept()
    told += list(on_record())
    known = {erased.reference: erased for erased in sorted(told, reverse=True)}
    journal.add(sorted(known.values()))
    again = found = 0
    for erased in sorted(known.values()):
        report = Report.objects.filter(reference=erased.reference).select_related("artifact").first()
        if report is not None:
            found += 1
            again += _again(report, erased)
            count(found)
    left = Erasure.objects.unfinished().order_by("pk")
    unfinished = sum(not take_away(erasure) for erasure in left.iterator(AT_ONCE))
    return Reapplied(len(known), again, len(known) - found, unfinished)


def on_record() -> Iterator[Erased]:
    """What the database itself says was erased: by the events of the ledger, and by the reports' own rows."""
    events = {number: event for event in _events() for number in _reports_of(event)}  # the first of each
    named = Report.objects.filter(models.Q(pk__in=events) | models.Q(erased_at__isnull=False))
    for pk, reference, erased_at in named.values_list("pk", "reference", "erased_at").iterator(AT_ONCE):
        event = events.get(pk)
        at = event.at if event is not None else erased_at
        said = event.payload.content if event is not None and hasattr(event, "payload") else {}
        basis = str(said.get("basis", ""))
        if at is not None:
            on = at.astimezone(UTC).date()
            yield Erased(on, reference, basis if basis in ErasureBasis.values else ErasureBasis.CONSENT.value)


def _events() -> Iterator[Event]:
    """Newest first."""
    return Event.objects.filter(verb="erase").select_related("payload").order_by("-pk").iterator(AT_ONCE)


def _reports_of(event: Event) -> list[int]:
    named = (name.partition(":") for name in event.subjects)
    return [int(number) for kind, _colon, number in named if kind == "report" and number.isdecimal()]


def _again(report: Report, erased: Erased) -> int:
    """1 if there was anything left to erase."""
    holds = any(kind._default_manager.filter(report=report).exists() for kind in (Evidence, EvidenceKey, Contact))
    if report.erased_at and not holds:
        return 0
    told: dict[str, int | str] = {"again": 1, "first_erased": erased.on.isoformat()}
    erase(report, basis=erased.basis, actor=SYSTEM, asked_by=ErasureAsker.STAFF, told=told)
    return 1
