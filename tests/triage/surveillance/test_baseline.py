"""What is usual."""

import numpy as np
import pytest

from tests.triage.surveillance.series import PLAIN, counts_of, quiet, steady, weights_of
from triage.surveillance.baseline import (
    ALARM_DAY_WEIGHT,
    ASSUMED_DISPERSION,
    MOST_DISPERSION,
    Baseline,
    Usual,
    dispersion,
    weekday_factors,
)


def test_the_last_week_is_not_in_the_baseline() -> None:
    voices = steady(2)
    louder = voices.copy()
    louder[:, -7:] += 50

    before, after = (Baseline.of(counts_of(each), PLAIN) for each in (voices, louder))

    assert np.array_equal(before.rate, after.rate)
    assert before.voices.tolist() == [8, 8]
    assert before.rate == pytest.approx([8.5 / 56] * 2)


def test_days_before_a_thing_was_there_are_no_days_without_voices() -> None:
    voices = np.ones((1, 63), dtype=np.int64)
    voices[:, :28] = 0

    baseline = Baseline.of(counts_of(voices, first=np.array([28])), PLAIN)

    assert (baseline.days.tolist(), baseline.exposure.tolist()) == ([28], [28.0])
    assert baseline.rate == pytest.approx([28.5 / 28])


def test_days_of_past_alarms_weigh_little() -> None:
    voices = steady(1)
    voices[0, 20:30] += 10
    weights = weights_of(voices)
    weights[0, 20:30] = ALARM_DAY_WEIGHT

    plain, weighed = (Baseline.of(counts_of(voices), PLAIN, each) for each in (None, weights))

    assert plain.rate[0] > 10 * 8.5 / 56
    assert weighed.rate[0] < 3 * 8.5 / 56


def test_what_lasts_becomes_usual_in_the_end() -> None:
    voices = np.full((1, 63), 3)
    weights = np.full(voices.shape, ALARM_DAY_WEIGHT)

    assert Baseline.of(counts_of(voices), PLAIN, weights).rate == pytest.approx([3], rel=0.05)


@pytest.mark.parametrize("rate", [0.05, 0.2, 2.0])
@pytest.mark.parametrize(("clumps", "window"), [(1.0, 1), (1.5, 1), (1.5, 7), (3.0, 3)])
def test_dispersion_is_found_however_quiet_the_issues_are(rate: float, clumps: float, window: int) -> None:
    random = np.random.default_rng(4)
    shape = (3000, 56)
    size = rate / (clumps - 1) if clumps > 1 else 0
    voices = random.poisson(rate, shape) if clumps == 1 else random.negative_binomial(size, 1 / clumps, shape)

    assert dispersion(voices, np.ones(56), window) == pytest.approx(clumps, rel=0.12)


def test_a_few_issues_tell_no_dispersion_and_a_storm_is_capped() -> None:
    calm, storm = np.zeros((3, 56), dtype=np.int64), np.zeros((100, 56), dtype=np.int64)
    storm[:, 10] = 1000

    assert dispersion(calm, np.ones(56), 1) == ASSUMED_DISPERSION
    assert dispersion(storm, np.ones(56), 1) == pytest.approx(MOST_DISPERSION, abs=0.01)


def test_weekdays_are_found() -> None:
    random = np.random.default_rng(5)
    week = np.array([1.2, 1.2, 1.2, 1.2, 1.2, 0.5, 0.5])

    factors = weekday_factors(random.poisson(200 * np.tile(week, 8)).astype(float), np.arange(56) % 7)

    assert factors == pytest.approx(week, abs=0.1)
    assert factors.mean() == pytest.approx(1)


def test_a_site_without_voices_has_weekdays_alike() -> None:
    for voices in (np.zeros((0, 63), dtype=np.int64), np.zeros((5, 63), dtype=np.int64)):
        usual = Usual.of(counts_of(voices))

        assert usual.weekdays.tolist() == [1.0] * 7
        assert usual.dispersion == (ASSUMED_DISPERSION,) * 3


def test_what_was_down_weighted_tells_nothing_about_dispersion() -> None:
    voices = quiet(np.random.default_rng(6), 400)
    stormy = voices.copy()
    stormy[:50, 5] += 30
    weights = weights_of(voices)
    weights[:50, 5] = ALARM_DAY_WEIGHT

    calm, storm, weighed = (
        Usual.of(counts_of(each), share).dispersion[0]
        for each, share in ((voices, None), (stormy, None), (stormy, weights))
    )

    assert storm > 2 > weighed
    assert weighed == pytest.approx(calm, rel=0.1)
