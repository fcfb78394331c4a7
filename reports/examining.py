"""Looking into files that wait in quarantine: each is made anew by a program of its own, or refused.

What is read here is the verdict of a process that has decoded what a stranger sent: its word is checked, too.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import structlog
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from reports import quarantine
from reports.contents import NotTaken, Unwanted, content_of
from reports.models import Attachment, EvidenceKey
from reports.quarantine import Room
from reports.sealed_files import seal_ready
from reports.vocabulary import AttachmentFormat, AttachmentRefusal, AttachmentState

PROGRAM = Path(__file__).with_name("remaking.py")
PATIENCE_S = 40  # by the clock; of processor time it has half of that, so that only a machine in trouble needs this
VERDICT_BYTES = 4_000
BEGUN = "begun"  # as the program says it
TURN = "examining files"  # the name of the lock: one at a time on a site, so that grouping keeps the other workers
ENDED_FROM_OUTSIDE = {-signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP}
KILLED_TWICE_S = 600  # a file whose program is killed from outside this long after it came is given up
READY_FORMATS = {
    AttachmentFormat.PNG: {AttachmentFormat.PNG, AttachmentFormat.JPEG},
    AttachmentFormat.JPEG: {AttachmentFormat.JPEG},
    AttachmentFormat.GIF: {AttachmentFormat.PNG, AttachmentFormat.JPEG},
    AttachmentFormat.WEBP: {AttachmentFormat.PNG, AttachmentFormat.JPEG},
    AttachmentFormat.TEXT: {AttachmentFormat.TEXT},
    AttachmentFormat.JSON: {AttachmentFormat.JSON, AttachmentFormat.TEXT},
}
WANTED = Q(state=AttachmentState.WAITING) | Q(state=AttachmentState.READY, awaits_sealing=True)
log = structlog.get_logger()


class NotNow(Exception):
    """It could not be examined, for reasons that are not the file's. It stays waiting."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a file: what it is now, or why it was refused. ``peak_kb``: memory of the program that did it."""

    format: str = ""
    width: int | None = None
    height: int | None = None
    size: int = 0
    refusal: str = ""
    peak_kb: int = 0


def waiting() -> list[int]:
    """Those that wait to be examined or sealed, oldest first."""
    rows = Attachment.objects.standing().filter(WANTED).order_by("pk")
    return list(rows.values_list("pk", flat=True)[:100])


def examine(attachment_id: int) -> bool:
    """Make the file anew or refuse it, and seal it where it lies beside sealed words.

    False if somebody else is at work on files: they go on with all that wait.

    Does nothing to a file that waits no longer; done twice it makes the same again.
    """
    with transaction.atomic():
        if not _has_turn():
            return False
        standing = Attachment.objects.standing().filter(WANTED, pk=attachment_id)
        row = standing.select_for_update(skip_locked=True, of=("self",)).first()
        if row is not None and row.state == AttachmentState.WAITING:
            _examine(row)
        if row is not None and row.state == AttachmentState.READY:
            _seal(row)
    return True


def _has_turn() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [TURN])
        found: bool = cursor.fetchone()[0]
        return found


def _examine(row: Attachment) -> None:
    try:
        verdict = verdict_on(row.name, row.format)
    except NotNow as trouble:
        log.error("attachments.not_examined", attachment=row.pk, reason=str(trouble))
        if (timezone.now() - row.added_at).total_seconds() < KILLED_TWICE_S:
            return
        verdict = Verdict(refusal=AttachmentRefusal.TOO_LONG)
    row.examined_at = timezone.now()
    if verdict.refusal:
        row.state, row.refusal = AttachmentState.REFUSED, verdict.refusal
    else:
        row.state, row.format, row.size = AttachmentState.READY, verdict.format, verdict.size
        row.width, row.height = verdict.width, verdict.height
    row.save()
    gone = (Room.WAITING, Room.HALF) if row.state == AttachmentState.READY else tuple(Room)
    transaction.on_commit(lambda: quarantine.drop(row.name, *gone))


def _seal(row: Attachment) -> None:
    """Seal what is ready if the report's words are, and say so."""
    is_sealed = EvidenceKey.objects.filter(report=row.report_id).exists()
    if is_sealed:
        seal_ready(row)
    if is_sealed or row.awaits_sealing:  # its key may be gone since: then nothing can be sealed, or has to be
        Attachment.objects.filter(pk=row.pk).update(is_sealed=is_sealed, awaits_sealing=False)


def verdict_on(name: str, format: str) -> Verdict:
    """Run the program on the file in quarantine; what it made lies in READY once this returns.

    Raises :class:`NotNow` if it could not be run, or was ended by somebody else.
    """
    try:
        raw = quarantine.path_of(Room.WAITING, name).read_bytes()
        content_of(raw)  # its header was read when it was taken; what lies there now might be something else
    except FileNotFoundError:
        return Verdict(refusal=AttachmentRefusal.UNREADABLE)
    except NotTaken as refusal:
        too_large = refusal.reason is Unwanted.TOO_MANY_PIXELS
        return Verdict(refusal=AttachmentRefusal.TOO_MANY_PIXELS if too_large else AttachmentRefusal.UNREADABLE)
    half = quarantine.path_of(Room.HALF, name)
    half.unlink(missing_ok=True)
    with (
        open(quarantine.path_of(Room.WAITING, name), "rb") as sent,
        open(half, "xb", opener=quarantine.owner_only) as made,
    ):
        status, said = run(format, sent, made)
        os.fsync(made.fileno())
    verdict = judged(status, said, half, format)
    if not verdict.refusal:
        half.replace(quarantine.path_of(Room.READY, name))
        quarantine.keep_names(Room.READY)
    return verdict


def run(format: str, sent: BinaryIO, made: BinaryIO) -> tuple[int | None, Sequence[str]]:
    """Its exit status, None if it took too long, and what it said, line by line."""
    command = [sys.executable, "-I", str(PROGRAM), format]
    bare = {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "MALLOC_ARENA_MAX": "1"}  # no key or password of the worker's
    try:
        process = subprocess.Popen(
            command, stdin=sent, stdout=made, stderr=subprocess.PIPE, env=bare, cwd="/", start_new_session=True
        )
    except OSError as failure:
        raise NotNow(f"The program cannot be started: {failure.strerror}.") from failure
    with process:
        try:
            _, errors = process.communicate(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return None, [BEGUN]
    return process.returncode, errors.decode(errors="replace").splitlines()


def judged(status: int | None, said: Sequence[str], made: Path, format: str) -> Verdict:
    """What the program's end means. Raises :class:`NotNow` where that says nothing of the file."""
    if not said or said[0] != BEGUN:
        raise NotNow(f"The program did not begin: {(said or ['no word'])[-1][:200]}")
    if status is None or status == -signal.SIGXCPU:
        return Verdict(refusal=AttachmentRefusal.TOO_LONG)
    if status in ENDED_FROM_OUTSIDE:
        raise NotNow(f"The program was ended by signal {-status}.")
    if status != 0:
        log.warning("attachments.program_failed", status=status, last=said[-1][:200])
        return Verdict(refusal=AttachmentRefusal.UNREADABLE)
    return _believed(said[-1], made, format)


def _believed(line: str, made: Path, format: str) -> Verdict:
    """Its last word, if what lies there bears it out: of the right kind, and as large as it says."""
    told = json.loads(line) if len(line) < VERDICT_BYTES else {}
    peak_kb = int(told.get("peak_kb", 0))
    if refusal := told.get("refusal"):
        return Verdict(refusal=AttachmentRefusal(refusal), peak_kb=peak_kb)
    result = told.get("format", "")
    if result not in READY_FORMATS[AttachmentFormat(format)]:
        return Verdict(refusal=AttachmentRefusal.UNREADABLE, peak_kb=peak_kb)
    size = made.stat().st_size
    if result in (AttachmentFormat.PNG, AttachmentFormat.JPEG):
        try:
            content = content_of(made.read_bytes())
        except NotTaken:
            return Verdict(refusal=AttachmentRefusal.UNREADABLE, peak_kb=peak_kb)
        if content.format != result:
            return Verdict(refusal=AttachmentRefusal.UNREADABLE, peak_kb=peak_kb)
        return Verdict(result, content.width, content.height, size, peak_kb=peak_kb)
    return Verdict(result, size=size, peak_kb=peak_kb)
