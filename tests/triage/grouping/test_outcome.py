"""From probabilities of pairs to what is done with a report."""

from random import Random

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from triage.grouping.method import GROWN, Thresholds, shipped
from triage.grouping.outcome import MOST_SUGGESTIONS, Bounds, Policy, issue_scores

BARS = Thresholds(likely=0.4, possible=0.1, young=0.2)
shares = st.floats(0, 1)
ids = st.integers(1, 12)
scored = st.lists(st.tuples(ids, shares), max_size=12, unique_by=lambda pair: pair[0]).map(
    lambda pairs: sorted(pairs, key=lambda pair: (-pair[1], pair[0]))
)
some_issues = st.frozensets(ids, max_size=4)
any_bounds = st.builds(Bounds, barred=some_issues, closed=some_issues, touched=some_issues)


def test_the_best_issue_is_joined_from_the_threshold_on() -> None:
    joined, apart = (Policy(BARS).judge([(1, score)]) for score in (0.4, 0.399))

    assert (joined.verdict, joined.issue, joined.threshold) == ("place", 1, 0.4)
    assert (apart.verdict, apart.issue) == ("suggest", 1)


def test_what_is_joined_is_not_suggested_too() -> None:
    outcome = Policy(BARS).judge([(1, 0.9), (2, 0.41), (3, 0.2)])

    assert outcome.verdict == "place"
    assert [(proposal.issue, proposal.band) for proposal in outcome.suggestions] == [(2, "likely"), (3, "possible")]
    assert (outcome.runner_up, outcome.runner_up_score) == (2, 0.41)


def test_people_look_at_what_joined_an_issue_they_have_judged() -> None:
    policy = Policy(BARS, Bounds(touched={1}))

    assert policy.judge([(1, 0.9)]).needs_look
    assert not policy.judge([(2, 0.9), (1, 0.8)]).needs_look
    assert not policy.judge([(1, 0.3)]).needs_look


def test_an_issue_said_not_to_be_the_same_is_as_if_it_were_not_there() -> None:
    outcome = Policy(BARS, Bounds(barred={1, 3})).judge([(1, 0.99), (2, 0.5), (3, 0.45), (4, 0.3)])

    assert (outcome.verdict, outcome.issue, outcome.runner_up) == ("place", 2, 4)
    assert [proposal.issue for proposal in outcome.suggestions] == [4]


def test_a_closed_issue_is_suggested_and_the_next_is_not_joined_in_its_stead() -> None:
    outcome = Policy(BARS, Bounds(closed={1})).judge([(1, 0.99), (2, 0.5)])

    assert outcome.verdict == "suggest"
    assert [proposal.issue for proposal in outcome.suggestions] == [1, 2]


def test_scanners_and_imports_need_more_than_people() -> None:
    for known in (0, GROWN):
        bars = [shipped().thresholds[source].among(known) for source in ("form", "import", "scanner")]

        assert [Policy(row).judge([(1, 0.6)]).verdict for row in bars] == ["place", "suggest", "suggest"]


def test_reports_on_an_unknown_artifact_are_never_joined() -> None:
    outcome = Policy(BARS, may_place=False).judge([(1, 1.0)])

    assert outcome.verdict == "suggest"
    assert outcome.suggestions[0].band == "likely"


def test_suggestions_are_few_and_best_first() -> None:
    outcome = Policy(BARS, may_place=False).judge([(issue, 0.45 - issue / 100) for issue in range(12)])

    assert [proposal.issue for proposal in outcome.suggestions] == list(range(MOST_SUGGESTIONS))


def test_nothing_near_opens_an_issue() -> None:
    outcome = Policy(BARS).judge([(1, 0.01)])

    assert (outcome.verdict, outcome.suggestions) == ("open", ())


@given(scored, any_bounds, st.booleans())
def test_whatever_people_said_binds(scores: list[tuple[int, float]], bounds: Bounds, may_place: bool) -> None:
    outcome = Policy(BARS, bounds, may_place).judge(scores)
    suggested = {proposal.issue for proposal in outcome.suggestions}

    assert not {outcome.issue, outcome.runner_up, *suggested} & set(bounds.barred)
    assert len(suggested) == len(outcome.suggestions) <= MOST_SUGGESTIONS
    assert all(proposal.score >= BARS.possible for proposal in outcome.suggestions)
    if outcome.verdict == "place":
        assert may_place
        assert outcome.issue not in {*bounds.closed, *suggested}
        assert outcome.score >= BARS.likely
        assert outcome.needs_look == (outcome.issue in bounds.touched)
    else:
        assert not outcome.needs_look
        assert bool(suggested) == (outcome.verdict == "suggest")


@given(scored, any_bounds, st.floats(0, 1))
def test_a_higher_score_never_parts_what_a_lower_one_joined(
    scores: list[tuple[int, float]], bounds: Bounds, more: float
) -> None:
    before = Policy(BARS, bounds).judge(scores)
    assume(before.verdict == "place")
    (issue, score) = next(pair for pair in scores if pair[0] == before.issue)
    raised = [(issue, min(1.0, score + more)), *(pair for pair in scores if pair[0] != issue)]

    after = Policy(BARS, bounds).judge(sorted(raised, key=lambda pair: (-pair[1], pair[0] != issue)))

    assert (after.verdict, after.issue) == ("place", before.issue)


@given(st.lists(st.tuples(shares, ids), max_size=30), st.dictionaries(ids, st.integers(0, 40)), st.randoms())
def test_an_issue_is_never_liker_than_its_likest_report(
    pairs: list[tuple[float, int]], sizes: dict[int, int], random: Random
) -> None:
    probabilities, issues = np.array([each for each, _ in pairs]), [issue for _, issue in pairs]
    scores = issue_scores(probabilities, issues, sizes)

    assert {issue for issue, _ in scores} == set(issues)
    for issue, score in scores:
        assert 0 <= score <= max(each for each, owner in pairs if owner == issue) + 1e-12
    assert scores == sorted(scores, key=lambda pair: (-pair[1], pair[0]))
    random.shuffle(pairs)
    again = issue_scores(np.array([each for each, _ in pairs]), [issue for _, issue in pairs], sizes)
    assert again == scores


def test_an_issue_scores_the_mean_of_its_best_three() -> None:
    probabilities = np.array([0.75, 0.5, 0.25, 0.125, 0.625])

    assert issue_scores(probabilities, [1, 1, 1, 1, 2], {1: 4, 2: 1}) == [(2, 0.625), (1, 0.5)]


def test_a_report_of_the_issue_that_is_not_near_counts_as_not_alike() -> None:
    probabilities = np.array([0.9, 0.8, 0.9])

    assert dict(issue_scores(probabilities, [1, 2, 2], {1: 40, 2: 2})) == pytest.approx({1: 0.3, 2: 0.85})


def test_an_issue_whose_size_nobody_knows_is_as_large_as_what_is_seen_of_it() -> None:
    assert dict(issue_scores(np.array([0.9, 0.5]), [1, 1], {})) == pytest.approx({1: 0.7})


def test_equal_issues_stand_in_the_order_of_their_ids() -> None:
    assert [issue for issue, _ in issue_scores(np.array([0.5, 0.5, 0.5]), [9, 3, 7], {})] == [3, 7, 9]


def test_no_reports_no_issues() -> None:
    assert issue_scores(np.zeros(0), [], {}) == []
