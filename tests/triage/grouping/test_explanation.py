"""Reasons: places that lead back into the texts as filed, and not a word of them."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage.grouping.background import Background
from triage.grouping.explanation import MOST_SPANS, Span, shared
from triage.grouping.fields import Fields
from triage.grouping.vector import analyse

NAMES = ["acme/chat-7b", "Acme"]
NOTHING_COMMON = Background.of([])

Spans = tuple[Span, ...]


def both(query: Fields, nearest: Fields, background: Background = NOTHING_COMMON) -> tuple[Spans, Spans]:
    return shared(query, nearest, masks=NAMES, other_masks=NAMES, key=b"k", background=background)


def marked(fields: Fields, spans: Sequence[Span]) -> list[tuple[str, str, str]]:
    return [(span.field, getattr(fields, span.field)[span.start : span.end], span.kind) for span in spans]


def test_the_shared_quotation_is_marked_in_both_texts() -> None:
    query = Fields(happened="Chat-7B told me \u201cThe capital of Australia is Sydney\u201d, imagine.")
    nearest = Fields(title="Geography", output="Well, the \u200bcapital of Aus\u00adtralia is SYDNEY!")

    ours, theirs = both(query, nearest)

    assert marked(query, ours) == [("happened", "The capital of Australia is Sydney", "quote")]
    assert marked(nearest, theirs) == [("output", "the \u200bcapital of Aus\u00adtralia is SYDNEY", "quote")]


def test_single_words_in_common_are_marked_as_words() -> None:
    query = Fields(title="Wrong embassy in Suva")
    nearest = Fields(happened="I looked for an embassy, there is none.")

    assert marked(query, both(query, nearest)[0]) == [("title", "embassy", "word")]


def test_words_in_a_row_that_nobody_quotes_are_a_run() -> None:
    query = Fields(happened="It invented the Norwegian embassy address again.")
    nearest = Fields(happened="Another Norwegian embassy address, in another town.")

    assert marked(query, both(query, nearest)[0]) == [("happened", "Norwegian embassy address", "run")]


def test_a_word_that_many_reports_hold_is_not_marked_by_itself() -> None:
    query, nearest = Fields(title="Wrong embassy"), Fields(title="Some embassy")
    embassies = Background.of([analyse(Fields(title="embassy"), masks=[], key=b"k")])

    assert both(query, nearest)[0]
    assert both(query, nearest, embassies) == ((), ())


def test_the_names_of_the_artifact_are_never_marked() -> None:
    query = Fields(happened="Acme chat-7b lied")
    nearest = Fields(happened="Acme chat-7b froze")

    assert both(query, nearest) == ((), ())


@pytest.mark.parametrize(
    ("one", "other", "common"),
    [
        ("它给出错误的剂量", "孩子的剂量不对", "剂量"),
        ("قال إن عاصمة أستراليا سيدني", "العاصمة كما قال سيدني", "سيدني"),
        ("inventó un fallo judicial", "Otro FALLO que no existe", "fallo"),
    ],
)
def test_what_is_shared_is_marked_in_any_script(one: str, other: str, common: str) -> None:
    query, nearest = Fields(happened=one), Fields(happened=other)

    ours, theirs = both(query, nearest)

    assert any(common in text for _, text, _ in marked(query, ours))
    assert theirs


def test_quotations_come_first_and_marks_are_few() -> None:
    names = [f"place{number}" for number in range(100)]
    query = Fields(title=" ".join(f"{name} left{name}" for name in names), happened='It said "purple elephants dance".')
    nearest = Fields(title=" ".join(f"{name} right{name}" for name in names), output="purple elephants dance")

    ours, theirs = both(query, nearest)

    assert len(ours) == len(theirs) == MOST_SPANS
    assert [span.kind for span in ours] == ["quote"] + ["word"] * (MOST_SPANS - 1)


def test_marks_lead_back_into_a_long_text_of_which_a_part_is_read() -> None:
    filler = "the model kept on talking of quite other matters for a while. " * 60
    query = Fields(title="Wrong embassy in Suva", happened=f"{filler}Then came the embassy in Suva. {filler}")
    nearest = Fields(title="An embassy that Suva lacks")

    ours, _ = both(query, nearest)

    late = [text for field, text, _ in marked(query, ours) if field == "happened"]
    assert {word for text in late for word in text.split()} >= {"embassy", "Suva"}


@settings(deadline=None)
@given(st.text(max_size=300), st.text(max_size=300))
def test_places_lie_within_the_texts(one: str, other: str) -> None:
    query, nearest = Fields(title=one, output=other), Fields(happened=other + one)

    for fields, spans in zip((query, nearest), both(query, nearest), strict=True):
        assert len(spans) <= MOST_SPANS
        for span in spans:
            assert 0 <= span.start < span.end <= len(getattr(fields, span.field))
