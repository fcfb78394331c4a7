"""What is counted, and on which day."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.triage.surveillance.series import LAST, counts_of
from triage.surveillance.counts import Counts

lines = st.lists(
    st.tuples(
        st.integers(1, 3), st.integers(0, 12).map(lambda ago: LAST - timedelta(days=ago)), st.sampled_from("abc")
    ),
    max_size=30,
)


@settings(max_examples=40)
@given(told=lines, swaps=st.randoms(use_true_random=False))
def test_the_order_of_lines_does_not_matter(told: list[tuple[int, date, str]], swaps) -> None:  # type: ignore[no-untyped-def]
    shuffled = told.copy()
    swaps.shuffle(shuffled)

    one, other = (Counts.from_voices(each, [1, 2], last=LAST, days=10) for each in (told, shuffled))

    assert np.array_equal(one.voices, other.voices)
    assert np.array_equal(one.reports, other.reports)
    assert np.array_equal(one.first, other.first)


@settings(max_examples=40)
@given(told=lines)
def test_a_voice_counts_once_for_an_issue_however_often_it_speaks(told: list[tuple[int, date, str]]) -> None:
    counts = Counts.from_voices(told, [1, 2, 3], last=LAST, days=13)

    for row, thing in enumerate((1, 2, 3)):
        assert counts.voices[row].sum() == len({voice for issue, _, voice in told if issue == thing})
        assert counts.reports[row].sum() == sum(issue == thing for issue, _, _ in told)


def test_a_thing_is_there_from_its_first_day_on() -> None:
    told = [(1, LAST - timedelta(days=2), 1, 1)]

    counts = Counts.of(told, [1, 2], last=LAST, days=10)
    known = Counts.of(told, [1], last=LAST, days=10, first=[date(2020, 1, 1)])

    assert counts.first.tolist() == [7, 10]
    assert known.first.tolist() == [0]


def test_an_evening_knows_no_later_day() -> None:
    counts = counts_of(np.arange(10)[None], first=np.array([4]))

    evening = counts.until(6, 3)

    assert evening.voices.tolist() == [[4, 5, 6]]
    assert (evening.last, evening.first.tolist()) == (LAST - timedelta(days=3), [0])
    assert evening.weekdays[-1] == evening.last.weekday()


@pytest.mark.parametrize(("column", "days"), [(1, 3), (10, 3)])
def test_an_evening_has_all_its_days(column: int, days: int) -> None:
    with pytest.raises(ValueError, match="There are not"):
        counts_of(np.zeros((1, 10), dtype=np.int64)).until(column, days)


def test_nothing_told_is_an_empty_table() -> None:
    counts = Counts.of([], [], last=LAST, days=63)

    assert (len(counts), counts.days) == (0, 63)


def test_rows_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="a row a thing"):
        counts_of(np.zeros((2, 3), dtype=np.int64), first=np.zeros(3, dtype=np.int64))
