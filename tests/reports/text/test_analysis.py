"""What terms a text has, in the scripts reports are written in."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.text import normalise, terms, tokens


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("👍", []),
        ("The and of it", []),
        ("Doses doubled, doubling", ["dose", "doubl", "doubl"]),
        ("It’s the model’s fault", ["model", "fault"]),
        ("3.14 or 1,000,000 or 12:30", ["3.14", "1000000", "12:30"]),
        ("SearchIndex.remove_all()", ["searchindex", "remove"]),
        ("它说悉尼", ["它说", "说悉", "悉尼"]),
        ("用chat问", ["用", "chat", "问"]),
        ("ما هي الجرعة؟", ["جرع"]),
        ("¿Cuál es la capital de Perú?", ["cual", "capital", "peru"]),
    ],
)
def test_terms(text: str, expected: list[str]) -> None:
    assert terms(text) == expected


def test_arabic_forms_of_a_word_meet() -> None:
    assert terms("الجُرْعة") == terms("جرعة") == terms("والجرعات")


def test_eastern_digits_are_digits() -> None:
    assert terms("٣٩ درجة") == terms("39 درجة")


def test_spanish_accents_may_be_missing() -> None:
    assert terms("información telefónica") == terms("informacion telefonica")


def test_hindi_words_stay_whole() -> None:
    assert terms("मॉडल ने गलत उत्तर दिया")[0] == "मॉडल"


def test_endless_words_are_cut() -> None:
    assert terms("x" * 10_000) == ["x" * 40]


@settings(deadline=None)
@given(st.text())
def test_tokens_stand_where_they_say(text: str) -> None:
    normalised = normalise(text)

    for token in tokens(normalised):
        assert token.term
        assert 0 <= token.start < token.end <= len(normalised)
