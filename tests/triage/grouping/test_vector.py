"""Vectors: the same for the same words, different for another key, small, and whole again after packing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage.grouping.fields import LONGEST_FIELD, NAMES, Fields
from triage.grouping.pool import Pool
from triage.grouping.vector import TITLED, Vector, analyse, digest

KEY = b"k" * 32
texts = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=200)
any_fields = st.builds(Fields, texts, texts, texts, texts, texts)


def vector(**texts: str) -> Vector:
    return analyse(Fields(**texts), masks=[], key=KEY)


def same(one: Vector, other: Vector) -> bool:
    parts = ("terms", "weights", "runs", "grams", "gram_weights")
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in parts)


@pytest.mark.parametrize("text", ["", "🙂", "the and of", "…!?"])
def test_a_text_that_says_nothing_has_no_terms(text: str) -> None:
    assert len(vector(happened=text).terms) == 0


def test_twenty_thousand_characters_are_capped() -> None:
    long = vector(happened="word".join(str(number) for number in range(6000))[:20_000])

    assert len(long.terms) <= 400
    assert len(long.runs) <= 384


def test_a_long_prompt_does_not_push_the_rest_out() -> None:
    long = vector(title="wrong capital", prompt="filler " * 3000)

    assert set(vector(title="wrong capital").terms) <= set(long.terms)


def test_stack_traces_are_cut_to_their_first_lines() -> None:
    trace = "\n".join(f"    at com.example.Class{number}.method(Class.java:{number})" for number in range(40))

    cut = vector(happened=f"It crashed\n{trace}\nand then stopped")

    assert set(vector(happened="it crashed and then stopped").terms) <= set(cut.terms)
    assert len(cut.terms) < 20


def test_long_code_blocks_are_cut_and_what_follows_stays() -> None:
    code = "\n".join(f"variable{number} = compute{number}()" for number in range(50))

    cut = vector(happened=f"Look:\n```python\n{code}\n```\ncatastrophic result")

    assert set(vector(happened="catastrophic result").terms) <= set(cut.terms)
    assert len(cut.terms) < 20


def test_only_code_is_still_something() -> None:
    assert len(vector(happened="```\nrm -rf storage\n```").terms) == 3


def test_look_alike_letters_make_the_same_vector() -> None:
    clean = vector(happened="the chatbot recommended a dangerous dosage to patients")
    disguised = vector(happened="the chаtbоt recоmmended a dаngerоus dosаge to pаtiеnts")

    assert same(clean, disguised)


def test_invisible_characters_make_the_same_vector() -> None:
    assert same(vector(happened="dangerous dosage"), vector(happened="dan\u200bgerous \u202edos\u00adage\u202c"))


def test_names_leave_no_trace() -> None:
    named = analyse(Fields(title="Kimi K2 says harbour"), masks=["moonshot/kimi-k2"], key=KEY)

    assert same(named, vector(title="says harbour"))


def test_another_key_makes_another_vector() -> None:
    other = analyse(Fields(title="dangerous dosage"), masks=[], key=b"other")

    assert not set(vector(title="dangerous dosage").terms) & set(other.terms)


def test_quoted_and_told_runs_are_the_same_run_differently_marked() -> None:
    quoted = vector(happened='It said "bleach cures fever".').runs
    told = vector(happened="bleach cures fever").runs

    assert set(told & ~3) <= set(quoted & ~3)
    assert not (told & 1).any()
    assert (quoted & 1).any()


def test_copies_share_a_digest_whatever_their_spacing_and_case() -> None:
    assert digest(Fields(title="A  b", happened="C")) == digest(Fields(title="a B", happened="c\n"))
    assert digest(Fields(title="ab")) != digest(Fields(happened="ab"))


def test_a_term_of_the_title_is_marked_and_one_told_below_is_not() -> None:
    made = vector(title="wrong dosage", happened="harbour")
    in_title = set(made.terms[(made.weights & TITLED) > 0].tolist())

    assert in_title == set(vector(title="wrong dosage").terms.tolist())
    assert len(made.terms) == 3


def test_pieces_of_the_longest_texts_are_bounded() -> None:
    long = vector(**dict.fromkeys(NAMES, " ".join(f"{number}x{number}" for number in range(5000))))

    assert len(long.grams) <= 800
    assert sum(map(len, long.to_bytes())) < 8_000


def test_a_field_is_capped_by_itself() -> None:
    assert len(vector(happened="a1 " * LONGEST_FIELD).terms) == 1


@settings(deadline=None)
@given(any_fields)
def test_vectors_are_sorted_unique_and_whole_after_packing(fields: Fields) -> None:
    made = analyse(fields, masks=[fields.prompt], key=KEY)

    assert (np.diff(made.terms.astype(np.int64)) > 0).all()
    assert (np.diff(made.runs.astype(np.int64)) > 0).all()
    assert (np.diff(made.grams.astype(np.int64)) > 0).all()
    assert (made.weights > 0).all()
    assert (made.gram_weights > 0).all()
    assert same(made, Vector.from_bytes(*made.to_bytes()))


@settings(deadline=None)
@given(st.lists(any_fields, max_size=5))
def test_a_pool_unpacked_is_the_pool_of_its_vectors(all_fields: list[Fields]) -> None:
    vectors = [analyse(fields, masks=[], key=KEY) for fields in all_fields]
    packed = [each.to_bytes() for each in vectors]

    pool = Pool.unpack(*([each[part] for each in packed] for part in range(3)))

    assert len(pool) == pool.bags.count == len(vectors)
    for owner, each in enumerate(vectors):
        assert pool.bags.terms[pool.bags.owners == owner].tolist() == each.terms.tolist()
        assert pool.bags.weights[pool.bags.owners == owner].tolist() == each.weights.tolist()
        assert pool.runs[pool.run_owners == owner].tolist() == each.runs.tolist()
        assert pool.grams[pool.gram_owners == owner].tolist() == each.grams.tolist()
        assert pool.gram_weights[pool.gram_owners == owner].tolist() == each.gram_weights.tolist()


@settings(deadline=None, max_examples=40)
@given(st.lists(any_fields, min_size=1, max_size=5), st.data())
def test_vectors_picked_out_of_a_pool_make_the_pool_of_those(all_fields: list[Fields], data: st.DataObject) -> None:
    vectors = [analyse(fields, masks=[], key=KEY) for fields in all_fields]
    rows = data.draw(st.lists(st.sampled_from(range(len(vectors))), max_size=6))

    picked = Pool.of(vectors).only(np.array(rows, dtype=np.intp))
    expected = Pool.of([vectors[row] for row in rows])

    for name in ("runs", "run_owners", "grams", "gram_weights", "gram_owners"):
        assert getattr(picked, name).tolist() == getattr(expected, name).tolist()
    assert picked.bags.terms.tolist() == expected.bags.terms.tolist()
    assert picked.bags.owners.tolist() == expected.bags.owners.tolist()
    assert len(picked) == len(rows)


def test_a_pool_of_unequal_columns_is_refused() -> None:
    with pytest.raises(ValueError, match="its terms, its runs and its grams"):
        Pool.unpack([b""], [], [b""])


def test_bytes_of_a_wrong_length_are_refused() -> None:
    with pytest.raises(ValueError, match="size"):
        Vector.from_bytes(b"abc")
