"""The budget makes stricter, never looser."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from triage.surveillance.budget import level_within, most_a_week
from triage.surveillance.counts import Real
from triage.surveillance.episodes import episodes
from triage.surveillance.tiers import Bars


def history(seed: int, weeks: int = 52, issues: int = 300) -> tuple[Real, Real]:
    random = np.random.default_rng(seed)
    return random.random((weeks * 7, issues)), np.full((weeks * 7, issues), 3.0)


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32 - 1), budget=st.floats(0.1, 50))
def test_a_tier_is_never_looser_than_its_own_level(seed: int, budget: float) -> None:
    p, ratio = history(seed, weeks=8, issues=50)

    assert 0 <= level_within(budget, p, ratio, 0.01) <= 0.01


def test_quiet_history_within_the_budget_leaves_the_level() -> None:
    p, ratio = history(1)

    assert level_within(1000, p, ratio, 0.001) == 0.001


def test_what_would_exceed_the_budget_is_tightened_until_it_fits() -> None:
    p, ratio = history(2)

    level = level_within(0.5, p, ratio, 0.001)

    later, ratios = history(3)
    assert 0 < level < 0.001
    assert episodes(p <= 0.001, ratio).sum() > 52
    assert episodes(later <= level, ratios).sum() / 52 <= 0.5


def test_a_smaller_budget_is_no_looser() -> None:
    p, ratio = history(4)

    levels = [level_within(budget, p, ratio, 0.001) for budget in (0.01, 0.1, 0.5, 1, 2)]

    assert levels == sorted(levels)
    assert levels[0] == 0


def test_no_history_says_nothing() -> None:
    assert level_within(5, np.zeros((0, 4)), np.zeros((0, 4)), 0.001) == 0.001


@settings(max_examples=40)
@given(alarms=st.integers(0, 500), weeks=st.floats(1, 100))
def test_the_upper_limit_is_the_exact_one_of_a_poisson_count(alarms: int, weeks: float) -> None:
    limit = most_a_week(alarms, weeks)

    assert stats.poisson.cdf(alarms, limit * weeks) == pytest.approx(0.01)


@pytest.mark.parametrize(("watch", "alarm"), [(0.001, 0.005), (0.5, 0.0), (1.0, 0.1)])
def test_an_alarm_takes_more_than_a_watch(watch: float, alarm: float) -> None:
    with pytest.raises(ValueError, match="takes more"):
        Bars(watch=watch, alarm=alarm)


@settings(max_examples=40)
@given(alarms=st.integers(0, 500), weeks=st.floats(0.1, 200), sure=st.floats(0.5, 0.999))
def test_the_most_a_week_is_scipys(alarms: int, weeks: float, sure: float) -> None:
    assert most_a_week(alarms, weeks, sure) == pytest.approx(stats.chi2.ppf(sure, 2 * (alarms + 1)) / 2 / weeks)
