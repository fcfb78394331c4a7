"""From scores to a verdict."""

import pytest

from triage.grouping.outcome import MOST_SUGGESTIONS, judge
from triage.grouping.thresholds import thresholds


def test_the_best_issue_is_joined_from_the_threshold_on() -> None:
    row = thresholds("form")

    joined, apart = (judge([(1, row.place + change)], source="form") for change in (0.0, -0.001))

    assert (joined.verdict, joined.issue) == ("place", 1)
    assert (apart.verdict, apart.issue) == ("suggest", 1)


def test_what_is_joined_is_not_suggested_too() -> None:
    outcome = judge([(1, 0.9), (2, 0.4)], source="form")

    assert outcome.verdict == "place"
    assert [proposal.issue for proposal in outcome.suggestions] == [2]
    assert (outcome.runner_up, outcome.runner_up_score) == (2, 0.4)


def test_where_all_issues_look_alike_likeness_says_less() -> None:
    alone = judge([(1, 0.4)], source="form")
    crowded = judge([(issue, 0.4) for issue in range(1, 20)], source="form")

    assert alone.verdict == "place"
    assert crowded.verdict == "suggest"
    assert crowded.threshold > alone.threshold


def test_scanners_and_imports_need_more_than_people() -> None:
    verdicts = [judge([(1, 0.45)], source=source).verdict for source in ("form", "import", "scanner")]

    assert verdicts == ["place", "suggest", "open"]


def test_reports_on_an_unknown_artifact_are_never_joined() -> None:
    outcome = judge([(1, 1.0)], source="form", may_place=False)

    assert outcome.verdict == "suggest"
    assert outcome.suggestions[0].band == "likely"


def test_suggestions_are_few_best_first_and_in_bands() -> None:
    outcome = judge([(issue, 0.26 - issue / 100) for issue in range(12)], source="form", may_place=False)

    assert len(outcome.suggestions) == MOST_SUGGESTIONS
    assert [proposal.issue for proposal in outcome.suggestions] == [0, 1, 2, 3, 4]
    assert {proposal.band for proposal in outcome.suggestions} <= {"likely", "possible"}


def test_nothing_near_opens_an_issue() -> None:
    outcome = judge([(1, 0.01)], source="form")

    assert (outcome.verdict, outcome.suggestions) == ("open", ())


def test_a_combination_nobody_measured_is_refused() -> None:
    with pytest.raises(KeyError):
        thresholds("form", embedder="some/folder")
