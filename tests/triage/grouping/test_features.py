"""Features of pairs: within bounds, the same whatever the order, and led by what is rare."""

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.arrivals import compared, rarity_among
from triage.grouping.background import Background
from triage.grouping.features import MEANING, NAMES, Table, ranked, table
from triage.grouping.fields import Fields
from triage.grouping.method import shipped
from triage.grouping.pool import Pool
from triage.grouping.vector import Vector, analyse

KEY = b"k" * 32
WORDS = [
    "dose",
    "fever",
    "child",
    "capital",
    "river",
    "wrong",
    "answer",
    "train",
    "ticket",
    "refund",
    "bleach",
    "vinegar",
    "它给出错误的剂量",
    "العاصمة",
    '"purple elephants dance"',
]
sentences = st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)
any_fields = st.builds(Fields, title=sentences, happened=sentences, output=sentences)
any_texts = st.builds(Fields, *[st.text(max_size=80)] * 5)
SYMMETRIC = [NAMES.index(name) for name in ("words", "pieces", "title", "rare")]


def vector(**texts: str) -> Vector:
    return analyse(Fields(**texts), masks=[], key=KEY)


def vectors_of(known: list[Fields]) -> list[Vector]:
    return [analyse(fields, masks=[], key=KEY) for fields in known]


def alike(one: Vector, other: Vector, *others: Vector) -> float:
    return float(compared(one, other, *others).likeness[0])


def feature(name: str, one: Vector, other: Vector, *others: Vector) -> float:
    return float(compared(one, other, *others).columns([name])[0, 0])


def assert_within_bounds(found: Table, count: int) -> None:
    assert found.values.shape == (count, len(NAMES))
    for numbers in (found.values, found.quote, found.agreement, found.likeness):
        assert len(numbers) == count
        assert np.isfinite(numbers).all()
        assert ((numbers >= 0) & (numbers <= 1)).all()


@settings(deadline=None, max_examples=60)
@given(any_fields, st.lists(any_fields, max_size=6))
def test_every_feature_lies_between_zero_and_one(query: Fields, known: list[Fields]) -> None:
    assert_within_bounds(compared(*vectors_of([query, *known])), len(known))


@settings(deadline=None, max_examples=40)
@given(any_texts, st.lists(any_texts, max_size=3))
def test_whatever_is_written_features_stay_within_bounds(query: Fields, known: list[Fields]) -> None:
    assert_within_bounds(compared(*vectors_of([query, *known])), len(known))


@settings(deadline=None, max_examples=40)
@given(any_fields, st.lists(any_fields, min_size=1, max_size=4))
def test_terms_counted_more_often_than_there_are_reports_break_nothing(query: Fields, known: list[Fields]) -> None:
    """Words and reports are counted at different moments, and may disagree."""
    vectors = vectors_of([query, *known])
    rarity = rarity_among(vectors * 3)
    rarity.counts.total = 1  # type: ignore[misc] # a protocol shows it to readers only

    assert_within_bounds(table(vectors[0], Pool.of(vectors[1:]), rarity=rarity), len(known))


@settings(deadline=None, max_examples=40)
@given(any_fields.filter(lambda fields: any(text for _, text in fields.named())))
def test_a_report_is_wholly_like_itself(fields: Fields) -> None:
    made = analyse(fields, masks=[], key=KEY)
    found = compared(made, made)

    assert found.columns(["words", "pieces"])[0] == pytest.approx([1, 1], abs=1e-6)
    assert found.agreement[0] == 1
    if fields.title:
        assert found.columns(["title"])[0, 0] == pytest.approx(1)
        assert found.likeness[0] == pytest.approx(1, abs=1e-6)


@settings(deadline=None, max_examples=60)
@given(any_fields, any_fields, st.lists(any_fields, max_size=3))
def test_of_two_reports_each_is_as_like_the_other(one: Fields, other: Fields, crowd: list[Fields]) -> None:
    """Where both are asked among the same, and terms are as rare."""
    first, second, *others = vectors = vectors_of([one, other, *crowd])
    rarity = rarity_among(vectors)
    pool = Pool.of([first, second, *others])
    there, back = (table(query, pool, rarity=rarity) for query in (first, second))

    assert there.values[1, SYMMETRIC] == pytest.approx(back.values[0, SYMMETRIC])
    assert there.quote[1] == pytest.approx(back.quote[0])
    assert there.agreement[1] == pytest.approx(back.agreement[0])
    assert there.likeness[1] == pytest.approx(back.likeness[0])


@settings(deadline=None, max_examples=60)
@given(st.lists(any_fields, min_size=1, max_size=6), st.randoms())
def test_the_order_of_the_known_does_not_matter(known: list[Fields], random: Random) -> None:
    vectors = vectors_of(known)
    order = list(range(len(vectors)))
    random.shuffle(order)
    ids = np.arange(100, 100 + len(vectors))

    straight, shuffled = compared(vectors[0], *vectors), compared(vectors[0], *(vectors[at] for at in order))

    assert shuffled.values == pytest.approx(straight.values[order])
    assert shuffled.quote == pytest.approx(straight.quote[order])
    assert shuffled.likeness == pytest.approx(straight.likeness[order])
    rounded = straight.likeness.round(9)
    assert ids[ranked(rounded, ids)].tolist() == ids[order][ranked(rounded[order], ids[order])].tolist()


@settings(deadline=None, max_examples=40)
@given(any_fields, st.lists(any_fields, min_size=1, max_size=5))
def test_rows_picked_are_those_rows(query: Fields, known: list[Fields]) -> None:
    found = compared(*vectors_of([query, *known]))
    rows = np.arange(len(known))[::-2]

    picked = found.only(rows)

    assert len(picked) == len(rows)
    assert np.array_equal(picked.values, found.values[rows])
    assert np.array_equal(picked.likeness, found.likeness[rows])


def test_equals_are_ranked_by_their_ids() -> None:
    assert ranked(np.array([0.5, 0.9, 0.5]), np.array([7, 8, 3])).tolist() == [1, 2, 0]


def test_nothing_known_nothing_alike() -> None:
    assert_within_bounds(compared(vector(title="dose")), 0)


def test_an_empty_report_is_like_nothing() -> None:
    assert alike(vector(), vector(title="dose")) == 0
    assert alike(vector(title="dose"), vector()) == 0
    assert alike(vector(), vector()) == 0


def test_rare_words_in_common_say_more_than_common_ones() -> None:
    crowd = [vector(happened=f"the answer was wrong about thing{number}") for number in range(50)]
    query = vector(happened="answer wrong zanzibar")
    rare, common = vector(happened="other words zanzibar"), vector(happened="other words wrong")

    assert feature("words", query, rare, *crowd) > 2 * feature("words", query, common, *crowd)
    assert feature("rare", query, rare, *crowd) > 2 * feature("rare", query, common, *crowd)


def test_three_rare_terms_in_common_say_more_than_one() -> None:
    query = vector(happened="zanzibar ferry timetable")

    one, three = (
        feature("rare", query, vector(happened=words)) for words in ("zanzibar", "the ferry timetable zanzibar")
    )

    assert three == pytest.approx(3 * one)


def test_inflections_and_slips_meet_in_their_pieces() -> None:
    query = vector(happened="hallucinated prescriptions")
    slip, other = vector(happened="halucinates a prescrption"), vector(happened="an embassy in the harbour")

    assert feature("pieces", query, slip) > 0.3 > feature("pieces", query, other)


def test_a_title_counts_where_it_is_told_as_well_as_where_it_is_a_title() -> None:
    query = vector(title="wrong dosage")
    told, other = vector(happened="it gave the wrong dosage"), vector(happened="it gave a wrong turn")

    assert feature("title", query, told) == 1
    assert 0 < feature("title", query, other) < 0.7


def test_a_report_that_looks_like_everything_is_told_by_the_crowd_around_it() -> None:
    crowd = [vector(happened=f"steps to reproduce the wrong answer {number}") for number in range(20)]
    plain = vector(happened="steps to reproduce the wrong answer")
    telling = vector(happened="zanzibar ferry to reproduce")

    assert feature("crowd", plain, *crowd) > 2 * feature("crowd", telling, *crowd)
    assert np.ptp(compared(plain, *crowd).columns(["crowd"])) == 0


def test_a_feature_nobody_measured_is_refused() -> None:
    with pytest.raises(ValueError, match="not in tuple"):
        compared(vector(title="dose"), vector(title="dose")).columns([MEANING])


def test_meaning_counts_for_those_pairs_that_have_one() -> None:
    query = vector(happened="the train was late")
    lexical = compared(query, vector(happened="a delayed railway"), vector(happened="the train was late"))

    both = lexical.with_meaning(np.array([0.9, np.nan]))

    assert both.names == (*NAMES, MEANING)
    assert both.columns([MEANING])[0, 0] == 0.9
    assert both.likeness[0] > lexical.likeness[0]
    assert both.likeness[1] == lexical.likeness[1]
    assert ((both.likeness >= 0) & (both.likeness <= 1)).all()
    assert both.columns(["crowd"])[0, 0] == pytest.approx(both.likeness.sum() / 10)


def test_opposite_meanings_are_not_less_than_nothing() -> None:
    query = vector(happened="the train was late")

    assert (compared(query, query).with_meaning(np.array([-0.8])).likeness >= 0).all()


def test_a_quoted_output_binds_reports_with_other_words_around_it() -> None:
    quoting = vector(title="Bad advice", happened='My aunt was told "bleach cures sore throats overnight".')
    transcript = vector(title="Chat went wrong", output="Sure: bleach cures sore throats overnight. Anything else?")
    told = vector(
        title="Poisoned", happened="A friend believes that bleach cures sore throats overnight thanks to this."
    )
    other = vector(title="Bad advice", happened='My aunt was told "planes cannot fly in rain".')

    def chance(one: Vector, two: Vector) -> float:
        return float(shipped().probabilities(compared(one, two))[0])

    assert min(chance(quoting, transcript), chance(told, transcript), chance(quoting, told)) > 0.6
    assert max(chance(other, each) for each in (quoting, transcript, told)) < 0.1
    assert compared(quoting, transcript).agreement[0] == 1
    assert compared(quoting, other).agreement[0] == 0


@pytest.mark.parametrize(
    "refusal",
    [
        "I'm sorry, but I can't help with that.",
        "I'm sorry, I can't assist with that request.",
        "As an AI language model, I cannot provide medical advice. Please consult a healthcare professional.",
        "Lo siento, pero no puedo ayudar con esa solicitud.",
        "很抱歉，我无法回答这个问题。",
        "عذرا، لا أستطيع مساعدتك في هذا الطلب.",
    ],
)
def test_a_refusal_in_common_does_not_bind_different_failures(refusal: str) -> None:
    one = vector(title="Will not cook", happened="I asked how long eggs boil before breakfast.", output=refusal)
    other = vector(title="No chess", happened="Wanted an opening against the French defence.", output=refusal)

    assert compared(one, other).quote[0] < 0.1


def test_stack_traces_nobody_quotes_do_not_bind() -> None:
    trace = "org eclipse core runtime internal job manager worker thread pool run loop dispatch"
    one, other = vector(happened=f"crash on save {trace}"), vector(happened=f"freeze on print {trace}")

    assert compared(one, other).quote[0] == 0


def test_the_background_fades_as_the_site_grows() -> None:
    """What is common in reports in general says little on a young site, whatever that holds, and later does."""
    background = Background.of([vector(happened="dose fever") for _ in range(20)])
    query, twin = vector(happened="dose capital"), vector(happened="dose river")
    crowd = [vector(happened=f"thing{number} capital") for number in range(2000)]

    def worth(*known: Vector) -> float:
        with_it, without = (compared(query, *known, background=each) for each in (background, None))
        return float(with_it.columns(["words"])[0, 0] / without.columns(["words"])[0, 0])

    assert worth(twin) < 0.7
    assert worth(twin, *crowd) > 0.9
