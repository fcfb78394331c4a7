"""Which processes of a site live: each says so every few seconds, and adds what it has counted to the rows of all."""

import atexit
import hashlib
import os
import socket
import time
from threading import Event, Thread
from typing import Any

import structlog
from django.conf import settings
from django.db import DatabaseError, close_old_connections, connection, connections
from django.db.backends.postgresql.base import DatabaseWrapper

from triage import meters

EVERY_S = 10.0
PATIENCE_S = 2.0  # what a process that ends grants the last of it
FORGOTTEN_AFTER_S = 3_600  # a process that was not seen for so long has no row any more
BE_SEEN = """
INSERT INTO triage_presence (part, host, pid, started_at, seen_at, skew_s, key_mark, pool_size, pool_busy)
VALUES (%(part)s, %(host)s, %(pid)s, clock_timestamp(), clock_timestamp(),
        %(clock)s - extract(epoch FROM clock_timestamp()), %(key_mark)s, %(pool_size)s, %(pool_busy)s)
    ON CONFLICT (part, host, pid) DO UPDATE
   SET seen_at = excluded.seen_at, skew_s = excluded.skew_s, key_mark = excluded.key_mark,
       pool_size = excluded.pool_size, pool_busy = excluded.pool_busy
"""
FORGET = "DELETE FROM triage_presence WHERE seen_at < clock_timestamp() - make_interval(secs => %s)"
LEAVE = "DELETE FROM triage_presence WHERE part = %(part)s AND host = %(host)s AND pid = %(pid)s"
log = structlog.get_logger()


def live_as(part: str) -> None:
    """Begin to say that this process lives, as a web process or a worker, until it ends."""
    stop = Event()
    thread = Thread(target=_follow, args=(stop, part), name="presence", daemon=True)
    thread.start()

    def end() -> None:
        stop.set()
        thread.join(PATIENCE_S)

    atexit.register(end)


def appear(part: str) -> None:
    """Say once that this process lives. Raises DatabaseError."""
    with connection.cursor() as cursor:
        cursor.execute(BE_SEEN, {**_identity(part), **_pool(), "key_mark": key_mark(), "clock": time.time()})
        cursor.execute(FORGET, [FORGOTTEN_AFTER_S])


def leave(part: str) -> None:
    """A process that ends in order is not missed. Raises DatabaseError."""
    with connection.cursor() as cursor:
        cursor.execute(LEAVE, _identity(part))


def key_mark() -> str:
    """The same for the same key; nobody finds the key by it, as that has 256 random bits."""
    return hashlib.sha256(b"telltale key mark" + settings.VOICE_KEY).hexdigest()[:16]


def _follow(stop: Event, part: str) -> None:
    is_over = False
    while not is_over:
        is_over = stop.wait(EVERY_S if _told(part) else 1.0)
    _told(part, is_over=True)


def _told(part: str, *, is_over: bool = False) -> bool:
    """Whether the database took it; one that is away is asked again soon."""
    try:
        meters.flush()
        (leave if is_over else appear)(part)
    except DatabaseError as failure:
        log.warning("presence.database_away", error=type(failure).__name__)
        return False
    finally:
        close_old_connections()
    return True


def _identity(part: str) -> dict[str, Any]:
    return {"part": part, "host": socket.gethostname()[:100], "pid": os.getpid()}


def _pool() -> dict[str, int]:
    """How many connections this process holds, and how many of them are in use."""
    site = connections["default"]  # what is called connection is only a proxy of it
    held = site.pool if isinstance(site, DatabaseWrapper) else None
    if held is None:
        return {"pool_size": 0, "pool_busy": 0}
    stats = held.get_stats()
    size = stats.get("pool_size", 0)
    return {"pool_size": size, "pool_busy": max(0, size - stats.get("pool_available", 0) - 1)}  # ours is not work
