"""Where the words of a search stand in what is shown of a text."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.text import terms
from reports.text.passages import passage, spans_of

LETTERS = st.text("ab 说悉尼是、。عربي\u064e\u200b\u202eİßﬁ🦑é\u0301’-", max_size=80)


def marked(text: str, typed: str) -> list[str]:
    return [text[start:end] for start, end in spans_of(text, frozenset(terms(typed)))]


@pytest.mark.parametrize(
    ("text", "typed", "found"),
    [
        ("It invents Rulings, and a ruling.", "ruling", ["Rulings", "ruling"]),
        ("它说悉尼是首都，悉尼。", "悉尼", ["悉尼", "悉尼"]),
        ("它说悉尼是首都", "悉尼是首", ["悉尼是首"]),
        ("الجرعات خاطئة", "جرعة", ["الجرعات"]),
        ("a \u202erent\u202c and re\u200bnt", "rent", ["rent\u202c", "re\u200bnt"]),
        ("The of and", "the of and", []),
        ("Ｆｕｌｌ width", "full", ["Ｆｕｌｌ"]),
        ("anything", "", []),
    ],
)
def test_words_are_found_as_the_search_finds_them(text: str, typed: str, found: list[str]) -> None:
    assert marked(text, typed) == found


@settings(max_examples=40, deadline=None)
@given(LETTERS, LETTERS, st.integers(8, 60))
def test_spans_lie_in_the_text_in_order_and_tell_the_same_in_a_passage(text: str, typed: str, size: int) -> None:
    spans = spans_of(text, frozenset(terms(typed)))
    shown, kept = passage(text, spans, size=size)

    edges = [edge for span in spans for edge in span]
    assert edges == sorted(edges)
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert len(shown) <= max(size + 4, 0) or shown == text
    assert shown.removeprefix("… ").removesuffix(" …") in text or shown == text
    assert bool(kept) == bool(spans)
    assert all(0 <= start < end <= len(shown) for start, end in kept)
    assert all(any(shown[start:end] in text[begin:stop] for begin, stop in spans) for start, end in kept)


def test_a_passage_shows_where_most_stands_and_begins_between_words() -> None:
    text = f"rent {'and so on ' * 50}here rent is a rent of rents {'and more ' * 50}"

    shown, kept = passage(text, spans_of(text, frozenset(terms("rent"))), size=60)

    assert [shown[start:end] for start, end in kept] == ["rent", "rent", "rents"]
    assert (shown.startswith("… "), shown.endswith(" …")) == (True, True)
    assert shown.split()[1] in text.split()
