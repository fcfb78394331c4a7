"""What whoever has the code sees of a report that was erased: that it was, when, on what ground, and the proof."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from ledger import proving
from ledger.models import Event
from ledger.record import events_about
from reports.models import Erasure, Report
from reports.standing import filing_of
from reports.vocabulary import ErasureLeft


def shown(request: HttpRequest, report: Report) -> HttpResponse:
    done = Erasure.objects.filter(report=report, executed_at__isnull=False).first()
    context = {
        "report": report,
        "erasure": done,
        "left": [ErasureLeft(piece).label for piece in done.left] if done else [],
        "proven": signed(erasing_of(report)),
        "received": signed(filing_of(report)),
    }
    return render(request, "reports/receipt_erased.html", context)


def erasing_of(report: Report) -> Event | None:
    """The event of its being erased: the first, should it have been erased again after a restore."""
    return events_about(report, verbs=["erase"]).order_by("pk").first()


def signed(event: Event | None) -> dict[str, Any]:
    """Where in the ledger the event stands; nothing until that is signed, or once its key is gone."""
    newest = proving.newest()
    if event is None or newest is None or event.sequence is None or event.sequence >= newest.size or not event.key:
        return {}
    return {"sequence": event.sequence, "size": newest.size, "at": newest.at}
