"""Beginning an import, taking its bytes part by part, and stopping it.

Whoever sends a file says beforehand how long it is and what its SHA-256 is. So the same file, announced again after a
line broke, is known, and goes on where it stopped.
"""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from accounts.policy import Actor
from reports import quarantine
from reports.importers import FORMATS, check_options
from reports.importers.options import BadOption, Options
from reports.imports.keeping import let_go
from reports.models import Import
from reports.quarantine import Room
from reports.signals import import_waits
from reports.vocabulary import ImportFailure, ImportState

SHA256 = re.compile(r"[0-9a-f]{64}")
NAME_MAX = 200  # characters
OPTION_MAX = 64_000  # bytes of an option; the mapping of columns is the longest
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Announced:
    """What its sender says of a file before its bytes come."""

    format: str
    name: str
    size: int
    sha256: str
    options: Mapping[str, Any] = field(default_factory=dict)
    is_rehearsal: bool = False

    def check(self) -> None:
        """Raises ValidationError with sentences by field."""
        wrong: dict[str, str] = {}
        if self.format not in FORMATS:
            wrong["format"] = _("This is none of the formats that are read here: %(formats)s.") % {
                "formats": ", ".join(sorted(FORMATS))
            }
        if self.size < 1:
            wrong["size"] = _("There is nothing in this file.")
        if self.size > settings.IMPORT_LIMIT:
            wrong["size"] = too_large()
        if not SHA256.fullmatch(self.sha256):
            wrong["sha256"] = _("This is the SHA-256 of the file, 64 hexadecimal digits in small letters.")
        for name in self._options_not_storable():
            wrong[name] = _("This is too long, or holds what cannot be kept.")
        if not wrong:
            wrong = self._wrong_options()
        if wrong:
            raise ValidationError({name: [sentence] for name, sentence in wrong.items()})

    def _options_not_storable(self) -> list[str]:
        """Those that PostgreSQL keeps as no JSON, for a NaN, a NUL or half of a surrogate pair, or are too long."""
        return [name for name, value in self.options.items() if not is_storable(value)]

    def _wrong_options(self) -> dict[str, str]:
        try:
            check_options(self.format, Options.of(self.options))
        except BadOption as refusal:
            return {refusal.name: f"{refusal.name} {refusal}"}
        return {}


def is_storable(option: Any) -> bool:
    try:
        told = json.dumps(option, ensure_ascii=False, allow_nan=False)
        return len(told.encode()) <= OPTION_MAX and "\\u0000" not in told
    except (TypeError, ValueError, RecursionError):
        return False


class WrongOffset(Exception):
    """A part that does not begin where the last one ended. ``offset`` is where."""

    def __init__(self, offset: int) -> None:
        super().__init__(f"{offset}")
        self.offset = offset


class TooManyOpen(Exception):
    """The account has as many files here as it may; ``sentence`` says what to do."""

    @property
    def sentence(self) -> str:
        most = settings.IMPORTS_AT_MOST
        return ngettext(
            "You have %(count)d import open. Wait until it has ended, or cancel it.",
            "You have %(count)d imports open. Wait until one has ended, or cancel one.",
            most,
        ) % {"count": most}


class NotKept(Exception):
    """The disk would not take it. Nothing is lost but this part."""


def too_large() -> str:
    return _("The file is too large: %(limit)d MB at most. Split it.") % {"limit": settings.IMPORT_LIMIT // 1_000_000}


def begin(account: User, announced: Announced) -> tuple[Import, bool]:
    """The import that the bytes are for, and whether it is a new one.

    The same file with the same options is the import that has not ended yet; one that was rehearsed is now done for
    real with the bytes that are here. Raises ValidationError, :class:`TooManyOpen` and :class:`NotKept`.
    """
    announced.check()
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=account.pk)  # whoever announces it twice at once waits here
        if known := _known(account, announced):
            return known, False
        _refuse_beyond_limit(account)
        return _made(account, announced, quarantine_name()), True


def begin_whole(account: User, announced: Announced, *, file: str) -> Import:
    """The same for a file that lies in quarantine already, under that name; if it is known, those bytes are dropped.

    Raises ValidationError and :class:`TooManyOpen`; the bytes are then the caller's to drop.
    """
    announced.check()
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=account.pk)
        known = _known(account, announced)
        if known and known.state != ImportState.UPLOADING:
            transaction.on_commit(lambda: quarantine.drop(file, Room.IMPORTS))
            return known
        if known:
            former = known.file
            transaction.on_commit(lambda: quarantine.drop(former, Room.IMPORTS))
            known.file = file
        else:
            _refuse_beyond_limit(account)
            known = _made(account, announced, file)
        known.offset = known.size
        _queue(known)
        return known


def receive(import_id: int, raw: bytes, *, at: int, actor: Actor) -> Import:
    """Keep the next part, on the disk once this returns; the last one queues the import.

    Where the bytes before it are gone, the import has failed; one that has failed or was cancelled takes nothing.
    Raises Import.DoesNotExist for what is not the actor's, :class:`WrongOffset`, :class:`NotKept`, and ValidationError
    where there are more bytes than were announced.
    """
    with transaction.atomic():
        row = Import.objects.visible_to(actor).select_for_update(of=["self"]).get(pk=import_id)
        if row.state in (ImportState.CANCELLED, ImportState.FAILED):
            return row
        if row.state != ImportState.UPLOADING or at != row.offset:
            raise WrongOffset(row.offset)
        if at + len(raw) > row.size:
            raise ValidationError(
                _("This is more than the file was said to hold: %(size)d bytes.") % {"size": row.size}
            )
        if not _written(row, raw):
            _fail_lost(row)
            return row
        row.offset += len(raw)
        row.changed_at = timezone.now()
        if row.offset == row.size:
            _queue(row)
        else:
            row.save(update_fields=["offset", "changed_at"])
    return row


def cancel(row: Import) -> Import:
    """Stop it; what was filed stays. Of a rehearsal that has ended the bytes go. Safe at any time, and twice."""
    with transaction.atomic():
        held = Import.objects.select_for_update(of=["self"]).get(pk=row.pk)
        if held.is_open:
            held.state, held.ended_at = ImportState.CANCELLED, timezone.now()
            held.changed_at = held.ended_at
            held.save(update_fields=["state", "ended_at", "changed_at"])
        held.rehearsed.all().delete()
        let_go(held)
    return held


def go_for_real(row: Import) -> Import:
    """File what was rehearsed, with the bytes that are here. Raises ValidationError if they are not any more."""
    with transaction.atomic():
        held = Import.objects.select_for_update(of=["self"]).get(pk=row.pk)
        if not held.is_rehearsal:
            return held  # pressed twice
        if held.state != ImportState.DONE or not held.file:
            raise ValidationError(_("The file is no longer here. Send it again."))
        held.rejects.all().delete()
        held.is_rehearsal, held.distinct_new, held.position = False, None, 0
        held.filed = held.already_here = held.rejected = held.passed = 0
        held.ended_at = held.started_at = None
        _queue(held)
    return held


def quarantine_name() -> str:
    """An empty file, for the bytes to come. Raises :class:`NotKept`."""
    try:
        return quarantine.lay_down(b"", Room.IMPORTS)
    except OSError as failure:
        log.error("imports.not_kept", error=type(failure).__name__)
        raise NotKept from None


def _known(account: User, announced: Announced) -> Import | None:
    same = Import.objects.filter(
        account=account,
        sha256=announced.sha256,
        size=announced.size,
        format=announced.format,
        options=dict(announced.options),
    ).order_by("-pk")
    if known := same.open().filter(is_rehearsal=announced.is_rehearsal).first():
        return known
    if announced.is_rehearsal:
        return None
    rehearsed = same.filter(is_rehearsal=True, state=ImportState.DONE).exclude(file="").first()
    return go_for_real(rehearsed) if rehearsed else None


def _refuse_beyond_limit(account: User) -> None:
    """Counted are those whose bytes are here: that is what they cost."""
    if Import.objects.filter(account=account).exclude(file="").count() >= settings.IMPORTS_AT_MOST:
        raise TooManyOpen


def _made(account: User, announced: Announced, file: str) -> Import:
    bare = PurePosixPath(announced.name.replace("\\", "/")).name
    return Import.objects.create(
        account=account,
        format=announced.format,
        name="".join(char for char in bare if char.isprintable())[:NAME_MAX],
        size=announced.size,
        sha256=announced.sha256,
        options=dict(announced.options),
        is_rehearsal=announced.is_rehearsal,
        language=translation.get_language() or "",
        file=file,
    )


def _written(row: Import, raw: bytes) -> bool:
    """Whether there was a file to write to. Raises :class:`NotKept`."""
    try:
        with quarantine.path_of(Room.IMPORTS, row.file).open("r+b") as file:
            file.seek(row.offset)
            file.write(raw)
            file.truncate()  # a part whose transaction was lost may have been longer
            file.flush()
            os.fsync(file.fileno())
    except FileNotFoundError:
        return False
    except OSError as failure:
        log.error("imports.not_kept", error=type(failure).__name__)
        raise NotKept from None
    return True


def _queue(row: Import) -> None:
    row.state, row.changed_at = ImportState.WAITING, timezone.now()
    row.save()
    transaction.on_commit(lambda: import_waits.send(Import, import_id=row.pk))


def _fail_lost(row: Import) -> None:
    row.state, row.failure, row.ended_at = ImportState.FAILED, ImportFailure.LOST, timezone.now()
    row.save(update_fields=["state", "failure", "ended_at"])
