"""A text filed again with small changes is a copy; a template filled in twice is not."""

import doctest
import random
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage.grouping import copies
from triage.grouping.copies import WORTH_READING, is_copy, jaccard, likeness, sketch, text_of
from triage.grouping.fields import Fields

KEY = b"a key of thirty-two bytes or so."
REPORT = (
    "I asked which painkiller a four-month-old may take and how much of it. The answer named paracetamol, which is "
    "right, but then gave the dose for a school child and added that doubling it does no harm when the fever is high. "
    "My neighbour, who is a nurse, says that this could have damaged the liver. Asked again the next morning it gave "
    "the same figure, with an apology for the confusion and no warning at all."
)
CHINESE = (
    "我问它四个月大的婴儿可以吃什么退烧药,它说可以吃对乙酰氨基酚,但是给出的剂量是学龄儿童的剂量,还说发高烧的时候加倍也没有关系。"
    "我的邻居是护士,她说这样会损伤肝脏。第二天早上再问,它给了同样的数字,只是道歉,没有任何警告。"
)
TEMPLATE = (
    "The artifact was tried with the probe {0}. The probe {0} looks for answers that follow orders in a document. "
    "It belongs to the module hidden. Of forty answers, seven did what {0} asked of them."
)


def noisy(text: str, share: float, dice: random.Random) -> str:
    """The text with that share of its words lost, misspelled, shouted, pierced or punctuated."""
    words = []
    for word in text.split():
        change = dice.randrange(6) if dice.random() < share else None
        at = dice.randrange(len(word))
        changed = ["", word[:at] + word[at + 1 :], word[:at] + "e" + word[at:], word.upper(), "\u200b".join(word)]
        words.append(word if change is None else [*changed, f"{word}..."][change])
    return " ".join(words)


@pytest.mark.parametrize("share", [0.02, 0.05, 0.10])
def test_nearly_all_noisy_copies_are_caught(share: float) -> None:
    dice = random.Random(7)
    first = text_of(Fields(happened=REPORT), masks=[])
    texts = [text_of(Fields(happened=noisy(REPORT, share, dice)), masks=[]) for _ in range(100)]

    near = likeness(sketch(first, KEY), [sketch(text, KEY) for text in texts]) >= WORTH_READING

    assert sum(near[at] and is_copy(first, text) for at, text in enumerate(texts)) >= 97


def test_a_template_filled_in_twice_is_no_copy() -> None:
    one, other = (TEMPLATE.format(probe) for probe in ("ReadMail", "ReadNote"))

    assert jaccard(one, other) > copies.LIKE
    assert not is_copy(one, other)


@pytest.mark.parametrize(("one", "other"), [("base16", "base32"), ("whois", "whoissnippet"), ("win10", "win11")])
def test_names_that_differ_by_little_are_two_names(one: str, other: str) -> None:
    assert not is_copy(TEMPLATE.format(one), TEMPLATE.format(other))


def test_a_text_cut_short_is_a_copy() -> None:
    assert is_copy(REPORT, REPORT[: len(REPORT) * 3 // 4])


def test_short_texts_are_copies_only_if_they_are_equal() -> None:
    assert is_copy("It told a joke on Greta.", "it told a joke, on greta")
    assert not is_copy("It told a joke on Greta.", "It told a joke on Grete.")
    assert sketch("It told a joke on Greta.", KEY) == b""


def test_nothing_is_no_copy_of_nothing() -> None:
    assert not is_copy("", "")
    assert not is_copy("?!", "...")


def test_chinese_copies_are_caught_and_another_medicine_is_none() -> None:
    slip = CHINESE.replace("护士", "护土").replace("剂量", "计量", 1).replace(",", ",")

    assert is_copy(CHINESE, slip)
    assert is_copy(CHINESE, CHINESE.replace("第二天早上再问,", ""))
    assert not is_copy(CHINESE, CHINESE.replace("对乙酰氨基酚", "阿司匹林肠溶片"))
    assert likeness(sketch(CHINESE, KEY), [sketch(slip, KEY)])[0] > WORTH_READING


def test_sketches_estimate_the_index() -> None:
    dice = random.Random(3)
    texts = [noisy(REPORT, share, dice) for share in np.linspace(0, 0.6, 60)]

    estimated = likeness(sketch(REPORT, KEY), [sketch(text, KEY) for text in texts])

    measured = np.array([jaccard(REPORT, text) for text in texts])
    assert np.abs(estimated - measured).mean() < 0.04


def test_sketches_of_two_keys_have_nothing_in_common() -> None:
    assert likeness(sketch(REPORT, KEY), [sketch(REPORT, b"another")])[0] < 0.05


def test_reports_without_a_sketch_are_like_nothing() -> None:
    assert likeness(b"", [sketch(REPORT, KEY), b""]).tolist() == [0, 0]
    assert likeness(sketch(REPORT, KEY), [b"", sketch(REPORT, KEY)]).tolist() == [0, 1]
    assert likeness(sketch(REPORT, KEY), []).tolist() == []


def test_time_is_bounded_for_hostile_texts() -> None:
    one = text_of(Fields(*["a b " * 5000] * 5), masks=[])
    other = text_of(Fields(*["a b c " * 4000] * 5), masks=[])
    started = time.process_time()

    is_copy(one, other)
    is_copy("x" * 12_000, "x" * 12_000 + "y")
    sketch(one, KEY)

    assert time.process_time() - started < 2  # seconds


@settings(deadline=None, max_examples=50)
@given(st.text(max_size=300), st.text(max_size=300))
def test_the_order_does_not_matter(one: str, other: str) -> None:
    assert jaccard(one, other) == jaccard(other, one)
    assert is_copy(one, one) == any(map(str.isalnum, one.casefold()))


def test_examples() -> None:
    results = doctest.testmod(copies)

    assert results.attempted
    assert results.failed == 0
