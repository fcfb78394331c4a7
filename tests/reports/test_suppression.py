"""What may be told of small counts."""

from collections import defaultdict
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.suppression import LEAST, Folded, alone, folded, part

COUNTS = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 30))


def test_counts_that_are_large_enough_are_told_as_they_are() -> None:
    assert folded({"en": 40, "es": 9}) == Folded({"en": 40, "es": 9}, None, 49)


def test_a_small_count_is_folded_with_the_smallest_of_the_others() -> None:
    assert folded({"es": 9, "en": 40, "ar": 2}) == Folded({"en": 40}, 11, 51)


def test_no_more_is_folded_than_must_be() -> None:
    assert folded({"form": 30, "api": 6, "import": 2}) == Folded({"form": 30}, 8, 38)


def test_small_counts_that_are_many_together_need_no_other() -> None:
    assert folded({"en": 40, "ar": 3, "zh": 2}) == Folded({"en": 40}, 5, 45)


def test_of_very_few_nothing_is_told() -> None:
    assert folded({"en": 3, "ar": 1}) == folded({}) == Folded({}, None, None)


@pytest.mark.parametrize(
    ("counts", "why"),
    [
        ({"a": 4, "b": 4, "c": 5}, "8 in two small cells is 4 and 4"),
        ({"a": 5, "b": 5, "c": 1}, "b shown would say that a is 5"),
    ],
)
def test_what_would_still_give_a_cell_away_is_folded_too(counts: dict[str, int], why: str) -> None:
    assert folded(counts).cells == {}, why


def test_a_count_among_others_is_told_where_the_others_are_enough() -> None:
    assert [part(count, 40) for count in (0, 4, 5, 35, 36, 40)] == [None, None, 5, 35, None, None]


def test_a_count_by_itself_is_told_from_five_on() -> None:
    assert [alone(count) for count in (0, 4, 5)] == [None, None, 5]


@given(COUNTS)
def test_no_small_count_is_told_and_all_adds_up(counts: dict[str, int]) -> None:
    told = folded(counts)

    assert all(count >= LEAST and counts[name] == count for name, count in told.cells.items())
    assert told.rest is None or told.rest >= LEAST
    assert told.total is None or sum(told.cells.values()) + (told.rest or 0) == sum(counts.values()) == told.total
    assert len(counts) - len(told.cells) != 1 or told.total is None


@pytest.mark.parametrize(("cells", "most"), [(2, 16), (3, 14), (4, 9)])
def test_whoever_knows_the_rule_cannot_say_what_a_folded_count_is(cells: int, most: int) -> None:
    """All tables of that size that are told alike hold at least two values in each cell that is not told."""
    alike = defaultdict(list)
    for sizes in product(range(most), repeat=cells):
        told = folded(dict(enumerate(sizes)))
        if told.total is not None and told.total < most:  # of larger totals not every table is tried
            alike[repr(told)].append(sizes)
    for tables in alike.values():
        for cell in set(range(cells)) - set(folded(dict(enumerate(tables[0]))).cells):
            assert len({sizes[cell] for sizes in tables}) > 1, tables
