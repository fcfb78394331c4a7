"""How common words are in reports in general, counted over our own demo texts, for sites that hold few yet."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings

from triage.grouping.background import Background
from triage.grouping.fields import Fields
from triage.grouping.vector import analyse

DEMO = Path(__file__).parent / "demo"


def demo_reports() -> list[dict[str, Any]]:
    """The demo's reports as they would be filed, with ``days_ago``, ``at`` and ``author`` beside the answers."""
    return [report for path in sorted(DEMO.glob("reports*.json")) for report in json.loads(path.read_text())]


def last_turn(transcript: list[dict[str, str]], role: str) -> str:
    return next((turn["content"] for turn in reversed(transcript) if turn["role"] == role), "")


def fields_of(answers: dict[str, Any]) -> Fields:
    """What the engine reads of answers that were never filed."""
    transcript = answers.get("transcript", [])
    return Fields(
        title=answers.get("summary", ""),
        happened=answers.get("what_happened", ""),
        expected=answers.get("expected", ""),
        prompt=last_turn(transcript, "user"),
        output=last_turn(transcript, "assistant"),
    )


def background() -> Background:
    """Made once in a process, in a fraction of a second."""
    return _keyed(settings.TERM_KEY)


@cache
def _keyed(key: bytes) -> Background:
    return Background.of(
        [analyse(fields_of(answers), masks=answers["artifact"].split("/"), key=key) for answers in demo_reports()]
    )
