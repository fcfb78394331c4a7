import random

import pytest

from bench.quality.hardship import CHANGES, FOREIGN_LENGTH, WORDS

BODY = "The ferry assistant answers in French although it was asked in German, every time and on every boat. " * 20


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_the_same_for_the_same_seed_and_changes_something(name: str) -> None:
    changed = CHANGES[name](random.Random(1), "Wrong language", BODY)

    assert changed == CHANGES[name](random.Random(1), "Wrong language", BODY)
    assert changed != ("Wrong language", BODY)


def test_every_change_has_its_words() -> None:
    assert set(WORDS) == {"clean", *CHANGES}


def test_foreign_text_is_as_long_as_it_says() -> None:
    _, body = CHANGES["foreign_script_before"](random.Random(1), "", BODY)

    assert len(body) == FOREIGN_LENGTH + 1 + len(BODY)


def test_one_word_in_ten_is_mistyped() -> None:
    _, body = CHANGES["typos"](random.Random(1), "", BODY)

    changed = sum(before != after for before, after in zip(BODY.split(), body.split(), strict=True))

    assert 0.05 < changed / len(BODY.split()) < 0.15
