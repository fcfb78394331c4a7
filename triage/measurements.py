"""What `make bench-grouping` measured and wrote down: numbers, names of streams, methods and dates."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

FILE = Path(__file__).parent / "measured.json"


@dataclass(frozen=True, slots=True)
class Measurement:
    """One method with one embedder ("" for none), on some streams. ``measured_on`` is a date in ISO's form.

    ``streams`` hold figures by name, as bench/quality writes them: shares in [0, 1], counts, and times in milliseconds.
    ``robustness`` is empty where it was not measured.
    """

    method: str
    embedder: str
    measured_on: str
    streams: tuple[Mapping[str, Any], ...]
    robustness: Mapping[str, Any]

    @classmethod
    def of(cls, run: Mapping[str, Any]) -> Self:
        return cls(
            run["method"], run["embedder"], run["measured_on"], tuple(run["streams"]), run.get("robustness") or {}
        )


def measurements(path: Path = FILE) -> list[Measurement]:
    """All that was written down; without an embedder first. Nothing if there is no file."""
    if not path.exists():
        return []
    return [Measurement.of(run) for run in json.loads(path.read_text(encoding="utf8"))["runs"]]


def called(spec: str) -> str:
    """What an embedder is called in public: its last name, never a path or an address.

    >>> [called(spec) for spec in ("onnx:/srv/models/all-MiniLM-L6-v2/", "http:http://10.0.0.7:8080/embed", "")]
    ['all-MiniLM-L6-v2', 'HTTP', '']
    """
    kind, _, where = spec.partition(":")
    return kind.upper() if kind == "http" else Path(where).name
