"""What the engine's codes say to people: words and bands, and never a number."""

from typing import Any

import pytest

from triage import explanations
from triage.explanations import Reason
from triage.grouping.features import MEANING, NAMES


def reasons(**told: Any) -> dict[str, Any]:
    weights = told.pop("weights", {})
    features = [{"name": name, "weight": weight} for name, weight in weights.items()]
    return {"by": "text", "features": features, "turns": {}, "score": 0.5, "threshold": 0.4, **told}


def test_every_feature_of_the_engine_has_its_words() -> None:
    assert {*NAMES, MEANING, "quote", "disagreement"} == set(explanations.FEATURES)


def test_features_are_told_with_their_sign_the_strongest_first() -> None:
    found = explanations.told(reasons(weights={"words": 0.2, "title": -0.3, "quote": 0.5, "moon_phase": -0.1}))

    assert found == [
        Reason("The same passage quoted", 0.5),
        Reason("Summaries say other things", -0.3),
        Reason("Words in common, rare ones count more", 0.2),
        Reason("Something else that differs", -0.1),
    ]


def test_what_said_next_to_nothing_is_left_out() -> None:
    found = explanations.told(reasons(weights={"words": 0.98, "rare": 0.029, "crowd": -0.029, "pieces": 0.03}))

    assert [reason.words for reason in found] == [
        "Words in common, rare ones count more",
        "Words spelt alike, piece by piece",
    ]


def test_what_the_first_method_told_still_reads() -> None:
    older = {"features": [{"name": name, "weight": weight} for name, weight in OLDER.items()]}

    assert explanations.told(older) == [
        Reason("Words in common, rare ones count more", 0.6),
        Reason("Summaries alike", 0.1),
        Reason("Another kind of failure", -0.1),
        Reason("Same version", 0.1),
    ]
    assert explanations.turns(older, placed=True) == []
    assert explanations.verdict(older, placed=False, name="likely") == "Likely, not sure enough to be placed by itself"
    assert explanations.verdict(older, placed=False, name="possible") == "Possible, to be judged by a person"


OLDER = {"words": 0.6, "quote": 0.0, "title": 0.5, "kind": 0.0, "version": 1.0}


@pytest.mark.parametrize(
    ("score", "words"),
    [
        (0.41, "Sure enough, but only a person may place it there"),
        (0.33, "Almost sure enough to be placed by itself"),
        (0.21, "More than half way to being placed by itself"),
        (0.19, "Far from sure enough to be placed by itself"),
    ],
)
def test_a_suggestion_says_how_far_it_was_from_joining(score: float, words: str) -> None:
    assert explanations.verdict(reasons(score=score), placed=False, name="possible") == words
    assert explanations.verdict(reasons(score=score), placed=True) == "Sure enough to be placed by the engine"


@pytest.mark.parametrize(
    ("score", "near", "close"), [(0.0, False, False), (0.019, False, False), (0.1, True, False), (0.4, True, True)]
)
def test_the_runner_up_is_told_in_bands(score: float, near: bool, close: bool) -> None:
    told = reasons(runner_up=7, runner_up_score=score)

    assert (explanations.came_near(told), explanations.is_close_behind(told)) == (near, close)
    assert not explanations.came_near(reasons(runner_up=None, runner_up_score=0.0))


@pytest.mark.parametrize(
    ("weight", "instead", "placed", "sentence"),
    [
        (0.5, "suggest", True, "Without the same quoted passage it would only have been suggested."),
        (0.5, "open", True, "Without the same quoted passage it would have opened an issue of its own."),
        (0.5, "elsewhere", True, "Without the same quoted passage another issue would have come first."),
        (0.5, "open", False, "Without the same quoted passage nothing would have been suggested."),
        (-0.5, "place", False, "Without the lack of a quoted passage the engine would have placed it by itself."),
    ],
)
def test_what_would_have_changed_the_answer(weight: float, instead: str, placed: bool, sentence: str) -> None:
    assert explanations.turns(reasons(weights={"quote": weight}, turns={"quote": instead}), placed=placed) == [sentence]


def test_only_the_strongest_hinges_are_told() -> None:
    weights = {"words": 0.1, "pieces": 0.3, "title": 0.2, "rare": 0.4, "crowd": -0.05}

    told = explanations.turns(reasons(weights=weights, turns=dict.fromkeys(weights, "open")), placed=False)

    assert told == [
        "Without the rare words in common nothing would have been suggested.",
        "Without the words spelt alike nothing would have been suggested.",
        "Without what the summaries share nothing would have been suggested.",
    ]


def test_an_answer_that_hung_on_nothing_says_so() -> None:
    assert explanations.turns(reasons(), placed=True) == ["Nothing alone would have changed it."]
    assert explanations.turns(reasons(turns={"moon_phase": "open"}), placed=True) == [
        "Nothing alone would have changed it."
    ]


@pytest.mark.parametrize("by", ["copy", "rule", "confirmation", "constraint"])
def test_each_fixed_rule_has_its_sentence(by: str) -> None:
    assert explanations.rule({"by": by}).endswith(".")
    assert explanations.rule({"by": "text"}) == explanations.rule({}) == ""
