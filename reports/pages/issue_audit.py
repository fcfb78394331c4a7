"""What everybody may know of who decided on a published issue, line by line with its place in the ledger, and the same
as a bundle that verifies without the site.

Everything follows from the public history and from the oldest checkpoint that covers it, so nothing that is hidden, and
nothing that happens later, moves a byte.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from accounts.actors import open_to_all
from accounts.policy import ANONYMOUS
from ledger import proving
from ledger.bundles import Opened, bundle
from ledger.models import Event
from reports.conditional import public_page, tag_of, unless_known
from reports.exporters.archive import archived
from reports.history import Step, history_of
from reports.models import Issue
from reports.record import issues_on_record, modified_at, survivor_of

OPENED = ("actor", "at", "verb")  # what the page tells; the rest names rows, also such as nobody may see


@open_to_all
@require_safe
def issue_audit(request: HttpRequest, number: str) -> HttpResponse:
    """One and the same for everybody, signed in or not: it is about what all may know."""
    shown = on_record(number)
    if shown is None:
        return moved(number, "issue_audit")
    steps, size = history_of(shown), proving.size_signed()
    told = {
        "number": shown.number,
        "title": shown.public_title,
        "lines": [line(step, size) for step in steps],
        "is_signed": any(is_signed(step, size) for step in steps),
    }
    return public_page(request, "reports/issue_audit.html", told, modified=modified_at(shown))


@open_to_all
@require_safe
def issue_bundle(request: HttpRequest, number: str) -> HttpResponseBase:
    shown = on_record(number)
    if shown is None:
        return moved(number, "issue_bundle")
    size = proving.size_signed()
    told = {step.sequence: documented(step) for step in history_of(shown) if step.sequence is not None}
    signed = {sequence: each for sequence, each in told.items() if sequence < size}
    return taken_away(request, f"issue {number}", number, signed, modified=modified_at(shown))


def taken_away(
    request: HttpRequest, about: str, name: str, told: Mapping[int, Mapping[str, Any]], *, modified: datetime | None
) -> HttpResponseBase:
    """The bundle of what is ``told``, by numbers of events that are signed. Raises Http404 if that is nothing."""
    checkpoint = proving.covering(max(told)) if told else None
    if checkpoint is None:
        raise Http404

    def make() -> HttpResponseBase:
        events = Event.objects.filter(sequence__in=list(told)).select_related("payload").order_by("sequence")
        files = bundle(about, events, lambda event: Opened(OPENED, told[event.sequence or 0]), checkpoint)
        answer = StreamingHttpResponse(archived(files), "application/zip")
        answer["Content-Disposition"] = content_disposition_header(True, f"{name}.bundle.zip") or "attachment"
        return answer

    tag = tag_of(about, checkpoint.size, sorted(told.items(), key=lambda pair: pair[0]))
    return unless_known(request, tag, make, modified=modified)


def on_record(number: str) -> Issue | None:
    return issues_on_record(ANONYMOUS).filter(number=number).first()


def moved(number: str, page: str) -> HttpResponse:
    """To what the issue became part of. Raises Http404: not visible, or never there, alike."""
    survivor = survivor_of(number, ANONYMOUS)
    if survivor is None:
        raise Http404
    return HttpResponsePermanentRedirect(reverse(page, args=[survivor.number]))


def is_signed(step: Step, size: int) -> bool:
    return step.sequence is not None and step.sequence < size


def line(step: Step, size: int) -> dict[str, Any]:
    return {
        "when": step.at,
        "words": step.words,
        "by": step.by,
        "reason": step.reason,
        "sequence": step.sequence if is_signed(step, size) else None,
    }


def documented(step: Step) -> dict[str, Any]:
    """In codes, the same in every language."""
    changes: Sequence[dict[str, Any]] = [asdict(change) for change in step.changes]
    return {
        "verb": step.verb,
        "is_undo": step.is_undo,
        "is_undone": step.is_undone,
        "reason": step.reason,
        "merged": step.merged,
        "changes": changes,
    }
