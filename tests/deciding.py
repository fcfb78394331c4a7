"""What a resolution as fixed has to say, for tests that are about something else."""

from typing import Any

A_FIX: dict[str, Any] = {
    "reason": "fixed",
    "fixed_in": "2026-06",
    "statement": "It looks rulings up before it cites them.",
    "untested_reason": "The service that showed it is gone.",
}
