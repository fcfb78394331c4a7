"""The address behind which a file lies. What pages say of files is in reports/showing.py."""

from django.http import FileResponse, Http404, HttpRequest
from django.views.decorators.http import require_safe

from accounts.actors import actor_of, needs
from accounts.policy import Act
from reports import quarantine
from reports.addresses import Signed, is_good
from reports.drafts import draft_of
from reports.models import Attachment
from reports.pages.receipt import may_read
from reports.quarantine import Room
from reports.showing import is_picture, reader_of
from reports.vocabulary import AttachmentFormat, AttachmentState

SERVED_AS = {
    AttachmentFormat.PNG: ("image/png", "png"),
    AttachmentFormat.JPEG: ("image/jpeg", "jpg"),
    AttachmentFormat.TEXT: ("text/plain; charset=utf-8", "txt"),
    AttachmentFormat.JSON: ("application/json", "json"),
}
LOCKED_UP = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"


@needs(Act.OPEN_RECEIPT)
@require_safe
def attachment(request: HttpRequest, name: str) -> FileResponse:
    """The bytes that a worker made, for whoever was given the address and may still read them; else 404."""
    signed = Signed(request.GET.get("until", ""), request.GET.get("for", ""), request.GET.get("signature", ""))
    row = Attachment.objects.standing().filter(name=name, state=AttachmentState.READY).select_related("report").first()
    if row is None or not is_good(name, signed, reader=reader_of(actor_of(request), row)) or not may_open(request, row):
        raise Http404
    try:
        file = open(quarantine.path_of(Room.READY, row.name), "rb")  # noqa: SIM115 -- the response closes it
    except (FileNotFoundError, ValueError):
        raise Http404 from None
    kind, ending = SERVED_AS[AttachmentFormat(row.format)]
    response = FileResponse(
        file, content_type=kind, as_attachment=not is_picture(row), filename=f"telltale-{row.name[:8]}.{ending}"
    )
    response["Content-Security-Policy"] = LOCKED_UP
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def may_open(request: HttpRequest, row: Attachment) -> bool:
    """Whether the file is part of what they may read: their draft, a receipt open here, a report on their desk."""
    if row.report is None:
        draft = draft_of(request)
        return draft is not None and draft.pk == row.draft_id
    return may_read(request, row.report) or Attachment.objects.visible_to(actor_of(request)).filter(pk=row.pk).exists()
