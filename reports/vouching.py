"""That the words of a report are those that were filed: its event vouches for them, and tells nothing of them.

The event ``file`` holds a digest of the words under a key that stands with them, and goes when they are erased.
So whoever has the key and the words, which is the reporter with their proof, can show that the site keeps what was
filed, or does not; and without the key nobody confirms a guess, not even the site once the words are erased.
"""

import hashlib
import hmac

from ledger.models import Event
from ledger.tree.canonical import canonical
from reports.models import Evidence, Report

FILED = ("summary", "what_happened", "expected", "transcript")


def vouched(evidence: Evidence) -> str:
    """The digest, in hexadecimal."""
    return hmac.digest(bytes(evidence.words_key or b""), written(evidence).encode(), hashlib.sha256).hex()


def written(evidence: Evidence) -> str:
    """The words in the one way in which they are vouched for."""
    return canonical({name: getattr(evidence, name) for name in FILED})


def shown(report: Report, event: Event) -> dict[str, str] | None:
    """What the verifier asks for beside the opened payload of ``event``; None where nobody can show it: they were
    erased, or filed before events vouched for words."""
    evidence = getattr(report, "evidence", None)
    payload = event.payload.content if hasattr(event, "payload") else {}
    if evidence is None or not evidence.words_key or "words" not in payload:
        return None
    return {"key": bytes(evidence.words_key).hex(), "value": written(evidence)}
