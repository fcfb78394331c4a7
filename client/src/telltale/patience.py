"""Whether to ask again, and how long to wait before: as the site says, and else a little longer each time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import httpx

FIRST_S = 0.5  # before the second try, where nobody says how long; twice as long before each further one
LONGEST_S = 30.0  # of those waits
LEFT = re.compile(r";\s*r=(\d{1,15})\b")
AGAIN_IN = re.compile(r";\s*t=(\d{1,15})\b")


@dataclass(frozen=True)
class Patience:
    """How often a request is made at most, and for how many seconds is waited between its tries, all together."""

    tries: int = 6
    total_s: float = 330.0  # a window of the site's limits is 300 s

    def wait_before(self, attempt: int, told: float | None) -> float:
        """Seconds before the next try; ``attempt`` counts those that were made, ``told`` is the least the site asks."""
        return max(told or 0.0, min(FIRST_S * 2.0 ** (attempt - 1), LONGEST_S))


def may_pass(answer: httpx.Response, *, is_keyed: bool) -> bool:
    """Whether the same request may be taken later.

    409 with ``Retry-After`` says that our own first try, whose answer was lost, is being answered at this moment.
    """
    if answer.status_code == 409:
        return is_keyed and "Retry-After" in answer.headers
    return answer.status_code in (429, 503)


def told_wait(answer: httpx.Response, now: float) -> float | None:
    """For how many seconds the site asks to be left alone; None if it does not say.

    ``Retry-After`` in seconds or as a date (``now`` is in seconds of the epoch), else the limits that are used up
    in ``RateLimit`` (draft-ietf-httpapi-ratelimit-headers): r=0 is left, and all is there again in t seconds.
    """
    asked = answer.headers.get("Retry-After", "").strip()
    if asked.isascii() and asked.isdecimal() and len(asked) <= 15:
        return float(asked)
    if asked:
        try:
            return max(0.0, parsedate_to_datetime(asked).timestamp() - now)
        except (ValueError, OverflowError):
            pass
    waits = [again_in(limit) for limit in answer.headers.get("RateLimit", "").split(",")]
    return max((wait for wait in waits if wait is not None), default=None)


def again_in(limit: str) -> float | None:
    """
    >>> again_in('"api";r=0;t=31'), again_in('"account";r=3;t=600'), again_in("")
    (31.0, None, None)
    """
    left, again = LEFT.search(limit), AGAIN_IN.search(limit)
    return float(again[1]) if left and again and int(left[1]) == 0 else None
