"""Similarities: within bounds, one with oneself, the same whatever the order, and led by what is rare."""

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage.grouping.background import Background
from triage.grouping.fields import Fields
from triage.grouping.pool import Pool
from triage.grouping.scoring import issue_scores, score, witnesses
from triage.grouping.vector import Vector, analyse

KEY = b"k" * 32
NO_BACKGROUND = Background.of([])
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
]
sentences = st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)
any_fields = st.builds(Fields, title=sentences, happened=sentences, output=sentences)


def vector(**texts: str) -> Vector:
    return analyse(Fields(**texts), masks=[], key=KEY)


def similarity(one: Vector, other: Vector, *others: Vector) -> float:
    return float(score(one, [other, *others], background=NO_BACKGROUND)[0])


@settings(deadline=None)
@given(any_fields, st.lists(any_fields, max_size=6))
def test_similarities_lie_between_zero_and_one(query: Fields, known: list[Fields]) -> None:
    vectors = [analyse(fields, masks=[], key=KEY) for fields in known]

    scores = score(analyse(query, masks=[], key=KEY), vectors, background=NO_BACKGROUND)

    assert scores.dtype == np.float32
    assert scores.shape == (len(known),)
    assert ((scores >= 0) & (scores <= 1)).all()


@settings(deadline=None)
@given(any_fields.filter(lambda fields: any(text for _, text in fields.named())))
def test_a_report_is_wholly_like_itself(fields: Fields) -> None:
    made = analyse(fields, masks=[], key=KEY)

    assert similarity(made, made) == pytest.approx(1.0, abs=1e-3)


@settings(deadline=None)
@given(any_fields, any_fields)
def test_of_two_reports_each_is_as_like_the_other(one: Fields, other: Fields) -> None:
    first, second = (analyse(fields, masks=[], key=KEY) for fields in (one, other))
    there, back = (witnesses(query, Pool.of([first, second]), background=NO_BACKGROUND) for query in (first, second))

    assert there[0][1] == pytest.approx(back[0][0])
    assert there[1][1] == pytest.approx(back[1][0])


@settings(deadline=None)
@given(st.lists(any_fields, min_size=1, max_size=6), st.randoms())
def test_the_order_of_the_known_does_not_matter(known: list[Fields], random: Random) -> None:
    vectors = [analyse(fields, masks=[], key=KEY) for fields in known]
    order = list(range(len(vectors)))
    random.shuffle(order)
    query = vectors[0]

    straight = score(query, vectors, background=NO_BACKGROUND)
    shuffled = score(query, [vectors[place] for place in order], background=NO_BACKGROUND)

    assert shuffled == pytest.approx(straight[order], abs=1e-6)


def test_nothing_known_nothing_alike() -> None:
    assert score(vector(title="dose"), [], background=NO_BACKGROUND).shape == (0,)


def test_an_empty_report_is_like_nothing() -> None:
    assert similarity(vector(), vector(title="dose")) == 0
    assert similarity(vector(title="dose"), vector()) == 0
    assert similarity(vector(), vector()) == 0


def test_rare_words_in_common_say_more_than_common_ones() -> None:
    crowd = [vector(happened=f"the answer was wrong about thing{number}") for number in range(50)]
    query = vector(happened="answer wrong zanzibar")

    rare = similarity(query, vector(happened="other words zanzibar"), *crowd)
    common = similarity(query, vector(happened="other words wrong"), *crowd)

    assert rare > 2 * common


def test_a_quoted_output_binds_reports_with_other_words_around_it() -> None:
    quoting = vector(title="Bad advice", happened='My aunt was told "bleach cures sore throats overnight".')
    transcript = vector(title="Chat went wrong", output="Sure: bleach cures sore throats overnight. Anything else?")
    told = vector(
        title="Poisoned", happened="A friend believes that bleach cures sore throats overnight thanks to this."
    )
    other = vector(title="Bad advice", happened='My aunt was told "planes cannot fly in rain".')

    assert min(similarity(quoting, transcript), similarity(told, transcript), similarity(quoting, told)) > 0.6
    assert max(similarity(other, each) for each in (quoting, transcript, told)) < 0.28


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

    _, quote = witnesses(one, Pool.of([other]), background=NO_BACKGROUND)

    assert quote[0] < 0.1


def test_stack_traces_nobody_quotes_do_not_bind() -> None:
    trace = "org eclipse core runtime internal job manager worker thread pool run loop dispatch"
    one, other = vector(happened=f"crash on save {trace}"), vector(happened=f"freeze on print {trace}")

    assert witnesses(one, Pool.of([other]), background=NO_BACKGROUND)[1][0] == 0


def test_the_background_fades_as_the_site_grows() -> None:
    background = Background.of([vector(happened="dose fever") for _ in range(20)])
    query, twin = vector(happened="dose capital"), vector(happened="dose river")
    crowd = [vector(happened=f"thing{number} capital") for number in range(2000)]

    young = score(query, [twin], background=background)[0] / score(query, [twin], background=NO_BACKGROUND)[0]
    old = (
        score(query, [twin, *crowd], background=background)[0]
        / score(query, [twin, *crowd], background=NO_BACKGROUND)[0]
    )

    assert young < 0.7
    assert old > 0.9


def test_an_issue_scores_the_mean_of_its_best_three() -> None:
    similarities = np.array([0.75, 0.5, 0.25, 0.125, 0.625], dtype=np.float32)

    assert issue_scores(similarities, [1, 1, 1, 1, 2]) == [(2, 0.625), (1, 0.5)]


def test_equal_issues_stand_in_the_order_of_their_ids() -> None:
    similarities = np.array([0.5, 0.5, 0.5], dtype=np.float32)

    assert [issue for issue, _ in issue_scores(similarities, [9, 3, 7])] == [3, 7, 9]


def test_no_reports_no_issues() -> None:
    assert issue_scores(np.zeros(0, dtype=np.float32), []) == []
