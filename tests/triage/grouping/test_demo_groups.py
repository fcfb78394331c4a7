"""Grouping of the demo content is pinned: every change of it shows in review."""

import json
from pathlib import Path

import pytest

from triage.background import demo_reports, fields_of
from triage.grouping.background import Background
from triage.grouping.outcome import judge
from triage.grouping.scoring import issue_scores, score
from triage.grouping.vector import analyse

KEY = b"demo"
DEMO = Path(__file__).parents[3] / "triage" / "demo"
TRUE_GROUPS = json.loads((Path(__file__).parents[2] / "fixtures" / "demo_groups.json").read_text())
DERIVED = {"fine_tuned_from", "quantised_from", "merged_from"}


def families() -> dict[str, str]:
    """The root of each artifact's family."""
    parents = {
        f"{artifact['org']}/{artifact['name']}": next(
            (link["parent"] for link in artifact["lineage"] if link["relation"] in DERIVED), None
        )
        for artifact in json.loads((DEMO / "artifacts.json").read_text())
    }
    roots = {}
    for name in parents:
        root = name
        while parent := parents.get(root):
            root = parent
        roots[name] = root
    return roots


def masks() -> dict[str, list[str]]:
    return {
        f"{artifact['org']}/{artifact['name']}": [
            f"{artifact['org']}/{artifact['name']}",
            *(value for value in (artifact["title"], artifact["developer"], artifact["deployer"]) if value),
            *artifact["aliases"],
        ]
        for artifact in json.loads((DEMO / "artifacts.json").read_text())
    }


@pytest.fixture(scope="module")
def found() -> dict[str, int]:
    """The issue each demo report ends in, filed in the order of their days."""
    reports = sorted(demo_reports(), key=lambda report: (-report["days_ago"], report["at"]))
    names, roots = masks(), families()
    vectors = [
        analyse(
            fields_of(report),
            masks=[*names.get(report["artifact"], []), report.get("version", "")],
            key=KEY,
        )
        for report in reports
    ]
    background = Background.of(vectors)
    issues: list[int] = []
    for place, report in enumerate(reports):
        family = roots.get(report["artifact"], report["artifact"])
        known = [at for at in range(place) if roots.get(reports[at]["artifact"], reports[at]["artifact"]) == family]
        similarities = score(vectors[place], [vectors[at] for at in known], background=background)
        outcome = judge(
            issue_scores(similarities, [issues[at] for at in known]),
            source="form",
            may_place=report["artifact"] != "unknown",
        )
        issues.append(outcome.issue if outcome.verdict == "place" and outcome.issue is not None else place)
    return dict(zip((report["source_key"] for report in reports), issues, strict=True))


def b_cubed(found: dict[str, int], true: dict[str, str]) -> tuple[float, float]:
    """Precision and recall, averaged over reports."""
    precision = recall = 0.0
    for key in true:
        together = {other for other in true if found[other] == found[key]}
        belonging = {other for other in true if true[other] == true[key]}
        precision += len(together & belonging) / len(together)
        recall += len(together & belonging) / len(belonging)
    return precision / len(true), recall / len(true)


def test_no_demo_report_lands_in_a_wrong_issue(found: dict[str, int]) -> None:
    precision, _ = b_cubed(found, TRUE_GROUPS)

    assert precision == 1.0


def test_most_demo_reports_find_their_like(found: dict[str, int]) -> None:
    _, recall = b_cubed(found, TRUE_GROUPS)

    assert round(recall, 2) == 0.71
