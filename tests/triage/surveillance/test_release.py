"""Before and since a release."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from triage.surveillance.release import Change, Span, change, p_of_rate, p_of_share, ratio_interval

TODAY = date(2026, 11, 1)
spans = st.builds(
    lambda voices, others, days: Span(voices, voices + others, days),
    st.integers(0, 60),
    st.integers(0, 200),
    st.integers(1, 90),
)


@settings(max_examples=40)
@given(before=spans, since=spans)
def test_both_tests_are_scipys(before: Span, since: Span) -> None:
    table = [
        [since.voices, since.all_voices - since.voices],
        [before.voices, before.all_voices - before.voices],
    ]

    fisher = stats.fisher_exact(table, alternative="greater").pvalue
    share = since.days / (since.days + before.days)
    total = since.voices + before.voices
    binomial = stats.binomtest(since.voices, total, share, alternative="greater").pvalue if total else 1.0

    assert p_of_share(before, since) == pytest.approx(fisher, rel=1e-6)
    assert p_of_rate(before, since) == pytest.approx(binomial, rel=1e-6)
    assert 0 <= p_of_share(before, since) <= 1


@settings(max_examples=40)
@given(before=spans, since=spans)
def test_the_interval_is_that_of_clopper_and_pearson(before: Span, since: Span) -> None:
    low, high = ratio_interval(before, since)
    total = before.voices + since.voices

    if total:
        exact = stats.binomtest(since.voices, total).proportion_ci(method="exact")
        days = before.days / since.days
        assert low == pytest.approx(exact.low / (1 - exact.low) * days if exact.low < 1 else np.inf)
        assert high == pytest.approx(exact.high / (1 - exact.high) * days if exact.high < 1 else np.inf, rel=1e-6)
    else:
        assert (low, high) == (0, np.inf)


@settings(max_examples=40)
@given(before=spans, since=spans)
def test_one_voice_more_is_never_less_of_a_change(before: Span, since: Span) -> None:
    more = Span(since.voices + 1, since.all_voices + 1, since.days)

    assert change(before, more, TODAY).p <= change(before, since, TODAY).p * (1 + 1e-9)


def test_a_launch_is_no_change_and_a_quiet_week_neither() -> None:
    before = Span(10, 100, 50)

    launched = change(before, Span(24, 240, 15), TODAY)
    quieter = change(before, Span(4, 4, 20), TODAY)

    assert launched.p_rate < 0.001 < launched.p_share
    assert quieter.p_share < 0.001 < quieter.p_rate
    assert (launched.tier(), quieter.tier()) == (None, None)


@settings(max_examples=40)
@given(before=spans, since=spans, restless=st.floats(1, 5))
def test_clumps_are_never_more_of_a_change(before: Span, since: Span, restless: float) -> None:
    plain, clumped = change(before, since, TODAY), change(before, since, TODAY, restless)

    assert clumped.p_rate >= plain.p_rate * (1 - 1e-9) or plain.ratio < 1
    assert (clumped.observed, clumped.expected, clumped.ratio) == (plain.observed, plain.expected, plain.ratio)


def test_two_voices_are_a_coincidence() -> None:
    assert change(Span(0, 400, 400), Span(2, 2, 1), TODAY).tier() is None


def test_nothing_before_has_no_ratio() -> None:
    first = change(Span(0, 50, 50), Span(9, 20, 14), TODAY)

    assert (first.ratio, first.interval[1], first.tier()) == (np.inf, np.inf, "alarm")
    assert change(Span(0, 0, 5), Span(0, 0, 5), TODAY) == Change(0, 0, 1, (0, np.inf), 1, 1, TODAY)


def agrees_with_draws(draws: int) -> None:
    random = np.random.default_rng(2)
    before, since = Span(12, 120, 56), Span(7, 30, 14)
    rate = (random.binomial(19, 14 / 70, draws) >= 7).mean()
    share = (random.hypergeometric(19, 131, 30, draws) >= 7).mean()
    for ours, drawn in ((p_of_rate(before, since), rate), (p_of_share(before, since), share)):
        assert abs(ours - drawn) < 4 * np.sqrt(ours * (1 - ours) / draws)


def test_both_tests_agree_with_draws() -> None:
    agrees_with_draws(20_000)


@pytest.mark.long
def test_both_tests_agree_with_a_million_draws() -> None:
    agrees_with_draws(10**6)


@pytest.mark.parametrize(("voices", "everything", "days"), [(3, 2, 5), (-1, 2, 5), (1, 2, 0)])
def test_a_span_that_cannot_be_is_refused(voices: int, everything: int, days: float) -> None:
    with pytest.raises(ValueError, match="a span lasts"):
        Span(voices, everything, days)
