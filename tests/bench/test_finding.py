import pytest

from bench.quality.finding import finding
from bench.quality.plain import ranked


def test_only_reports_with_an_earlier_mate_are_asked() -> None:
    truth = {"a": "x", "b": "y", "c": "x", "d": "y"}

    told = finding(truth, {"a": [], "b": ["a"], "c": ["b", "a"], "d": ["c"]})

    assert told is not None
    assert (told.queries, told.recall_1, told.recall_5, told.mrr) == (2, 0.0, 0.5, 0.25)


def test_a_list_that_looks_ahead_is_refused() -> None:
    with pytest.raises(ValueError, match="came later"):
        finding({"a": "x", "b": "x"}, {"a": ["b"]})


def test_nothing_to_be_found_is_no_score() -> None:
    assert finding({"a": "x", "b": "y"}, {}) is None


def test_plain_words_rank_by_what_is_rare_and_know_earlier_texts_alone() -> None:
    texts = ["the lamp is red", "the boat is red", "the lamp hums", "the boat", "lamp"]

    told = ranked(texts, of=[2, 3, 4], count=2)

    assert told == {2: [0, 1], 3: [1, 2], 4: [2, 0]}
