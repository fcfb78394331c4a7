"""What is told of a stream: how well it went, what it cost, and the trivial way beside it."""

from dataclasses import asdict
from typing import Any

from bench.quality import plain
from bench.quality.finding import finding, with_earlier_mate
from bench.quality.placing import alone, final, placing, showing
from bench.quality.replaying import Replay
from bench.quality.streams import Stream

NAMED = 10
Figures = dict[str, Any]


def figures(stream: Stream, replay: Replay) -> Figures:
    """The figures by name; those that this stream is not for are left out. Raises ValueError if rows were lost."""
    truth = stream.truth
    if list(final(replay.events)) != list(truth):
        raise ValueError("The decisions are not about the stream's reports in their order.")
    told: Figures = {"name": stream.name, "level": stream.level, "source": stream.source, "reports": len(truth)}
    if stream.finds and (found := finding(truth, replay.ranked)):
        told |= asdict(found) | {f"plain_{name}": value for name, value in by_plain_words(stream).items()}
    if stream.places:
        shown = showing(truth, replay.events)
        told |= asdict(placing(truth, final(replay.events)))
        told |= {f"alone_{name}": value for name, value in asdict(alone(truth.values())).items()}
        told |= {"patterns": shown.patterns, "patterns_found": shown.found, "median_to_pattern": shown.median}
        told |= {"alert_precision": shown.alert_precision}
    return told | {"median_ms": replay.median_ms, "p95_ms": replay.p95_ms, "memory_mb": replay.memory_mb}


def by_plain_words(stream: Stream) -> Figures:
    """Finding by the simplest search there is."""
    truth = stream.truth
    ids = list(truth)
    asked = with_earlier_mate(list(truth.values()))
    named = plain.ranked(stream.texts, of=asked, count=NAMED)
    found = finding(truth, {ids[at]: [ids[other] for other in others] for at, others in named.items()})
    return {name: value for name, value in asdict(found).items() if name != "queries"} if found else {}
