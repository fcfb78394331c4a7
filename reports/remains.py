"""What is left of an erased report when its words are gone, taken away piece by piece, and safely twice.

A row of Erasure names what is left. Whoever is killed in between leaves the name standing, and the next run goes on
there; what cannot go yet, because a disk is away or somebody else is at it, waits for the next run too.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC
from smtplib import SMTPDataError, SMTPNotSupportedError, SMTPRecipientsRefused

import structlog
from django.core.mail import send_mail
from django.db import OperationalError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from ledger import record as log_of_acts
from ledger.record import events_about
from reports import dump, journal, quarantine
from reports.erasing import address_of
from reports.filing import erased_key, source_apart
from reports.importers.units import Unit
from reports.imports.keeping import let_go
from reports.imports.units import unit_of
from reports.journal import Erased
from reports.models import Attachment, Erasure, Import, Report
from reports.quarantine import Room
from reports.signals import report_changed
from reports.vocabulary import Channel, ErasureLeft

# Events about a report that say beyond their lines what only its reporter did with it.
SAID = ("ask", "reply", "say", "add", "dispute", "adopt", "translate", "reveal")
AT_ONCE = 200
REFUSED = (SMTPRecipientsRefused, SMTPDataError, SMTPNotSupportedError, ValueError)  # of one mail, not of all
log = structlog.get_logger()


def take_away(erasure: Erasure) -> bool:
    """Take away what can go now. Whether nothing is left."""
    for piece in list(erasure.left):
        try:
            is_gone = PIECES[ErasureLeft(piece)](erasure)
        except (OSError, OperationalError, journal.Unreadable) as failure:
            log.error("erasure.not_taken_away", erasure=erasure.pk, piece=piece, error=type(failure).__name__)
            is_gone = False
        if is_gone:
            erasure.left = [other for other in erasure.left if other != piece]
            Erasure.objects.filter(pk=erasure.pk).update(left=erasure.left)
    if not erasure.left and erasure.finished_at is None:
        answer(erasure)
        Erasure.objects.filter(pk=erasure.pk).update(finished_at=timezone.now())
    return not erasure.left


def take_all_away() -> int:
    """What is left of all that were erased, oldest first; how many came to their end. Then those who were not told."""
    ended = sum(take_away(erasure) for erasure in Erasure.objects.unfinished().order_by("pk")[:AT_ONCE])
    for decided in Erasure.objects.unanswered().order_by("pk")[:AT_ONCE]:
        if not answer(decided):
            break
    return ended


def answer(erasure: Erasure) -> bool:
    """One mail to whoever asked about somebody else's report, and no more. False while mail is away: then the address
    stays, and the next run tells them. An address that is refused goes like any other."""
    if address := address_of(erasure):
        try:
            send_mail(_("Your request to erase something"), f"{_decided(erasure)}\n", None, [address])
        except REFUSED as failure:
            log.warning("erasure.not_told", erasure=erasure.pk, error=type(failure).__name__)
        except OSError as away:
            log.warning("erasure.not_told_yet", erasure=erasure.pk, error=type(away).__name__)
            return False
    Erasure.objects.filter(pk=erasure.pk).update(sealed_address=None)
    return True


def _decided(erasure: Erasure) -> str:
    if erasure.refused_at:
        return _("What you asked for was looked at, and stays: %(reason)s.") % {"reason": erasure.get_refusal_display()}
    return _("What you asked us to erase is erased.")


def _journal(erasure: Erasure) -> bool:
    """First, because a backup could be restored at any time."""
    if erasure.report is not None and erasure.executed_at is not None:
        journal.add([Erased(erasure.executed_at.astimezone(UTC).date(), erasure.report.reference, erasure.basis)])
    return True


def _files(erasure: Erasure) -> bool:
    """The bytes in every room, and then the rows that name them."""
    with transaction.atomic():
        for row in Attachment.objects.select_for_update(of=["self"]).filter(report=erasure.report_id):
            quarantine.drop(row.name)
            row.delete()
    return True


def _index(erasure: Erasure) -> bool:
    """Once more, for whoever had read the words before they went, and wrote down what they made of them."""
    report_changed.send(Report, report_id=erasure.report_id, verb="erase")
    return True


def _events(erasure: Erasure) -> bool:
    """As soon as the ledger has numbered them: before, it would have nothing to hold them to."""
    told = events_about(erasure.report, verbs=SAID).exclude(key=b"")  # type: ignore[arg-type] # executed
    if told.filter(sequence=None).exists():
        return False
    with transaction.atomic():
        log_of_acts.erase(told)
    return True


def _dump(erasure: Erasure) -> bool:
    if not dump.files() or not dump.outdated():
        return True
    with suppress(dump.Busy):
        dump.write_dump()
    return not dump.outdated()


def _imports(erasure: Erasure) -> bool:
    """Files of many reports that it stands in: they go where they have ended, else once they have."""
    report = erasure.report
    if report is None or report.channel != Channel.IMPORT or not report.source_key:
        return True
    is_gone = True
    for row in Import.objects.exclude(file="", units="").order_by("pk"):
        if row.ended_at is None:
            is_gone = False
        elif _holds(row, report):
            with transaction.atomic():
                let_go(Import.objects.select_for_update(of=["self"]).get(pk=row.pk))
    return is_gone


def _holds(row: Import, report: Report) -> bool:
    """Whether a unit of the file is what was filed as the report; yes where nobody can tell."""
    if not row.units:
        return True
    try:
        with quarantine.path_of(Room.IMPORTS, row.units).open("rb") as units:
            return any(report.source_key in _keys_of(line, row.account_id) for line in units)
    except FileNotFoundError:
        return False


def _keys_of(line: bytes, account_id: int | None) -> set[str]:
    """What would be kept of the unit if it were filed and erased, whether its account may name a source or not."""
    unit = unit_of(line)
    if not isinstance(unit, Unit):
        return set()
    named, key = str(unit.answers.get("source") or ""), str(unit.answers.get("source_key", ""))
    sources = (named or Channel.IMPORT.value, source_apart(Channel.IMPORT, account_id, named))
    return {erased_key(source, key) for source in sources}


PIECES: Mapping[ErasureLeft, Callable[[Erasure], bool]] = {
    ErasureLeft.JOURNAL: _journal,
    ErasureLeft.FILES: _files,
    ErasureLeft.INDEX: _index,
    ErasureLeft.EVENTS: _events,
    ErasureLeft.DUMP: _dump,
    ErasureLeft.IMPORTS: _imports,
}
