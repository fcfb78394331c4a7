"""Cells that stand out of their table, and those that only seem to."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from triage.surveillance.counts import Whole
from triage.surveillance.disproportionality import (
    Cells,
    Told,
    codes_of,
    dispersion,
    disproportions,
    expectation,
    information_component,
    mid_p,
)

DAY = date(2026, 11, 1).toordinal()
whole = st.integers(0, 400)
means = st.floats(0.01, 200)


def told(table: Whole, issues: Whole | None = None) -> Told:
    """A line for each cell of (rows, columns, strata); its issue is its place in the table unless told otherwise."""
    rows, columns, strata = (code.ravel() for code in np.indices(table.shape))
    behind = np.arange(table.size) if issues is None else issues.ravel()
    return Told(rows, columns, strata, behind, np.full(table.size, DAY), table.ravel())


def background(random: np.random.Generator, rows: int = 20, columns: int = 12, total: int = 4000) -> Whole:
    shares = random.dirichlet(np.full(rows, 3.0))[:, None] * random.dirichlet(np.full(columns, 3.0))
    return random.poisson(shares[:, :, None] * total / 2, (rows, columns, 2))


@settings(max_examples=40)
@given(observed=whole, expected=means)
def test_the_interval_is_that_of_scipys_gamma(observed: int, expected: float) -> None:
    ic, low, high = information_component(np.array([observed]), np.array([expected]))

    posterior = stats.gamma(observed + 0.5, scale=1 / (expected + 0.5))
    assert low[0] == pytest.approx(np.log2(posterior.ppf(0.025)), rel=1e-8, abs=1e-8)
    assert high[0] == pytest.approx(np.log2(posterior.ppf(0.975)), rel=1e-8, abs=1e-8)
    assert low[0] < high[0]
    assert ic[0] == pytest.approx(np.log2((observed + 0.5) / (expected + 0.5)))


@settings(max_examples=40)
@given(observed=whole, expected=means, clumps=st.sampled_from([1.0, 1.3, 3.0]))
def test_mid_p_is_scipys_tail_and_half_the_point(observed: int, expected: float, clumps: float) -> None:
    size = expected / (clumps - 1) if clumps > 1 else 0
    count = stats.nbinom(size, 1 / clumps) if clumps > 1 else stats.poisson(expected)

    ours = mid_p(np.array([observed]), np.array([expected]), clumps)[0]

    assert ours == pytest.approx(count.sf(observed) + count.pmf(observed) / 2, rel=1e-7, abs=1e-290)


@settings(max_examples=40)
@given(observed=whole, expected=means, clumps=st.floats(1, 5))
def test_more_voices_where_as_many_are_expected_stand_out_more(observed: int, expected: float, clumps: float) -> None:
    both, mean = np.array([observed, observed + 1]), np.array([expected, expected])

    ic, low, _ = information_component(both, mean, clumps)
    p = mid_p(both, mean, clumps)

    assert ic[1] > ic[0]
    assert low[1] > low[0]
    assert p[1] <= p[0]


def agrees_with_draws(draws: int) -> None:
    random = np.random.default_rng(3)
    p = mid_p(np.array([9]), np.array([4.0]))[0]
    counts = random.poisson(4.0, draws)
    share = (counts > 9).mean() + (counts == 9).mean() / 2
    assert abs(share - p) < 4 * np.sqrt(p / draws)
    _, low, high = information_component(np.array([9]), np.array([4.0]))
    rates = np.log2(random.gamma(9.5, 1 / 4.5, draws))
    for end, share in ((low[0], 0.025), (high[0], 0.975)):
        assert abs((rates <= end).mean() - share) < 4 * np.sqrt(share * (1 - share) / draws)


def test_p_and_interval_agree_with_draws() -> None:
    agrees_with_draws(20_000)


@pytest.mark.long
def test_p_and_interval_agree_with_a_million_draws() -> None:
    agrees_with_draws(10**6)


def test_the_false_discovery_rate_is_controlled_as_benjamini_and_hochberg_say() -> None:
    table = background(np.random.default_rng(1)).sum(axis=2)
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()

    cells = Cells.judge(table, expected)

    ordered = np.sort(cells.p.ravel())
    adjusted = np.minimum.accumulate((ordered * len(ordered) / np.arange(1, len(ordered) + 1))[::-1])[::-1]
    assert np.sort(cells.q.ravel()) == pytest.approx(np.minimum(adjusted, 1))


def test_a_cell_told_of_three_times_as_often_alarms_and_says_why() -> None:
    table = background(np.random.default_rng(2), total=20_000)
    row, column = 4, 6
    table[row, column] *= 3
    table[row, column] += 20

    first = disproportions(told(table), 20, 12)[0]

    assert (first.row, first.column, first.tier) == (row, column, "alarm")
    assert first.observed == table[row, column].sum()
    assert first.interval[0] > 0
    assert first.interval[0] < first.ic < first.interval[1]
    assert [voices for _, voices in first.drivers] == sorted(table[row, column].tolist(), reverse=True)
    assert first.since == date(2026, 11, 1)


def test_one_issue_that_makes_a_cell_is_shown_to() -> None:
    table = background(np.random.default_rng(5))
    table[3, 3] += 60
    issues = np.arange(table.size).reshape(table.shape)
    issues[3, 3] = 99_999

    first = disproportions(told(table, issues), 20, 12)[0]

    assert (first.row, first.column, first.drivers[0][0]) == (3, 3, 99_999)
    assert first.low_without_first < 0 < first.interval[0]


def test_a_month_in_which_everybody_speaks_of_one_thing_makes_no_signal() -> None:
    random = np.random.default_rng(6)
    means = np.full((20, 12, 2), 16.0)
    means[:3, :, 1], means[3:, :, 0] = 2.0, 2.0  # three artifacts are told of in the first month
    means[:, 0, 0] *= 6  # and everybody speaks of one kind in it
    table = random.poisson(means)
    flat = table.sum(axis=2, keepdims=True)

    by_month, crude = (Cells.of(told(each), 20, 12).alarms().sum() for each in (table, flat))

    assert by_month == 0
    assert crude >= 3


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_order_of_lines_does_not_matter(seed: int) -> None:
    random = np.random.default_rng(seed)
    lines = told(background(random, 6, 5, 300))
    order = random.permutation(len(lines.rows))
    shuffled = lines.where(order)

    assert disproportions(lines, 6, 5) == disproportions(shuffled, 6, 5)


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32 - 1))
def test_what_is_expected_adds_up_to_what_is_told(seed: int) -> None:
    table = background(np.random.default_rng(seed), 6, 5, 300)

    expected = expectation(told(table), 6, 5)

    assert expected.sum() == pytest.approx(table.sum())
    assert expected.sum(axis=0) == pytest.approx(table.sum(axis=(0, 2)))


def test_quiet_tables_hardly_ever_alarm() -> None:
    random = np.random.default_rng(7)

    alarms = [Cells.of(told(background(random)), 20, 12).alarms().any() for _ in range(60)]

    assert sum(alarms) <= 12  # one in ten at most; a larger count has a chance of 0.002


def test_clumps_are_found_and_excuse_no_signal() -> None:
    random = np.random.default_rng(8)
    clumped = random.negative_binomial(12.0, 1 / 1.5, (40, 30))
    raised = clumped.copy()
    raised[[3, 5, 7], [1, 2, 3]] = 60

    quiet, restless = (
        dispersion(table, np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()) for table in (clumped, raised)
    )

    assert quiet == pytest.approx(1.5, abs=0.2)
    assert restless == pytest.approx(quiet, abs=0.2)
    assert Cells.judge(raised, np.full((40, 30), 6.0)).alarms()[[3, 5, 7], [1, 2, 3]].all()


@pytest.mark.parametrize("shape", [(0, 0), (1, 1), (3, 2)])
def test_empty_tables_and_tables_of_one_cell(shape: tuple[int, int]) -> None:
    nothing = told(np.zeros((*shape, 1), dtype=np.int64))
    one = told(np.full((*shape, 1), 5))

    assert disproportions(nothing, *shape) == []
    assert disproportions(one, *shape) == []


def test_codes_are_numbers_from_0_on() -> None:
    codes, values = codes_of([])

    assert (codes.tolist(), values) == ([], [])
