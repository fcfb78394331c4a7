"""Blocks added up give what scoring every report one by one gives."""

import numpy as np
import pytest

from triage.grouping import postings
from triage.grouping.postings import Bags, Block, Query, add_up, best, invert, look_up, rarity, without
from triage.grouping.vector import TERM


def packed(weights: dict[int, int]) -> bytes:
    """A report as it is stored: the weight of each term."""
    return np.array(sorted(weights.items()), dtype=TERM).tobytes()


def invented(count: int, seed: int = 1) -> list[bytes]:
    chance = np.random.default_rng(seed)
    return [
        packed({int(term): int(chance.integers(1, 220)) for term in chance.integers(-40, 40, size=12)})
        for _ in range(count)
    ]


def query_of(stored: bytes, bags: Bags, total: int) -> Query:
    asked = np.frombuffer(stored, dtype=TERM)
    terms = np.ascontiguousarray(asked["hash"], dtype=np.int32)
    return Query.of(terms, asked["weight"], rarity(look_up(terms, *bags.counts()), total))


def test_blocks_of_two_segments_add_up_to_what_each_report_has_in_common_with_the_query() -> None:
    reports = invented(50)
    bags, first, second = (Bags.unpack(part) for part in (reports, reports[:20], reports[20:]))
    query = query_of(reports[7], bags, 50)
    asked = [
        (block, offset)
        for segment, offset in ((first, 0), (second, 20))
        for block in invert(segment)
        if block.term in query.terms
    ]

    places, sums = add_up([block for block, _ in asked], [offset for _, offset in asked], query, total=50)

    dots = query.dots(bags)
    assert places.tolist() == np.flatnonzero(dots).tolist()
    np.testing.assert_allclose(sums, dots[places])


def test_a_report_is_as_long_as_its_weighted_terms() -> None:
    bags = Bags.unpack([packed({1: 30, 2: 40}), b"", packed({2: 10})])

    assert bags.norms(np.ones(3)).tolist() == [50.0, 0.0, 10.0]


def test_bytes_that_are_no_terms_are_refused() -> None:
    with pytest.raises(ValueError, match="buffer size"):
        Bags.unpack([b"1234"])


def test_blocks_stand_in_the_order_of_their_terms_and_positions_in_theirs() -> None:
    blocks = list(invert(Bags.unpack([packed({5: 1, -3: 2}), packed({5: 3})])))

    assert [block.term for block in blocks] == [-3, 5]
    assert np.frombuffer(blocks[1].positions, dtype="<u2").tolist() == [0, 1]
    assert list(blocks[1].weights) == [1, 3]


def test_a_segment_that_positions_cannot_number_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postings, "LARGEST", 2)

    with pytest.raises(ValueError, match="at most 2"):
        next(invert(Bags.unpack([b"", b"", b""])))


def test_a_position_can_be_taken_out_of_a_block() -> None:
    block = Block(9, np.array([2, 7, 8], dtype="<u2").tobytes(), bytes([20, 70, 80]))

    left = without(block, 7)

    assert np.frombuffer(left.positions, dtype="<u2").tolist() == [2, 8]
    assert (list(left.weights), left.count) == ([20, 80], 2)
    assert without(block, 3).positions == block.positions


def test_the_words_that_can_add_most_are_asked_for_within_a_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postings, "_MOST_POSTINGS", 100)
    query = Query(np.array([1, 2, 3], dtype=np.int32), np.array([5.0, 9.0, 7.0]), np.zeros(3, dtype=np.bool_))

    assert query.narrowed(np.array([10, 60, 40])).terms.tolist() == [2, 3]
    assert query.narrowed(np.array([10, 999, 40])).terms.tolist() == [2]
    assert query.narrowed(np.array([1, 1, 1])).worth.tolist() == [9.0, 7.0, 5.0]


def test_a_page_in_another_language_does_not_push_out_the_title_nor_what_can_be_found() -> None:
    foreign, known = np.arange(100), np.array([100, 101])  # rare, worth more each, and long
    terms = np.concatenate([foreign, known]).astype(np.int32)
    worth = np.concatenate([np.full(100, 9.0), [1.0, 2.0]])
    is_titled = terms == 100

    elsewhere = Query(terms, worth, is_titled).narrowed(np.concatenate([np.full(100, 1), [50, 50]]))
    nowhere = Query(terms, worth, is_titled).narrowed(np.concatenate([np.full(100, 0), [50, 50]]))

    assert 100 in elsewhere.terms
    assert nowhere.terms[:2].tolist() == [101, 100]


def test_ties_go_to_the_lower_id_at_the_cut_too() -> None:
    ids = np.array([9, 4, 7, 2], dtype=np.int64)
    scores = np.array([1.0, 3.0, 1.0, 1.0])

    assert ids[best(ids, scores, 2)].tolist() == [4, 2]
    assert ids[best(ids, scores, 9)].tolist() == [4, 2, 7, 9]
    assert ids[best(ids, scores, 0)].tolist() == []


def test_the_commonest_word_still_counts_and_an_unknown_one_counts_most() -> None:
    common, rare, unknown = rarity(np.array([10, 1, 0]), 10)

    assert 0 < common < rare < unknown
    assert rarity(np.array([12]), 10) == common  # counted at different times


def test_an_empty_query_finds_nothing() -> None:
    nothing = query_of(b"", Bags.unpack([]), 0)

    assert nothing.dots(Bags.unpack(invented(3))).tolist() == [0, 0, 0]
    assert add_up([], [], nothing.narrowed(np.empty(0, dtype=np.int64)), total=3)[0].tolist() == []
