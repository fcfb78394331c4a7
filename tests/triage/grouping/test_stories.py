"""On an empty site: three accounts of one wrong output are one issue, a fourth about something else stays apart.

The accounts are our own. Each story is told in all 24 orders, for what is filed first is not ours to choose.
"""

import json
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from tests.arrivals import Arrival, Site
from triage.background import demo_reports, fields_of
from triage.grouping.background import Background
from triage.grouping.fields import Fields
from triage.grouping.vector import analyse

KEY = b"stories"
STORIES = json.loads((Path(__file__).parent / "stories.json").read_text())


@pytest.fixture(scope="module")
def background() -> Background:
    return Background.of(
        [analyse(fields_of(report), masks=report["artifact"].split("/"), key=KEY) for report in demo_reports()]
    )


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story["name"])
def test_three_accounts_of_one_output_are_one_issue_and_the_fourth_stays_apart(
    story: dict[str, Any], background: Background
) -> None:
    accounts = [
        Arrival.of(str(number), Fields(**account), masks=story["masks"], secret=KEY)
        for number, account in enumerate((*story["same"], story["other"]))
    ]

    for order in permutations(accounts):
        site = Site(background)
        for account in order:
            site.take(account)

        found = site.issues
        assert found["0"] == found["1"] == found["2"] != found["3"], [account.key for account in order]


def test_the_stories_are_many_and_in_four_languages() -> None:
    assert len(STORIES) == 28
    assert {story["name"][:2] for story in STORIES} >= {"en", "zh", "es", "ar"}
