"""What time it is for certain: never later than that, whatever was done to a clock.

A machine has two clocks: one on the wall, which people and programs set, and one that counts the seconds since it was
started, which nobody does. Both go at one pace, so what the first reads beyond the second changes only when somebody
sets the first. Sweeps keep that difference, and what it proved to be over some minutes is what is gone by: set forward,
the wall clock is not believed until a person says so, or the machine is started anew; set back, it is believed at
once, since that can only make things late. The clock of the database has to agree: where it is another machine, each
watches over the other.

Pure but for :func:`read` and :func:`certain_time`.
"""

import logging
import platform
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from django.db import connection, transaction
from django.db.models.functions import Now

from reports.models import Timepiece

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
STEP_S = 1.0  # by which a clock differs without having been set: a leap second, and how long a reading takes
PROVED_AFTER_S = 150.0  # a machine's clock is gone by once it went steadily for so long: three sweeps
BACK_AFTER_S = 86_400.0  # set back for so long, that is what the clock reads; until then it may be a slip

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reading:
    """All clocks at one moment, in seconds: of the wall, of the database, and since machine ``boot`` was started."""

    boot: str
    wall: float
    database: float
    running: float


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the clock of one machine; the fields of :class:`~reports.models.Timepiece`."""

    offset: float | None
    seen: float
    steady_since: float
    swept: float


@dataclass(frozen=True, slots=True)
class Judged:
    """What a sweep concludes. ``certain``: it is that late at least, in seconds; None if nothing is certain yet.

    ``ahead`` is by how much the wall clock is not believed.
    """

    known: Known
    certain: float | None
    ahead: float = 0.0


def judge(known: Known | None, read: Reading, *, is_trusted: bool = False) -> Judged:
    """What is certain by this reading, and what is kept of it. ``is_trusted``: a person says the clock is right."""
    now = noted(known, read)
    if is_trusted:
        now = replace(now, offset=now.seen)
    if now.offset is None:
        return Judged(now, None)
    believed = read.running + now.offset
    certain = min(read.wall, read.database, believed)
    ahead = read.wall - believed
    return Judged(now, certain, ahead if ahead > STEP_S else 0.0)


def noted(known: Known | None, read: Reading) -> Known:
    """``known`` with this reading. One that comes out of turn, from before the last, says nothing."""
    seen = read.wall - read.running
    if known is None:
        return Known(None, seen, read.running, read.running)
    if read.running < known.swept:
        return known
    if abs(seen - known.seen) > STEP_S:
        known = replace(known, seen=seen, steady_since=read.running)
    steady_for = read.running - known.steady_since
    offset = known.offset
    if offset is None:
        offset = known.seen if steady_for >= PROVED_AFTER_S else None
    elif known.seen < offset and steady_for >= BACK_AFTER_S:
        offset = known.seen
    return replace(known, offset=offset, swept=read.running)


def read() -> Reading:
    """The clocks as they stand, the wall's last: what comes between makes it later than the rest, never earlier."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
        (database,) = cursor.fetchone()
    running = _running()
    return Reading(boot=_boot(), wall=time.time(), database=float(database), running=running)


def certain_time(reading: Reading | None = None, *, is_trusted: bool = False) -> datetime | None:
    """The latest moment that has passed for certain; None while a machine's clock has not proved itself.

    One transaction, in which sweeps of one machine take turns.
    """
    told = reading or read()
    with transaction.atomic():
        row = Timepiece.objects.select_for_update().filter(boot=told.boot).first()
        known = Known(row.offset, row.seen, row.steady_since, row.swept) if row else None
        judged = judge(known, told, is_trusted=is_trusted)
        values = {name: getattr(judged.known, name) for name in Known.__slots__}
        if row is None:
            Timepiece.objects.bulk_create([Timepiece(boot=told.boot, **values)], ignore_conflicts=True)
        else:
            Timepiece.objects.filter(pk=row.pk).update(**values, swept_at=Now())
    if judged.ahead:
        log.error(
            "The clock of this machine was set forward by %.0f s. Embargoes end by what it read before, until it is "
            "set back, the machine is started anew, or somebody runs: manage.py trust_clock",
            judged.ahead,
        )
    return None if judged.certain is None else datetime.fromtimestamp(judged.certain, UTC)


def ahead() -> float:
    """By how many seconds the clock of the machine that swept last is not believed: for those who look after it."""
    row = Timepiece.objects.order_by("-swept_at").first()
    if row is None or row.offset is None or row.seen - row.offset <= STEP_S:
        return 0.0
    return row.seen - row.offset


def _running() -> float:
    """Seconds since the machine was started, those that it slept included where the system counts them."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


def _boot() -> str:
    """Which start of which machine: clocks of two do not compare, those of one machine's containers are the same."""
    try:
        return BOOT_ID.read_text().strip()[:80]
    except OSError:
        return platform.node()[:80]
