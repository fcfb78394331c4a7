"""The file that the quality page reads: numbers, names of streams, methods and dates, never a word of a report."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

DIGITS = 4


def write(
    path: Path,
    *,
    method: str,
    embedder: str,
    measured_on: str,
    streams: Sequence[Mapping[str, Any]],
    robustness: Mapping[str, Any] | None,
) -> None:
    """Put a measurement in the place of the one before with the same embedder.

    Streams that were not measured this time stay if they were measured with the same method.
    """
    known = json.loads(path.read_text(encoding="utf8"))["runs"] if path.exists() else []
    before: Mapping[str, Any] = next(
        (run for run in known if run["embedder"] == embedder and run["method"] == method), {}
    )
    told = {stream["name"]: stream for stream in before.get("streams", [])}
    for stream in streams:
        figures = {name: value for name, value in stream.items() if name not in ("method", "identical")}
        told[stream["name"]] = rounded({"measured_on": measured_on, **figures})
    run = {
        "embedder": embedder,
        "method": method,
        "measured_on": measured_on,
        "streams": [told[name] for name in sorted(told)],
        "robustness": rounded(robustness) if robustness else before.get("robustness"),
    }
    runs = sorted([run, *(other for other in known if other["embedder"] != embedder)], key=lambda run: run["embedder"])
    path.write_text(json.dumps({"runs": runs}, indent=1, ensure_ascii=False) + "\n", encoding="utf8")


def rounded(told: Any) -> Any:
    """Numbers with as many digits as mean something.

    >>> rounded({"shares": [0.123456], "reports": 7})
    {'shares': [0.1235], 'reports': 7}
    """
    if isinstance(told, float):
        return round(told, DIGITS)
    if isinstance(told, Mapping):
        return {name: rounded(value) for name, value in told.items()}
    if isinstance(told, Sequence) and not isinstance(told, str):
        return [rounded(value) for value in told]
    return told
