import json
from pathlib import Path
from typing import Any

import pytest

from bench.quality.streams import LEAST_OF_LANGUAGE, streams_of


def write(folder: Path, name: str, *rows: dict[str, Any]) -> None:
    (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def row(name: str, group: str, **changes: Any) -> dict[str, Any]:
    return {"id": name, "created": "2026-01-01T00:00:00Z", "title": "T", "group": group, **changes}


def test_rows_arrive_by_time_and_the_site_sees_no_label(tmp_path: Path) -> None:
    write(tmp_path, "boats", row("b", "x", keep=1), row("a", "x"), row("c", "y", created="2025-01-01T00:00:00Z"))
    (stream,) = streams_of(tmp_path)

    (tmp_path / "out").mkdir()
    written = [json.loads(line) for line in stream.write(tmp_path / "out").read_text().splitlines()]

    assert list(stream.truth.items()) == [("c", "y"), ("a", "x"), ("b", "x")]
    assert [sorted(told) for told in written] == [["created", "id", "title"]] * 3


def test_of_twins_the_whole_is_for_finding_and_the_thin_for_placing(tmp_path: Path) -> None:
    for name in ("boats", "boats.thin", "lamps"):
        write(tmp_path, name, row("a", "x"))

    told = {stream.name: (stream.finds, stream.places) for stream in streams_of(tmp_path)}

    assert told == {"boats": (True, False), "boats.thin": (False, True), "lamps": (True, True)}


def test_a_mixed_stream_is_measured_inside_each_language_too(tmp_path: Path) -> None:
    spoken = [row(f"e{at:02}", f"g{at % 3}", lang="en") for at in range(LEAST_OF_LANGUAGE + 3)]
    write(tmp_path, "boats", *spoken, row("z", "g0", lang="zh"))

    mixed, english = streams_of(tmp_path)

    assert (mixed.name, mixed.places, len(mixed.rows)) == ("boats", False, len(spoken) + 1)
    assert (english.name, english.places, len(english.rows)) == ("boats.en", False, len(spoken))


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds no"):
        streams_of(tmp_path)
    write(tmp_path, "boats", row("a", "x"))
    with pytest.raises(ValueError, match="no lamps"):
        streams_of(tmp_path, names=["lamps"])
