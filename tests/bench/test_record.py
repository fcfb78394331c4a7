import json
from pathlib import Path
from typing import Any

from bench.quality import record

TODAY = "2026-11-22"


def told(path: Path) -> list[dict[str, Any]]:
    runs: list[dict[str, Any]] = json.loads(path.read_text())["runs"]
    return runs


def write(path: Path, *, method: str = "m-1", embedder: str = "", **figures: float) -> None:
    streams = [{"name": name, "f1": value} for name, value in figures.items()]
    record.write(path, method=method, embedder=embedder, measured_on=TODAY, streams=streams, robustness=None)


def test_a_stream_measured_again_takes_its_place_and_the_others_stay(tmp_path: Path) -> None:
    path = tmp_path / "measured.json"
    write(path, boats=0.5, lamps=0.25)
    write(path, boats=0.75)

    (run,) = told(path)

    assert [(stream["name"], stream["f1"]) for stream in run["streams"]] == [("boats", 0.75), ("lamps", 0.25)]


def test_another_method_leaves_nothing_of_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "measured.json"
    write(path, boats=0.5, lamps=0.25)
    write(path, method="m-2", boats=0.75)

    (run,) = told(path)

    assert (run["method"], [stream["name"] for stream in run["streams"]]) == ("m-2", ["boats"])


def test_embedders_stand_beside_each_other(tmp_path: Path) -> None:
    path = tmp_path / "measured.json"
    write(path, embedder="tiny", boats=0.5)
    write(path, boats=0.25)

    assert [run["embedder"] for run in told(path)] == ["", "tiny"]
