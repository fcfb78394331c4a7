"""Invented reports, the same for the same seed: made-up models' failures, each told by several in their own words."""

import random
from collections.abc import Iterator
from typing import Any

ORGS = ("northwind", "acme", "halcyon", "quillon", "tessel", "ardent", "lumen", "marrow")
NAMES = ("chat", "scribe", "guide", "sage", "pilot", "reader", "mentor", "draft")
SIZES = ("7b", "13b", "large", "mini")
KINDS = ("false_information", "ignores_instructions", "refuses_harmless", "unfair_or_stereotyped", "quality_regression")
CONTEXTS = ("education", "health", "work", "finance", "private", "media")
TOPICS = (
    "train timetable", "tenancy law", "vaccine schedule", "tax return", "sourdough starter", "chess opening",
    "blood pressure tablet", "school admission", "visa application", "bicycle gear", "pension transfer", "poem",
    "spreadsheet formula", "river crossing", "job reference", "insurance claim", "mushroom", "allergy warning",
    "court ruling", "currency conversion", "bus strike", "knitting pattern", "solar panel", "mortgage rate",
)  # fmt: skip
FAULTS = (
    "named a source that does not exist", "gave yesterday's figure as today's", "left out the one step that matters",
    "answered in another language", "repeated the same sentence nine times", "refused without saying why",
    "mixed up two people of the same name", "counted the months wrongly", "dropped the warning on the label",
    "turned a maybe into a certainty", "invented a paragraph of the law", "read the table upside down",
)  # fmt: skip
OPENINGS = (
    "I asked about the {topic} and it {fault}.", "When my sister wanted help with a {topic}, the answer {fault}.",
    "We tried it on a {topic} at work: it {fault}, three times in a row.",
    "For a {topic} it {fault}. I only saw it because I knew better.",
)  # fmt: skip
MIDDLES = (
    "I told it so and it apologised, then did the same again.", "A colleague got the same on another day.",
    "The tone was very sure, which made it worse.", "The week before it had been right.",
    "Asking in shorter sentences did not help.", "It only happens when the question is long.",
)  # fmt: skip
ENDINGS = ("Nobody was hurt.", "It nearly went out to a customer.", "I have kept the page.", "Please look at this.")
FILLERS = (
    "harbour",
    "lantern",
    "copper",
    "window",
    "orchard",
    "signal",
    "paper",
    "winter",
    "garden",
    "market",
    "engine",
)


def reports(count: int, *, seed: int, artifacts: int = 24, failures: int = 120) -> Iterator[dict[str, Any]]:
    """``count`` reports as the API takes them, of ``failures`` different failures spread over ``artifacts`` models.

    Reports of one failure quote the same invented output and tell the rest in words of their own.
    """
    chance = random.Random(seed)
    models = [f"{chance.choice(ORGS)}/{chance.choice(NAMES)}-{chance.choice(SIZES)}-{at}" for at in range(artifacts)]
    known = [_failure(chance, models) for _ in range(failures)]
    for _ in range(count):
        yield _told(chance, chance.choice(known))


def _failure(chance: random.Random, models: list[str]) -> dict[str, str]:
    topic, fault = chance.choice(TOPICS), chance.choice(FAULTS)
    words = " ".join(chance.choice(FILLERS) + chance.choice(("", "s", " of")) for _ in range(12))
    return {
        "artifact": chance.choice(models),
        "kind": chance.choice(KINDS),
        "topic": topic,
        "fault": fault,
        "output": f"Regarding the {topic}: the {words}, which settles it under rule {chance.randint(100, 999)}.",
    }


def _told(chance: random.Random, failure: dict[str, str]) -> dict[str, Any]:
    opening = chance.choice(OPENINGS).format(topic=failure["topic"], fault=failure["fault"])
    prose = " ".join([opening, *chance.sample(MIDDLES, k=2), chance.choice(ENDINGS)])
    return {
        "artifact": failure["artifact"],
        "version": f"2026-0{chance.randint(1, 9)}",
        "summary": f"With a {failure['topic']} it {failure['fault']}"[:120],
        "what_happened": prose,
        "kind": failure["kind"],
        "transcript": [
            {"role": "user", "content": f"Please help me with a {failure['topic']}, {chance.choice(FILLERS)} edition."},
            {"role": "assistant", "content": f"{chance.choice(ENDINGS)} {failure['output']}"},
        ],
        "context_of_use": chance.choice(CONTEXTS),
        "language": "en",
        "consent": True,
    }
