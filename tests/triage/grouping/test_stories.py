"""On an empty site: three accounts of one wrong output are one issue, a fourth about something else stays apart.

The accounts are our own. Each story is told in all 24 orders, for what is filed first is not ours to choose.
"""

import json
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from triage.background import demo_reports, fields_of
from triage.grouping.background import Background
from triage.grouping.fields import Fields
from triage.grouping.outcome import judge
from triage.grouping.scoring import issue_scores, score
from triage.grouping.vector import Vector, analyse

KEY = b"stories"
STORIES = json.loads((Path(__file__).parent / "stories.json").read_text())


@pytest.fixture(scope="module")
def background() -> Background:
    return Background.of(
        [analyse(fields_of(report), masks=report["artifact"].split("/"), key=KEY) for report in demo_reports()]
    )


def issues_of(vectors: list[Vector], background: Background) -> list[int]:
    """The issue of each report, filed one after the other on a site that held none."""
    issues: list[int] = []
    for place, vector in enumerate(vectors):
        similarities = score(vector, vectors[:place], background=background)
        outcome = judge(issue_scores(similarities, issues), source="form")
        issues.append(outcome.issue if outcome.verdict == "place" and outcome.issue is not None else place)
    return issues


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story["name"])
def test_three_accounts_of_one_output_are_one_issue_and_the_fourth_stays_apart(
    story: dict[str, Any], background: Background
) -> None:
    accounts = [Fields(**account) for account in (*story["same"], story["other"])]
    vectors = [analyse(account, masks=story["masks"], key=KEY) for account in accounts]

    for order in permutations(range(4)):
        found = dict(zip(order, issues_of([vectors[place] for place in order], background), strict=True))

        assert found[0] == found[1] == found[2] != found[3], order


def test_the_stories_are_many_and_in_four_languages() -> None:
    assert len(STORIES) >= 24
    assert {story["name"][:2] for story in STORIES} >= {"en", "zh", "es", "ar"}
