"""The address behind which a file lies. What pages say of files is in reports/showing.py."""

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.actors import actor_for, actor_of, needs
from accounts.models import User
from accounts.policy import ANONYMOUS, Act, Actor, allows
from reports.addresses import Signed, is_good, reader_in
from reports.drafts import draft_of
from reports.envelopes import Unreadable
from reports.lending import is_lent
from reports.models import Attachment
from reports.pages.receipt import may_read
from reports.sealed_files import open_ready
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
    signed = Signed(*(request.GET.get(name, "") for name in ("until", "for", "signature", "by")))
    row = Attachment.objects.standing().filter(name=name, state=AttachmentState.READY).select_related("report").first()
    if row is None or not (opens_by_address(signed, row) if settings.FILES_HOST else opens_here(request, signed, row)):
        raise Http404
    try:
        file = open_ready(row)  # the response closes it
    except (FileNotFoundError, ValueError, Unreadable):
        raise Http404 from None
    kind, ending = SERVED_AS[AttachmentFormat(row.format)]
    response = FileResponse(
        file, content_type=kind, as_attachment=not is_picture(row), filename=f"telltale-{row.name[:8]}.{ending}"
    )
    response.setdefault("Content-Length", str(row.size))  # which what is sealed does not know of itself
    response["Content-Security-Policy"] = LOCKED_UP
    if settings.FILES_HOST:  # the site's pages show it, which are another origin now, and another site maybe
        response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


def opens_here(request: HttpRequest, signed: Signed, row: Attachment) -> bool:
    return is_good(row.name, signed, reader=reader_of(actor_of(request), row)) and may_open(request, row)


def opens_by_address(signed: Signed, row: Attachment) -> bool:
    """Where nobody is signed in: whether the address is good, and whom it was made for may read the file still."""
    reader = reader_in(signed)
    return bool(reader) and is_good(row.name, signed, reader=reader) and may_be_read_by(reader, row)


def may_be_read_by(reader: str, row: Attachment) -> bool:
    """The same as :func:`may_open`, for somebody as ``reader_of`` names them."""
    kind, _colon, key = reader.partition(":")
    if kind != "account":
        return reader == reader_of(ANONYMOUS, row)  # a receipt or a draft, which was open when the address was made
    user = User.objects.filter(pk=key, is_active=True).first()
    return user is not None and is_told(actor_for(user), row)


def may_open(request: HttpRequest, row: Attachment) -> bool:
    """Whether the file is part of what they may read: their draft, a receipt open here, a report on their desk."""
    if row.report is None:
        draft = draft_of(request)
        return draft is not None and draft.pk == row.draft_id
    return may_read(request, row.report) or is_told(actor_of(request), row)


def is_told(actor: Actor, row: Attachment) -> bool:
    """Whether it lies beside a report that they read with an account: their own, on a desk, or lent to them."""
    if Attachment.objects.visible_to(actor).filter(pk=row.pk).exists():
        return True
    is_researcher = allows(actor, Act.ASK_FOR_EVIDENCE)
    return is_researcher and row.report is not None and is_lent(row.report, actor, timezone.now())
