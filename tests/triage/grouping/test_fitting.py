"""Fitting finds what made the labels, the same each time, whatever the scale and however lopsided the pairs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from triage.grouping.fitting import capped, fit

WEIGHTS = np.array([6.0, 3.0, -2.0, 0.0])
BIAS = -4.0


def pairs(count: int, seed: int = 7) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Features, and labels drawn by a known model."""
    dice = np.random.default_rng(seed)
    values = dice.random((count, len(WEIGHTS)))
    chance = 1 / (1 + np.exp(-(values @ WEIGHTS + BIAS)))
    return values, dice.random(count) < chance


def test_the_model_that_made_the_labels_is_found() -> None:
    values, same = pairs(20_000)

    found = fit(values, same)

    assert found.weights == pytest.approx(WEIGHTS, abs=0.35)
    assert found.bias == pytest.approx(BIAS, abs=0.35)
    assert found.centre == pytest.approx(values[~same].mean(axis=0))


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000))
def test_signs_are_right_with_few_pairs_too(seed: int) -> None:
    found = fit(*pairs(800, seed))

    assert (np.sign(found.weights[:3]) == np.sign(WEIGHTS[:3])).all()
    assert abs(found.weights[3]) < min(abs(found.weights[:2]))


def test_twice_the_same() -> None:
    first, second = (fit(*pairs(500)) for _ in range(2))

    assert first.weights.tolist() == second.weights.tolist()
    assert first.bias == second.bias


def test_the_order_of_the_pairs_does_not_matter() -> None:
    values, same = pairs(500)
    order = np.random.default_rng(1).permutation(500)

    assert fit(values[order], same[order]).weights == pytest.approx(fit(values, same).weights)


def test_the_scale_of_a_feature_does_not_matter() -> None:
    values, same = pairs(500)
    scale = np.array([100.0, 0.01, 1.0, 1.0])

    assert fit(values * scale, same).weights * scale == pytest.approx(fit(values, same).weights)


def test_a_pair_that_counts_twice_is_a_pair_told_twice() -> None:
    values, same = pairs(300)
    twice = np.ones(300)
    twice[:50] = 2

    weighed = fit(values, same, importance=twice)
    told = fit(np.vstack([values, values[:50]]), np.append(same, same[:50]))

    assert weighed.weights == pytest.approx(told.weights)
    assert weighed.bias == pytest.approx(told.bias)


def test_a_feature_that_is_always_the_same_says_nothing() -> None:
    values, same = pairs(500)
    values[:, 1] = 0.3

    found = fit(values, same)

    assert found.weights[1] == pytest.approx(0, abs=1e-6)
    assert np.isfinite(found.weights).all()


def test_pairs_that_a_line_parts_wholly_still_give_numbers() -> None:
    values = np.linspace(0, 1, 40)[:, None]

    found = fit(values, values[:, 0] > 0.5)

    assert np.isfinite([*found.weights, found.bias]).all()
    assert found.weights[0] > 0


@pytest.mark.parametrize("same", [[True, True, True], [False, False, False]])
def test_pairs_of_one_kind_teach_nothing(same: list[bool]) -> None:
    with pytest.raises(ValueError, match="pairs that are not"):
        fit(np.eye(3), np.array(same))


def test_a_merge_of_two_large_issues_counts_for_no_more_than_is_allowed() -> None:
    groups = [1] * 100 + [2] * 3

    counts = capped(groups, most=10)

    assert counts[:100].sum() == pytest.approx(10)
    assert counts[100:].tolist() == [1, 1, 1]
    assert capped([], most=10).tolist() == []
