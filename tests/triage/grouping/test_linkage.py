"""Average link over points, by words alone and by words and meaning."""

import numpy as np
import pytest
from numpy.typing import NDArray

from triage.grouping.linkage import Groups, Points, centred, merges, moves, nearest
from triage.grouping.postings import Bags


def points(*texts: dict[int, int], meanings: list[list[float]] | None = None) -> Points:
    """A point a text: {term: weight}, all terms equally telling."""
    terms = np.array([term for text in texts for term in text], dtype=np.int32)
    weights = np.array([weight for text in texts for weight in text.values()], dtype=np.uint8)
    owners = np.repeat(np.arange(len(texts)), [len(text) for text in texts])
    space = None if meanings is None else np.array(meanings, dtype=np.float64)
    return Points.of(Bags(terms, weights, owners, len(texts)), np.ones(len(terms)), np.arange(len(texts)), space)


def pairs(mean: float, *others: float) -> NDArray[np.float64]:
    """Three groups of one: likeness of 0 and 1, 0 and 2, 1 and 2."""
    second, third = others
    return np.array([[1, mean, second], [mean, 1, third], [second, third, 1]])


ONES = np.array([1, 1, 1])


def test_the_mean_likeness_of_groups_is_that_of_all_pairs_of_their_members() -> None:
    crowd = points({1: 3, 2: 1}, {1: 1, 3: 2}, {2: 2, 3: 1}, {4: 1})
    each = Groups.each(crowd)
    single = each.sums(each)

    groups = Groups.of(crowd, np.array([0, 0, 1, 1]), 2)

    assert groups.means(groups)[0, 1] == pytest.approx(single[:2, 2:].mean())
    assert groups.means(groups)[0, 0] == pytest.approx(single[:2, :2].mean())
    assert each.selves() == pytest.approx(np.diag(single))


def test_an_issue_s_reports_count_for_as_much_as_one() -> None:
    bags = Bags.unpack([b"\x01\0\0\0\x09", b"\x02\0\0\0\x05", b"\x01\0\0\0\x01"])

    crowd = Points.of(bags, np.ones(3), np.array([0, 0, 1]))
    each = Groups.each(crowd)

    assert each.means(each)[0, 1] == pytest.approx(0.5)


def test_words_alone_weigh_the_same_by_the_levels_for_both() -> None:
    texts = ({1: 1, 2: 1}, {1: 1, 3: 1}, {1: 1, 4: 1})
    by_words = points(*texts)
    mixed = points(*texts, meanings=[[1, 0], [1, 0], [0, 0]])

    plain = Groups.each(by_words).means(Groups.each(by_words))
    means = Groups.each(mixed).means(Groups.each(mixed))

    assert plain[0, 2] / by_words.levels.join == pytest.approx(means[0, 2] / mixed.levels.join)
    assert means[0, 1] == pytest.approx(0.4 * plain[0, 1] + 0.6)


def test_what_all_reports_of_a_site_mean_tells_nothing() -> None:
    alike = np.array([[0.8, 0.6], [0.8, -0.6], [0, 0]])

    apart = centred(alike, np.array([0.8, 0.0]) * 10_000, 10_000)

    assert float(alike[0] @ alike[1]) > 0.2
    assert float(apart[0] @ apart[1]) < -0.9
    assert not apart[2].any()


def test_the_nearest_is_the_first_of_the_best_if_it_is_near_enough() -> None:
    assert nearest(np.array([0.1, 0.3, 0.3]), 0.2) == 1
    assert nearest(np.array([0.1, 0.3, 0.3]), 0.4) is None
    assert nearest(np.array([]), 0.0) is None


def test_the_younger_goes_into_the_older_and_the_best_pair_comes_first() -> None:
    assert list(merges(pairs(0.5, 0.0, 0.9), ONES, 0.2)) == [(1, 2), (0, 1)]


def test_a_chain_of_likenesses_is_no_theme() -> None:
    assert list(merges(pairs(0.5, 0.0, 0.39), ONES, 0.3)) == [(0, 1)]  # 2 is like 1, but not like both


def test_groups_nobody_is_like_stay_apart() -> None:
    assert list(merges(pairs(0.1, 0.1, 0.1), ONES, 0.2)) == []
    assert list(merges(np.ones((1, 1)), ONES[:1], 0.2)) == []


def test_a_member_moves_where_it_is_more_at_home() -> None:
    sums = np.array([[0.1, 0.9], [0.3, 0.9]])  # to its own two, and to a group of three

    assert list(moves(sums, np.array([0, 0]), np.array([2, 3]), 0.1)) == [(0, 1)]


def test_nobody_moves_to_a_pair_or_leaves_when_alone() -> None:
    assert list(moves(np.array([[0.1, 0.9]]), np.array([0]), np.array([2, 2]), 0.1)) == []
    assert list(moves(np.array([[0.0, 0.9]]), np.array([0]), np.array([1, 3]), 0.1)) == []
