"""When a delivery that failed is tried again."""

import zlib
from datetime import datetime, timedelta

# What the specification of Standard Webhooks 1.0.0 gives as its example: ten tries within 75 hours and a half.
DELAYS = (
    timedelta(0),
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
SPREAD = 0.1  # of a delay, at most, is added, so that what failed together does not come back together
LONGEST_WISH = timedelta(hours=24)  # of a Retry-After that is heeded


def next_try(message_id: str, tries: int, *, at: datetime, wished: timedelta | None = None) -> datetime | None:
    """When a message that has failed ``tries`` times is tried again, from the failure ``at``; None: not any more.

    ``wished`` is how long the receiver asked us to wait: no sooner than that, and no try is lost by it. The spread
    follows from the message, so that the same failure gives the same day.

    >>> next_try("msg_1", 10, at=datetime(2026, 1, 1)) is None
    True
    """
    if tries >= len(DELAYS):
        return None
    delay = DELAYS[tries] * (1 + spread(message_id, tries))
    return at + max(delay, min(wished or timedelta(0), LONGEST_WISH))


def spread(message_id: str, tries: int) -> float:
    """From 0 up to ``SPREAD``, even over messages."""
    return SPREAD * (zlib.crc32(f"{message_id} {tries}".encode()) & 0xFFFF) / 0x1_0000
