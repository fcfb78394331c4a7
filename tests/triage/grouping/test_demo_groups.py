"""Grouping of the demo content is pinned, report by report: every change of it shows in review."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.arrivals import Arrival, Site
from triage.background import DEMO, demo_reports, fields_of
from triage.grouping.background import Background
from triage.grouping.vector import analyse

KEY = b"demo"
FIXTURES = Path(__file__).parents[2] / "fixtures"
TRUE_GROUPS: dict[str, str] = json.loads((FIXTURES / "demo_groups.json").read_text())
# Each report and the issue it stands in, an issue being named by the report that opened it. A change of the engine that
# moves a report changes a line here: look at both texts, and then write down what the failing test says.
PINNED: dict[str, str] = json.loads((FIXTURES / "demo_issues.json").read_text())
DERIVED = {"fine_tuned_from", "quantised_from", "merged_from"}
ARTIFACTS: dict[str, dict[str, Any]] = {
    f"{each['org']}/{each['name']}": each for each in json.loads((DEMO / "artifacts.json").read_text())
}


def family_of(name: str) -> str | None:
    """The root of the artifact's family."""
    if name == "unknown":
        return None
    links = ARTIFACTS[name]["lineage"] if name in ARTIFACTS else []
    parent = next((link["parent"] for link in links if link["relation"] in DERIVED), None)
    return family_of(parent) if parent else name


def masks_of(report: dict[str, Any]) -> list[str]:
    """The names that stand in the report's fields, as ``triage.reading`` blanks them."""
    known = ARTIFACTS.get(report["artifact"], {"title": "", "developer": "", "deployer": "", "aliases": []})
    values = [*report["artifact"].split("/"), known["title"], known["developer"], known["deployer"], report["artifact"]]
    values += [*known["aliases"], report.get("version", "")]
    values += [part for name in report.get("also_affects", []) for part in (name, *name.split("/"))]
    return [value for value in values if value]


@pytest.fixture(scope="module")
def found() -> dict[str, str]:
    """The issue each demo report ends in, filed in the order of their days."""
    reports = sorted(demo_reports(), key=lambda report: (-report["days_ago"], report["at"]))
    site = Site(
        Background.of([analyse(fields_of(each), masks=each["artifact"].split("/"), key=KEY) for each in reports])
    )
    for each in reports:
        site.take(
            Arrival.of(
                each["source_key"],
                fields_of(each),
                masks=masks_of(each),
                secret=KEY,
                family=family_of(each["artifact"]),
                rule=each.get("rule_id", ""),
            )
        )
    return site.issues


def b_cubed(found: dict[str, str], true: dict[str, str]) -> tuple[float, float]:
    """Precision and recall, averaged over reports."""
    precision = recall = 0.0
    for key in true:
        together = {other for other in true if found[other] == found[key]}
        belonging = {other for other in true if true[other] == true[key]}
        precision += len(together & belonging) / len(together)
        recall += len(together & belonging) / len(belonging)
    return precision / len(true), recall / len(true)


def test_no_demo_report_lands_in_a_wrong_issue(found: dict[str, str]) -> None:
    precision, _ = b_cubed(found, TRUE_GROUPS)

    assert precision == 1.0


def test_most_demo_reports_find_their_like(found: dict[str, str]) -> None:
    _, recall = b_cubed(found, TRUE_GROUPS)

    assert round(recall, 3) == 0.731


def test_every_demo_report_stands_where_it_stood(found: dict[str, str], tmp_path: Path) -> None:
    now = tmp_path / "demo_issues.json"
    now.write_text(json.dumps(dict(sorted(found.items())), indent=1) + "\n")

    moved = {key: f"{PINNED.get(key)} → {issue}" for key, issue in found.items() if PINNED.get(key) != issue}

    assert not moved, f"as it is now: {now}"
    assert PINNED.keys() == found.keys()
