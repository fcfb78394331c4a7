"""Files laid beside a report, or beside a draft of one: taken, moved along with the draft, taken away.

For pages that take files: the field is called ``files`` (several at once), a button ``remove_file`` names the one to
take away. Uploads are held in memory by ``reports.uploads`` and touch no disk before :func:`take` is called, so that a
page which must keep nothing, as the safety gate must, only has to leave ``request.FILES`` alone.

:func:`take` keeps what is good of an upload and raises for the rest, so it must not be called inside a transaction of
the caller's, which would undo both. Rows that wait are the queue of the worker that examines them (reports/examining).
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from reports import quarantine
from reports.contents import Content, NotTaken, Unwanted, content_of
from reports.models import Attachment, Draft, Report
from reports.quarantine import Room
from reports.sealed import is_sensitive
from reports.signals import attachments_taken
from reports.uploads import is_cut
from reports.vocabulary import AttachmentState

ROWS_PER_FILE = 4  # rows a report may have for each file it may hold: adding and taking away comes to an end
ADRIFT_AFTER = timedelta(hours=1)  # a file without a row by then will never get one
PLACES = (
    pgettext_lazy("of the files sent together", "The first file"),
    pgettext_lazy("of the files sent together", "The second file"),
    pgettext_lazy("of the files sent together", "The third file"),
    pgettext_lazy("of the files sent together", "The fourth file"),
    pgettext_lazy("of the files sent together", "The fifth file"),
)
REASONS: dict[Unwanted, Promise] = {
    Unwanted.EMPTY: gettext_lazy("there is nothing in it."),
    Unwanted.DOCUMENT: gettext_lazy("PDF and office documents are not taken. Send a picture of the page, or its text."),
    Unwanted.ARCHIVE: gettext_lazy("archives and office documents are not taken. Send what is in it."),
    Unwanted.PROGRAM: gettext_lazy("programs are not taken."),
    Unwanted.OTHER_PICTURE: gettext_lazy("pictures of this kind are not taken. Save it as PNG or JPEG."),
    Unwanted.MEDIA: gettext_lazy("sound and video are not taken. Tell what is in it, or send a picture."),
    Unwanted.MARKUP: gettext_lazy("web pages and drawings (HTML, SVG, XML) are not taken. Send a picture of it."),
    Unwanted.UNKNOWN: gettext_lazy("it is neither a picture (PNG, JPEG, WebP, GIF) nor text in UTF-8 nor JSON."),
    Unwanted.DAMAGED: gettext_lazy("it says that it is a picture, but cannot be read. It may be damaged."),
    Unwanted.TOO_MANY_PIXELS: gettext_lazy("the picture has too many pixels: 40 million at most."),
}
log = structlog.get_logger()


class _Refusal(Exception):
    """Why one file was not kept, as a sentence."""


def take(
    files: "Iterable[UploadedFile[Any]]", *, draft: Draft | None = None, report: Report | None = None
) -> list[Attachment]:
    """Put the files in quarantine beside the draft or the report, and ring for their examination.

    Raises ValidationError with a sentence for each file that was not taken; the good ones of the same upload are kept.
    The same file sent twice in a row is kept once. Not to be called inside a transaction.
    """
    owner = _owner(draft, report)
    kept, refused = [], []
    with transaction.atomic():
        still = {"withdrawn_at": None, "erased_at": None} if isinstance(owner, Report) else {}
        locked = type(owner)._default_manager.select_for_update(of=("self",)).filter(pk=owner.pk, **still)
        if not locked.exists():  # discarded, sent from another tab, withdrawn or erased meanwhile
            raise ValidationError(_("The report that the files were for is no longer here."))
        for place, file in enumerate(files):
            try:
                kept.append(_keep(file, owner))
            except _Refusal as refusal:
                refused.append(_("%(file)s: %(reason)s") % {"file": _place(place), "reason": refusal})
        ids = [attachment.pk for attachment in kept]
        transaction.on_commit(lambda: attachments_taken.send(Attachment, attachment_ids=ids))
    if refused:
        raise ValidationError(refused, code="files")
    return kept


def _owner(draft: Draft | None, report: Report | None) -> Draft | Report:
    owner = draft or report
    if owner is None or (draft and report):
        raise TypeError("take() wants a draft or a report.")
    return owner


def _place(place: int) -> str:
    """Which file it is, never by the name that its sender chose."""
    return str(PLACES[place]) if place < len(PLACES) else _("File %(number)s") % {"number": place + 1}


def _keep(file: "UploadedFile[Any]", owner: Draft | Report) -> Attachment:
    """One file, on disk and in the table. Raises :class:`_Refusal`."""
    if is_cut(file) or (file.size or 0) > settings.FILE_LIMIT:
        raise _Refusal(_("it is too large: %(limit)s MB at most, and %(all)s MB together.") % limits())
    raw = file.read()
    try:
        content = content_of(raw)
    except NotTaken as refusal:
        raise _Refusal(str(REASONS[refusal.reason])) from None
    present = list(owner.attachments.all())
    if twin := _twin(raw, present):
        return twin
    _refuse_beyond_limits(len(raw), present)
    try:
        name = quarantine.lay_down(raw)
    except OSError as failure:
        log.error("attachments.not_kept", error=type(failure).__name__)
        raise _Refusal(_("it could not be kept just now. Try again later.")) from None
    return _row(name, content, len(raw), owner)


def _row(name: str, content: Content, size: int, owner: Draft | Report) -> Attachment:
    """Made after the file: a file without a row is swept away, a row without a file would be a promise broken."""
    mine = {"draft": owner} if isinstance(owner, Draft) else {"report": owner}
    made: Attachment = Attachment.objects.create(
        name=name, format=content.format, width=content.width, height=content.height, size=size, **mine
    )
    return made


def _twin(raw: bytes, present: Sequence[Attachment]) -> Attachment | None:
    """The same bytes, still waiting there: a button pressed twice sends its files twice."""
    for row in present:
        if row.state == AttachmentState.WAITING and row.removed_at is None and row.size == len(raw):
            path = quarantine.path_of(Room.WAITING, row.name)
            if path.exists() and path.read_bytes() == raw:
                return row
    return None


def _refuse_beyond_limits(size: int, present: Sequence[Attachment]) -> None:
    standing = [row for row in present if row.removed_at is None and row.state != AttachmentState.REFUSED]
    if len(standing) >= settings.FILES_AT_MOST:
        raise _Refusal(
            ngettext("a report holds %(count)s file.", "a report holds %(count)s files.", settings.FILES_AT_MOST)
            % {"count": settings.FILES_AT_MOST}
        )
    if len(present) >= settings.FILES_AT_MOST * ROWS_PER_FILE:
        raise _Refusal(_("too many files were added to this report and taken away again."))
    if sum(row.size for row in standing) + size > settings.FILES_LIMIT:
        raise _Refusal(_("with the others it is too large: %(limit)s MB at most, and %(all)s MB together.") % limits())


def limits() -> dict[str, int]:
    """What a page says of the limits: how many files, and MB of each and of all."""
    million = 1_000_000
    return {
        "count": settings.FILES_AT_MOST,
        "limit": settings.FILE_LIMIT // million,
        "all": settings.FILES_LIMIT // million,
    }


def move(draft: Draft, report: Report) -> None:
    """What lay beside the draft lies beside the report; to be called in the transaction that files it."""
    Attachment.objects.filter(draft=draft).update(draft=None, report=report, awaits_sealing=is_sensitive(report))


def remove(name: str, *, draft: Draft | None = None, report: Report | None = None) -> bool:
    """Take that file away from the draft or report. False if it has none of that name (any more)."""
    owner = _owner(draft, report)
    asked = name.replace("\0", "")  # which no database compares
    with transaction.atomic():
        row = owner.attachments.select_for_update(of=("self",)).filter(name=asked, removed_at=None).first()
        if row is None:
            return False
        _take_away([row])
    return True


def remove_all(*, draft: Draft | None = None, report: Report | None = None) -> None:
    """Take all its files away: before a draft is discarded, when a report is withdrawn or erased."""
    with transaction.atomic():
        _take_away(list(_owner(draft, report).attachments.select_for_update(of=("self",)).filter(removed_at=None)))


def _take_away(rows: Sequence[Attachment]) -> None:
    """The rows stay, so that it can be told that a file was there and how many were tried; the bytes go."""
    Attachment.objects.filter(pk__in=[row.pk for row in rows]).update(removed_at=timezone.now())
    for row in rows:
        transaction.on_commit(lambda name=row.name: quarantine.drop(name))  # type: ignore[misc] # bound now


def of(*, draft: Draft | None = None, report: Report | None = None) -> "QuerySet[Attachment]":
    """The files that stand beside it, refused ones among them, oldest first. Visibility is the caller's to ask."""
    return Attachment.objects.standing().filter(draft=draft, report=report)


def tidy() -> int:
    """Delete the bytes that no row wants, and say how many files that were. Safe at any time, and twice.

    Draft deleted, file taken away while the disk was, worker ended between its result and the original's end: all leave
    a file behind, and are healed here.
    """
    wanted = {
        Room.WAITING: Attachment.objects.filter(state=AttachmentState.WAITING),
        Room.READY: Attachment.objects.filter(state=AttachmentState.READY),
        Room.HALF: Attachment.objects.none(),
    }
    deleted = 0
    for room, rows in wanted.items():
        names = list(quarantine.names_in(room, older_than_s=ADRIFT_AFTER.total_seconds()))
        for at in range(0, len(names), 1_000):
            some = names[at : at + 1_000]
            kept = set(rows.standing().filter(name__in=some).values_list("name", flat=True))
            for name in set(some) - kept:
                quarantine.drop(name, room)
                deleted += 1
    return deleted
