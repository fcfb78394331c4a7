"""What a worker does with an import: read the file through once, then file what it holds, a few seconds at a time.

Reading writes units down (``units``) and files nothing: whoever is killed there leaves nothing behind that counts, and
another begins again. Filing moves the position in the transaction that files a unit: whoever is killed there loses
nothing and does nothing twice. Cancelled, or without the right to file in bulk, it stops between two units.
"""

import hashlib
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from io import BufferedReader, FileIO
from pathlib import Path
from time import monotonic
from typing import BinaryIO, Final

import structlog
from django.db import DataError, IntegrityError, transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.actors import actor_for
from accounts.models import User
from accounts.policy import ANONYMOUS, Act, Actor, allows
from reports import quarantine
from reports.importers import found_in
from reports.importers.distinct import Failures
from reports.importers.intake import Outcome, taken
from reports.importers.options import BadOption, Options
from reports.importers.shapes import verbatim
from reports.importers.sources import Source, Unreadable
from reports.importers.units import Found, Unit
from reports.imports.keeping import drop, let_go
from reports.imports.units import REJECTS_KEPT, Many, Writing, unit_of
from reports.models import Import, ImportReject
from reports.models.imports import ImportQuerySet
from reports.quarantine import Room
from reports.vocabulary import ImportFailure, ImportState

CHUNK_S = 5.0  # of filing: a worker has few threads, and whoever files a report meanwhile waits behind it
BEAT_S = 1.0  # how often a reader says that it is alive, and hears that it has been cancelled
LEASE = timedelta(seconds=60)  # without a beat for so long a reader is gone
LEFT_BEHIND = timedelta(seconds=20)  # nobody came by for so long: nobody rang, or the worker is gone
READINGS_AT_MOST = 5  # times that a file is begun to be read; it ends workers, or they end while it is read
HOPELESS = 1_000  # rejections without anything else: it is a file of another format
HASHED_AT_ONCE = 1 << 20  # bytes
REASON_MAX = 500  # characters kept
BULK: Final = frozenset({"report:bulk"})
COUNTS = {
    Outcome.FILED: "filed",
    Outcome.ALREADY_HERE: "already_here",
    Outcome.REJECTED: "rejected",
    Outcome.PASSED: "passed",
}
log = structlog.get_logger()


class _Superseded(Exception):
    """The import was cancelled, or somebody else reads it by now."""


class _Stopped(Exception):
    """It cannot be read."""

    def __init__(self, failure: ImportFailure, why: str = "") -> None:
        super().__init__(why)
        self.failure, self.why = failure, why


class Watched(BufferedReader):
    """A file that calls ``beat`` every now and then while it is read, however little its reader finds in it."""

    def __init__(self, path: str, beat: Callable[[], None]) -> None:
        super().__init__(FileIO(path))
        self.beat = beat

    def read(self, size: int | None = -1, /) -> bytes:
        self.beat()
        return super().read(size)

    def readline(self, size: int | None = -1, /) -> bytes:
        self.beat()
        return super().readline(size)


def carry_on(import_id: int, *, seconds: float = CHUNK_S) -> bool:
    """Read the file, or file as many units as fit into ``seconds``, one at least. Whether there is more to do."""
    row = Import.objects.queued().filter(pk=import_id).first()
    if row is None:
        return False
    with translation.override(row.language or None):  # whoever handed it in reads why something was rejected
        if row.found is None:
            return read_through(row)
        until = monotonic() + seconds
        with ExitStack() as stack:
            try:
                units = stack.enter_context(_path(row.units).open("rb"))
            except FileNotFoundError:
                _fail(row, ImportFailure.LOST)
                return False
            while take_next(row.pk, units):
                if monotonic() >= until:
                    return True
    return False


def read_through(row: Import) -> bool:
    """Read the file to its end and write down what it holds. Whether that can be filed now."""
    reader = secrets.token_hex(16)
    if not _claim(row, reader):
        return False
    name = quarantine.new_name()
    try:
        found = _read(row, reader, name)
    except _Superseded:
        drop(name)
        return False
    except _Stopped as stop:
        drop(name)
        _fail(row, stop.failure, why=stop.why)
        return False
    now = timezone.now()
    kept = _of(row, reader).update(units=name, found=found, reader="", bytes_read=row.size, changed_at=now)
    if not kept:
        drop(name)
    return bool(kept)


def take_next(import_id: int, units: BinaryIO) -> bool:
    """Take one unit further. Whether another may be left, and nobody else is at work."""
    with transaction.atomic():
        row = Import.objects.select_for_update(skip_locked=True, of=["self"]).queued().filter(pk=import_id).first()
        if row is None:
            return False
        actor = _actor(row.account_id)
        if not allows(actor, Act.FILE_BULK):
            _end(row, ImportState.FAILED, ImportFailure.ROLE)
            return False
        units.seek(row.position)
        line = units.readline()
        if not line:
            _end(row, ImportState.DONE)
            return False
        row.position += len(line)
        found = unit_of(line)
        if isinstance(found, Many):
            row.passed += found.passed
            row.rejected += found.rejected
        else:
            _take(row, found, actor)
        row.changed_at = timezone.now()
        row.save(update_fields=["position", *COUNTS.values(), "distinct_new", "changed_at"])
        return True


def left_behind() -> Iterator[int]:
    """Imports that nobody serves: the sweep rings for them."""
    late = timezone.now() - LEFT_BEHIND
    yield from Import.objects.queued().filter(changed_at__lt=late).order_by("pk").values_list("pk", flat=True)


def _claim(row: Import, reader: str) -> bool:
    """Whether this worker is the one to read it."""
    now = timezone.now()
    free = Import.objects.queued().filter(Q(reader="") | Q(changed_at__lt=now - LEASE), pk=row.pk, found=None)
    return bool(
        free.update(
            state=ImportState.RUNNING,
            reader=reader,
            readings=F("readings") + 1,
            started_at=Coalesce("started_at", now),
            changed_at=now,
        )
    )


def _of(row: Import, reader: str) -> ImportQuerySet:
    """The row, as long as it is that reader's."""
    return Import.objects.queued().filter(pk=row.pk, reader=reader)


def _path(name: str) -> Path:
    """Where bytes lie. Raises FileNotFoundError where the row names none."""
    if not name:
        raise FileNotFoundError
    return quarantine.path_of(Room.IMPORTS, name)


def _read(row: Import, reader: str, name: str) -> int:
    """How many units there are; they are written down under ``name``."""
    if row.readings >= READINGS_AT_MOST:
        raise _Stopped(ImportFailure.BROKEN)
    if not allows(_actor(row.account_id), Act.FILE_BULK):
        raise _Stopped(ImportFailure.ROLE)
    beat = _Beat(row, reader)
    try:
        with Watched(str(_path(row.file)), beat) as stream:
            if _digest(stream) != row.sha256:
                raise _Stopped(ImportFailure.DIFFERS)
            beat.source = Source(stream, name=row.name)
            with quarantine.laying(Room.IMPORTS, name) as units:
                return _write_down(found_in(beat.source, row.format, Options.of(row.options)), units, beat)
    except FileNotFoundError:
        raise _Stopped(ImportFailure.LOST) from None
    except Unreadable as refusal:
        raise _Stopped(ImportFailure.UNREADABLE, str(refusal)) from refusal
    except BadOption as refusal:
        raise _Stopped(ImportFailure.UNREADABLE, f"{refusal.name} {refusal}") from refusal


def _write_down(found: Iterator[Found], units: BinaryIO, beat: Callable[[], None]) -> int:
    """How many there were. Raises Unreadable for what begins as nothing but rejections."""
    writing = Writing(units)
    for _written in writing.take(found):
        beat()
        if writing.found == writing.rejected == HOPELESS:
            raise Unreadable(writing.first_reason)
    return writing.found


class _Beat:
    """Says in the row, once a second, how far its reader is. Raises :class:`_Superseded`."""

    def __init__(self, row: Import, reader: str) -> None:
        self.row, self.reader = row, reader
        self.source: Source | None = None
        self.due = monotonic() + BEAT_S

    def __call__(self) -> None:
        if monotonic() < self.due:
            return
        self.due = monotonic() + BEAT_S
        bytes_read = min(self.row.size, self.source.bytes_read) if self.source else 0
        if not _of(self.row, self.reader).update(bytes_read=bytes_read, changed_at=timezone.now()):
            raise _Superseded


def _digest(stream: BinaryIO) -> str:
    digest = hashlib.sha256()
    while chunk := stream.read(HASHED_AT_ONCE):
        digest.update(chunk)
    return digest.hexdigest()


def _actor(account_id: int) -> Actor:
    """Whoever handed it in, with the rights to file in bulk that they have now and no others.

    As of a token: they had the second factor when they sent the file, and nobody is here to ask for it again.
    """
    account = User.objects.filter(pk=account_id, is_active=True).first()
    return actor_for(account, scopes=BULK) if account else ANONYMOUS


def _take(row: Import, found: Found, actor: Actor) -> None:
    """File one, and count it in ``row``."""
    try:
        with transaction.atomic():
            made = taken(found, actor=actor, dry_run=row.is_rehearsal)
        outcome, reason = made.outcome, made.reason
    except (IntegrityError, DataError):  # one that the database refuses must not hold up the others for ever
        log.exception("imports.refused_by_the_database", of=row.pk, line=found.line)
        outcome, reason = Outcome.REJECTED, _("It could not be filed. The log says why.")
    setattr(row, COUNTS[outcome], getattr(row, COUNTS[outcome]) + 1)
    if outcome is Outcome.REJECTED and row.rejected <= REJECTS_KEPT:
        ImportReject.objects.create(of=row, line=found.line, reason=verbatim(reason)[:REASON_MAX])
    if outcome is Outcome.FILED and row.is_rehearsal and isinstance(found, Unit):
        row.distinct_new = (row.distinct_new or 0) + _is_new(row, found, actor)


def _is_new(row: Import, unit: Unit, actor: Actor) -> bool:
    """Whether it is of a failure that neither the record nor this rehearsal has met."""
    failures = Failures(actor)
    failures.seen = _Rehearsed(row)
    return failures.add(unit.answers)


class _Rehearsed(set[bytes]):
    """What a rehearsal has met, in a table: it goes on in another process, and there may be very many."""

    def __init__(self, row: Import) -> None:
        super().__init__()
        self.row = row

    def __contains__(self, digest: object) -> bool:
        return self.row.rehearsed.filter(digest=digest).exists()

    def add(self, digest: bytes, /) -> None:
        self.row.rehearsed.get_or_create(digest=digest)


def _fail(row: Import, failure: ImportFailure, *, why: str = "") -> None:
    with transaction.atomic():
        held = Import.objects.select_for_update(of=["self"]).queued().filter(pk=row.pk).first()
        if held is not None:
            _end(held, ImportState.FAILED, failure, why=why)


def _end(row: Import, state: ImportState, failure: ImportFailure | str = "", *, why: str = "") -> None:
    """The bytes go, unless they were only rehearsed and may be filed yet."""
    row.state, row.failure, row.why, row.reader = state, failure, why.replace("\0", "")[:REASON_MAX], ""
    row.ended_at = row.changed_at = timezone.now()
    row.save()
    row.rehearsed.all().delete()
    if not (state == ImportState.DONE and row.is_rehearsal):
        let_go(row)
