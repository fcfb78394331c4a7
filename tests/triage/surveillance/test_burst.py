"""Bursts, and what is none."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tests.triage.surveillance.series import LAST, PLAIN, apart, counts_of, quiet, steady
from triage.signals.habits import NEVER
from triage.surveillance.baseline import ALARM_DAY_WEIGHT, SERIES_DAYS, WINDOWS, Usual
from triage.surveillance.burst import BARS, LEAST_VOICES, Judged, bursts, judge, quantile, tail
from triage.surveillance.counts import Whole

seeds = st.integers(0, 2**32 - 1)


def judged(voices: Whole, artifacts: Whole | None = None, usual: Usual = PLAIN) -> Judged:
    return judge(counts_of(voices), apart(len(voices)) if artifacts is None else artifacts, usual)


@settings(max_examples=40)
@given(least=st.integers(0, 200), mean=st.floats(0.01, 100), size=st.floats(0.05, 500))
def test_the_tail_is_scipys(least: int, mean: float, size: float) -> None:
    ours = tail(np.array([least]), np.array([mean]), np.array([size]))[0]

    assert ours == pytest.approx(stats.nbinom.sf(least - 1, size, size / (size + mean)), rel=1e-8, abs=1e-300)


def test_no_burst_is_so_large_that_a_level_of_nothing_is_met() -> None:
    assert tail(np.array([10**6]), np.array([0.1]), np.array([0.3]))[0] > NEVER


@settings(max_examples=40)
@given(share=st.floats(0.01, 0.99), mean=st.floats(0.01, 100), size=st.floats(0.05, 500))
def test_the_quantile_is_scipys(share: float, mean: float, size: float) -> None:
    assert quantile(share, mean, size) == stats.nbinom.ppf(share, size, size / (size + mean))


def drawn(random: np.random.Generator, draws: int, baseline_voices: float, exposure: float, window: float) -> Whole:
    """Counts of a window whose rate is what the baseline lets believe: gamma with half a pseudo-voice."""
    return random.poisson(random.gamma(baseline_voices + 0.5, window / exposure, draws))


def agrees_with_draws(draws: int) -> None:
    usual = Usual(np.ones(7), (1.0, 1.0, 1.0))
    voices = steady(1, a_week=2)
    voices[0, -1] = 4
    found = judged(voices, usual=usual)
    random = np.random.default_rng(8)
    for at, window in enumerate(WINDOWS):
        share = (drawn(random, draws, 16, 56, window) >= found.observed[0, at]).mean()
        error = np.sqrt(found.p[0, at] * (1 - found.p[0, at]) / draws)
        assert abs(share - found.p[0, at]) < 4 * error


def test_p_is_the_share_of_draws_that_are_as_large() -> None:
    agrees_with_draws(20_000)


@pytest.mark.long
def test_p_is_the_share_of_a_million_draws_that_are_as_large() -> None:
    agrees_with_draws(10**6)


@settings(max_examples=40)
@given(seed=seeds, ago=st.integers(0, 6), more=st.integers(1, 9))
def test_more_voices_in_the_last_week_are_never_less_of_a_burst(seed: int, ago: int, more: int) -> None:
    voices = quiet(np.random.default_rng(seed), 8)
    louder = voices.copy()
    louder[3, SERIES_DAYS - 1 - ago] += more

    before, after = (judged(each, np.zeros(8, dtype=np.int64)).best for each in (voices, louder))

    assert after[3] <= before[3]


@settings(max_examples=20)
@given(seed=seeds)
def test_the_order_of_rows_does_not_matter(seed: int) -> None:
    random = np.random.default_rng(seed)
    voices, artifacts = quiet(random, 12), random.integers(0, 4, 12)
    order = random.permutation(12)

    one, other = judged(voices, artifacts), judged(voices[order], artifacts[order])

    assert np.allclose(one.p[order], other.p)
    assert np.allclose(one.expected[order], other.expected)


@settings(max_examples=40)
@given(rates=st.lists(st.integers(2, 5), min_size=10, max_size=30), days=st.integers(1, 14))
def test_a_launch_that_multiplies_everything_by_eight_is_no_burst(rates: list[int], days: int) -> None:
    voices = np.tile(np.array(rates)[:, None], (1, SERIES_DAYS))
    voices[:, -days:] *= 8

    together = judged(voices, np.zeros(len(rates), dtype=np.int64))
    alone = judged(voices)

    assert (together.best > BARS.alarm).all()
    assert days > 7 or (alone.best <= BARS.alarm).all()


def test_a_burst_does_not_excuse_itself_by_its_own_volume() -> None:
    voices = steady(6)
    voices[0, -3:] = 5

    found = judged(voices, np.zeros(6, dtype=np.int64))

    assert found.best[0] <= BARS.alarm
    assert (found.best[1:] == 1).all()
    assert (found.launch[0] == 1).all()


def test_two_voices_are_a_coincidence_and_three_are_not() -> None:
    voices = np.zeros((2, SERIES_DAYS), dtype=np.int64)
    voices[0, -1], voices[1, -1] = LEAST_VOICES - 1, LEAST_VOICES

    assert judged(voices).best[0] == 1
    assert judged(voices).best[1] <= BARS.alarm


def test_what_is_young_has_no_past_to_stand_out_from() -> None:
    voices = np.zeros((2, SERIES_DAYS), dtype=np.int64)
    voices[:, -2:] = 9
    since = np.array([SERIES_DAYS - 2, SERIES_DAYS - 7 - 14])

    found = judge(counts_of(voices, first=since), apart(2), PLAIN)

    assert found.best[0] == 1
    assert found.best[1] <= BARS.alarm


def test_zeros_ties_and_nothing_at_all() -> None:
    nothing = judged(np.zeros((0, SERIES_DAYS), dtype=np.int64))
    zeros = judged(np.zeros((3, SERIES_DAYS), dtype=np.int64))
    alike = steady(3)
    alike[:, -1] = 6

    assert (len(nothing.best), len(nothing.ratio)) == (0, 0)
    assert zeros.best.tolist() == [1, 1, 1]
    assert [each.thing for each in bursts(counts_of(alike), judged(alike), PLAIN, [7, 3, 5])] == [7, 3, 5]


def test_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="63 days"):
        judged(np.zeros((1, 1), dtype=np.int64))


def test_a_burst_brings_its_numbers() -> None:
    voices = steady(2)
    voices[1, -2:] = (4, 5)
    counts = counts_of(voices, voices + 1)

    (found,) = bursts(counts, judge(counts, apart(2), PLAIN), PLAIN, [10, 20])

    assert (found.thing, found.tier, found.window_days) == (20, "alarm", 3)
    assert (found.observed, found.reports, found.since) == (9, 12, LAST - timedelta(days=1))
    assert found.expected == pytest.approx(8.5 / 56 * 3)
    assert found.ratio == pytest.approx(9 / found.expected)
    assert found.band[0] <= found.expected <= found.band[1] < 9
    assert found.is_alone
    assert not found.is_possible_campaign


def test_a_possible_campaign_is_watched_and_not_alarmed() -> None:
    voices = steady(1)
    voices[0, -7:] += 2
    reports = voices.copy()
    reports[0, -7:] += 1000
    counts = counts_of(voices, reports)

    (found,) = bursts(counts, judge(counts, apart(1), PLAIN), PLAIN, [1])

    assert (found.tier, found.is_possible_campaign) == ("watch", True)
    assert found.p <= BARS.alarm


def test_copies_of_one_day_do_not_silence_a_week() -> None:
    voices = steady(1, a_week=2)
    voices[0, -7:] = 6
    reports = voices.copy()
    reports[0, -1] = 60
    counts = counts_of(voices, reports)

    found = judge(counts, apart(1), PLAIN)

    assert found.is_campaign.tolist() == [[True, True, False]]
    assert found.best_unheld[0] <= BARS.alarm


def test_a_past_burst_does_not_hide_the_next() -> None:
    voices = steady(1)
    voices[0, 10:30] += 5
    voices[0, -3:] += 4
    weights = np.ones(voices.shape)
    weights[0, 10:30] = ALARM_DAY_WEIGHT
    counts = counts_of(voices)

    assert judge(counts, apart(1), PLAIN).best[0] > BARS.alarm
    assert judge(counts, apart(1), PLAIN, weights).best[0] <= BARS.alarm


def test_sundays_are_expected_to_be_quiet() -> None:
    week = np.array([1.2, 1.2, 1.2, 1.2, 1.2, 0.6, 0.4])
    voices = steady(1, a_week=7)
    voices[0, -1] = 4

    plain, known = (judged(voices, usual=usual) for usual in (PLAIN, Usual(week, (1.5, 1.5, 1.5))))

    assert known.expected[0, 0] == pytest.approx(0.4 * plain.expected[0, 0])
    assert known.p[0, 0] < plain.p[0, 0]
