"""Attachments as a page shows them: a picture by its address, the beginning of a text, and why a file was refused.

``reports/attachments.html`` shows ``files``, which :func:`beside` finds. ``reports/attachments_field.html`` takes more:
it stands inside a form and wants what :func:`field` tells, and ``file_errors``, the sentences of what was not taken.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Count, IntegerField, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from accounts.policy import ANONYMOUS, Actor
from reports import attachments
from reports.addresses import address_of
from reports.envelopes import Unreadable
from reports.models import Attachment, Draft, Report
from reports.sealed_files import open_ready
from reports.vocabulary import AttachmentFormat, AttachmentState

SHOWN_BYTES = 20_000  # of a text; what is left is behind a link
PICTURES = frozenset({AttachmentFormat.PNG, AttachmentFormat.JPEG})  # what workers make of the pictures they are given


@dataclass(frozen=True, slots=True)
class Shown:
    """One file. ``place`` counts from 1, and is all that it is called; there is an address once it is ready."""

    attachment: Attachment
    place: int
    address: str = ""
    text: str = ""
    goes_on: bool = False

    @property
    def is_ready(self) -> bool:
        return bool(self.address)

    @property
    def is_waiting(self) -> bool:
        return self.attachment.state == AttachmentState.WAITING

    @property
    def is_picture(self) -> bool:
        return is_picture(self.attachment)

    @property
    def label(self) -> str:
        """What it is, such as "PNG picture, 1200 × 800"."""
        kind = self.attachment.get_format_display()
        if not self.attachment.width:
            return str(kind)
        size = {"kind": kind, "width": self.attachment.width, "height": self.attachment.height}
        return _("%(kind)s, %(width)s × %(height)s") % size


def is_picture(attachment: Attachment) -> bool:
    return attachment.format in PICTURES


def reader_of(actor: Actor, attachment: Attachment) -> str:
    """Whom an address is made for: the account, else whoever has the receipt or the draft open."""
    if actor.user_id is not None:
        return f"account:{actor.user_id}"
    return f"report:{attachment.report_id}" if attachment.report_id else f"draft:{attachment.draft_id}"


def beside(actor: Actor, *, draft: Draft | None = None, report: Report | None = None) -> list[Shown]:
    """The files beside the reader's own draft, or beside a report that they may read; none beside nothing."""
    if not (draft or report):
        return []
    # Nobody is signed in where files have a host of their own: the open receipt or draft is the right, not the account
    return shown(attachments.of(draft=draft, report=report), ANONYMOUS if settings.FILES_HOST else actor)


def field(actor: Actor, draft: Draft | None) -> dict[str, Any]:
    """What the field needs of a page: the files that lie there already, and how much may lie there."""
    return {"files": beside(actor, draft=draft), "file_limits": attachments.limits()}


def shown(rows: Iterable[Attachment], actor: Actor) -> list[Shown]:
    """The files for ``actor``, who may read them: that is the caller's to ask, and asked again at the address."""
    return [_shown(row, place, actor) for place, row in enumerate(rows, start=1)]


def _shown(row: Attachment, place: int, actor: Actor) -> Shown:
    if row.state != AttachmentState.READY:
        return Shown(row, place)
    address = address_of(row.name, reader=reader_of(actor, row))
    if is_picture(row):
        return Shown(row, place, address)
    text, goes_on = beginning(row)
    return Shown(row, place, address, text, goes_on)


def beginning(row: Attachment) -> tuple[str, bool]:
    """The first SHOWN_BYTES of a text, and whether there is more; nothing if it is gone."""
    try:
        with open_ready(row) as file:
            raw = file.read(SHOWN_BYTES + 1)
    except (FileNotFoundError, Unreadable):
        return "", False
    return raw[:SHOWN_BYTES].decode(errors="ignore"), len(raw) > SHOWN_BYTES  # a letter may be cut in the middle


def ready_total() -> Coalesce:
    """For ``annotate`` of reports: how many files beside each can be shown."""
    ready = Attachment.objects.standing().filter(report=OuterRef("pk"), state=AttachmentState.READY)
    counted = ready.order_by().values("report").annotate(total=Count("pk")).values("total")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)
