"""The labelled streams of a folder: what each is for, and in what order its reports arrive."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from bench.quality.finding import with_earlier_mate

Level = Literal["issue", "theme"]
Source = Literal["form", "scanner"]

THIN = ".thin"  # a stream from which reports were taken out so that most failures are rare, as in life
THEMES = {"banking77", "clinc150", "news", "tweets"}  # streams whose groups are topics or events, not one failure
SCANNERS = ("avid_garak",)  # how the names of streams of machine-written reports begin
LABELS = ("group", "keep")  # what the site must not see
LEAST_OF_LANGUAGE = 20  # reports with an earlier one to be found, below which a language is not measured


@dataclass(frozen=True, slots=True)
class Stream:
    """Labelled reports in order of arrival. ``finds`` and ``places``: what they are scored on."""

    name: str
    rows: tuple[dict[str, Any], ...]
    level: Level = "issue"
    source: Source = "form"
    finds: bool = True
    places: bool = True

    @property
    def truth(self) -> dict[str, str]:
        """The true group of each report, in order of arrival."""
        return {str(row["id"]): str(row["group"]) for row in self.rows}

    @property
    def texts(self) -> list[str]:
        return [f"{row.get('title') or ''} {row.get('body') or ''}" for row in self.rows]

    def write(self, folder: Path) -> Path:
        """The stream without its labels, as the site gets it."""
        path = folder / f"{self.name}.jsonl"
        with path.open("w", encoding="utf8") as lines:
            for row in self.rows:
                told = {key: value for key, value in row.items() if key not in LABELS}
                lines.write(json.dumps(told, ensure_ascii=False) + "\n")
        return path


def streams_of(folder: Path, *, names: Collection[str] = ()) -> list[Stream]:
    """The streams of a folder by name, each language of a mixed one apart besides.

    Raises ValueError if there are none, or if one that is named is not there.
    """
    paths = {path.name.removesuffix(".jsonl"): path for path in sorted(folder.glob("*.jsonl"))}
    if missing := sorted(set(names) - paths.keys()):
        raise ValueError(f"There is no {', '.join(missing)} in {folder}.")
    if not paths:
        raise ValueError(f"{folder} holds no *.jsonl.")
    chosen = [stream_of(name, read(path), paths.keys()) for name, path in paths.items() if not names or name in names]
    return [part for stream in chosen for part in apart(stream)]


def read(path: Path) -> tuple[dict[str, Any], ...]:
    """The rows in order of arrival. Raises ValueError if one has no id or no label."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf8").splitlines() if line.strip()]
    if any("id" not in row or "group" not in row for row in rows):
        raise ValueError(f"{path} holds a row without id or group.")
    return tuple(sorted(rows, key=lambda row: (row.get("created") or "", row["id"])))


def stream_of(name: str, rows: tuple[dict[str, Any], ...], beside: Collection[str] = ()) -> Stream:
    """A stream by what its name says. Of a whole stream and its thinned twin, one is for finding, one for placing.

    >>> stream_of("trees.thin", ()).finds, stream_of("trees", (), {"trees.thin"}).places
    (False, False)
    >>> stream_of("news", ()).level, stream_of("avid_garak_masked", ()).source
    ('theme', 'scanner')
    """
    return Stream(
        name,
        rows,
        level="theme" if name.removesuffix(THIN) in THEMES else "issue",
        source="scanner" if name.startswith(SCANNERS) else "form",
        finds=not name.endswith(THIN),
        places=name + THIN not in beside,
    )


def apart(stream: Stream) -> Iterator[Stream]:
    """The stream, and if it is of several languages each of them besides: for finding alone, across and inside them."""
    rows: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in stream.rows:
        rows[row.get("lang") or ""].append(row)
    if len(rows) < 2:
        yield stream
        return
    yield replace(stream, finds=True, places=False)
    for language, spoken in sorted(rows.items()):
        if len(with_earlier_mate([str(row["group"]) for row in spoken])) >= LEAST_OF_LANGUAGE:
            yield replace(
                stream, name=f"{stream.name}.{language or 'unknown'}", rows=tuple(spoken), finds=True, places=False
            )
