import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from reports.models import Placement
from reports.vocabulary import PlacedBy
from triage import measurements
from triage.acceptance import Acceptance, Share
from triage.measurements import Measurement
from triage.pages import quality

pytestmark = pytest.mark.django_db

FOUND = {"queries": 40, "recall_1": 0.61, "recall_5": 0.7, "recall_10": 0.84, "mrr": 0.7}
PLAIN = {"plain_recall_1": 0.5, "plain_recall_5": 0.6, "plain_recall_10": 0.79, "plain_mrr": 0.6}
PLACED = {"precision": 0.92, "recall": 0.8, "f1": 0.85, "f1_company": 0.76, "pair_f1": 0.5}
ALONE = {"alone_precision": 1.0, "alone_recall": 0.67, "alone_f1": 0.804, "alone_f1_company": 0.591, "alone_pair_f1": 0}
SHOWN = {"patterns": 13, "patterns_found": 0.31, "median_to_pattern": None, "alert_precision": 0.88}
STREAMS: list[dict[str, Any]] = [
    {"name": "eclipse", "level": "issue", "source": "form", "reports": 2079, **FOUND, **PLAIN},
    {"name": "eclipse.thin", "level": "issue", "source": "form", "reports": 1546, **PLACED, **ALONE, **SHOWN},
    {"name": "invented.ar", "level": "issue", "source": "form", "reports": 160, **FOUND, **PLAIN},
    {"name": "kites", "level": "theme", "source": "form", "reports": 77, **PLACED, **ALONE, "patterns": 0},
]
ROBUSTNESS = {
    "recall_10": {"clean": 0.84, "typos": 0.82, "look_alikes_all": 0.83},
    "copies": {"filed": 100, "same_voice": 99, "same_issue": 100},
}


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def told(*runs: Measurement) -> None:
        monkeypatch.setattr(quality, "measurements", lambda: list(runs))

    return told


METHOD = "m-2"


def run(*, method: str = METHOD, embedder: str = "", **changes: Any) -> Measurement:
    values: dict[str, Any] = {"streams": tuple(STREAMS), "robustness": ROBUSTNESS, **changes}
    return Measurement(method, embedder, "2026-11-22", **values)


def page(client: Client) -> str:
    """The words of the page, without its tags."""
    response = client.get("/quality/")
    assert response.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def test_the_engine_stands_beside_the_simplest_way(client: Client, measured: Any) -> None:
    measured(run())

    words = page(client)

    assert "Bug reports on a development tool (Eclipse) 40 asked 61% plain 50% 84% plain 79%" in words
    assert "1,546 reports 92% 80% 85% alone 80% 76% alone 59%" in words
    assert "31% of 13 half never did 88%" in words
    assert METHOD in words
    assert "22 Nov 2026" in words


def test_levels_and_languages_stand_apart(client: Client, measured: Any) -> None:
    measured(run())

    response = client.get("/quality/")

    assert [level["level"] for level in response.context["levels"]] == ["issue", "theme"]
    assert [row["words"] for row in response.context["levels"][1]["placing"]] == ["kites"]
    assert [row["words"] for row in response.context["languages"]] == ["Reports invented for this: Arabic"]


def test_what_spoiling_costs_is_counted_from_the_clean_text(client: Client, measured: Any) -> None:
    measured(run())

    response = client.get("/quality/")

    assert [row["lost"] for row in response.context["changes"]] == [None, 2, 1]
    assert "Of 100 copies of five reports" in page(client)


def test_figures_of_another_method_are_not_passed_off_as_ours(
    client: Client, measured: Any, file: Any, make_issue: Any
) -> None:
    measured(run(method="m-1"))
    assert "has not been measured yet" not in page(client)

    Placement.objects.create(report=file(grouped=False), issue=make_issue(), by=PlacedBy.ENGINE, method=METHOD)

    assert f"This site runs {METHOD} , which has not been measured yet." in page(client)


def test_an_embedder_is_shown_beside_none_and_by_its_name_alone(client: Client, measured: Any, settings: Any) -> None:
    settings.EMBEDDER = "onnx:/srv/models/tiny"
    better: list[dict[str, Any]] = [{**STREAMS[0], "recall_10": 0.88}]
    measured(run(), run(embedder="tiny", streams=tuple(better)))

    words = page(client)

    assert "Embedder tiny" in words
    assert "found among the ten most alike 84% 88%" in words
    assert "/srv" not in words


def test_nothing_measured_says_so(client: Client, measured: Any) -> None:
    measured()

    assert "Nothing has been measured yet." in page(client)


def test_answers_too_few_are_not_told(client: Client, measured: Any) -> None:
    measured(run())

    assert "People on this site have answered too few suggestions to tell." in page(client)


def test_answers_are_told_as_shares(client: Client, measured: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    measured(run())
    monkeypatch.setattr(quality, "acceptance", lambda: Acceptance(Share(85, 50), None, Share(5, 200)))

    words = page(client)

    assert "about 85% of the suggestions marked “likely” were taken of 50 or more" in words
    assert "“possible”" not in words


def test_the_committed_file_holds_numbers_and_names_alone() -> None:
    if not measurements.FILE.exists():
        pytest.skip("nothing was measured")
    runs = json.loads(measurements.FILE.read_text())["runs"]

    assert runs
    for each in runs:
        assert set(each) == {"embedder", "method", "measured_on", "streams", "robustness"}
        for figures in each["streams"]:
            words = {name for name, value in figures.items() if isinstance(value, str)}
            assert words <= {"name", "level", "source", "measured_on"}
            assert all(Path(figures["name"]).name == figures["name"] for _ in words)
