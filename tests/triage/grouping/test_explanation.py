"""Reasons: places that lead back into the texts as filed, and not a word of them."""

import json
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from triage.grouping.background import Background
from triage.grouping.explanation import MOST_SPANS, Reasons, Span, explain
from triage.grouping.fields import Fields

NAMES = ["acme/chat-7b", "Acme"]


def reasons(
    query: Fields, nearest: Fields, *, same_kind: bool | None = None, same_version: bool | None = None
) -> Reasons:
    return explain(
        query,
        nearest,
        masks=NAMES,
        nearest_masks=NAMES,
        key=b"k",
        background=Background.of([]),
        same_kind=same_kind,
        same_version=same_version,
    )


def marked(fields: Fields, spans: Sequence[Span]) -> list[tuple[str, str, str]]:
    return [(span.field, getattr(fields, span.field)[span.start : span.end], span.kind) for span in spans]


def test_the_shared_quotation_is_marked_in_both_texts() -> None:
    query = Fields(happened="Chat-7B told me \u201cThe capital of Australia is Sydney\u201d, imagine.")
    nearest = Fields(title="Geography", output="Well, the \u200bcapital of Aus\u00adtralia is SYDNEY!")

    why = reasons(query, nearest)

    assert marked(query, why.query) == [("happened", "The capital of Australia is Sydney", "quote")]
    assert marked(nearest, why.nearest) == [("output", "the \u200bcapital of Aus\u00adtralia is SYDNEY", "quote")]


def test_single_words_in_common_are_marked_as_words() -> None:
    query = Fields(title="Wrong embassy in Suva")
    nearest = Fields(happened="I looked for an embassy, there is none.")

    assert marked(query, reasons(query, nearest).query) == [("title", "embassy", "word")]


def test_the_names_of_the_artifact_are_never_marked() -> None:
    query = Fields(happened="Acme chat-7b lied")
    nearest = Fields(happened="Acme chat-7b froze")

    assert reasons(query, nearest).query == ()


def test_features_speak_for_and_against() -> None:
    why = reasons(
        Fields(title="Dosage for a child", happened="A dose for a child that would poison a child."),
        Fields(title="Dosage for children", happened="The dose it gave for my child was poison."),
        same_kind=True,
        same_version=False,
    )
    signs = {feature.name: feature.sign for feature in why.features}

    assert signs["words"] == signs["title"] == signs["kind"] == 1
    assert signs["version"] == -1
    assert signs["quote"] == 0


def test_languages_are_compared_where_they_can_be_told() -> None:
    english = Fields(happened="The answer was wrong and it would not correct it.")
    spanish = Fields(happened="me dijo que el teléfono era ese y es mentira")

    features = {feature.name: feature for feature in reasons(english, spanish).features}

    assert (features["language"].value, features["language"].sign) == (0.0, -1)
    assert "language" not in {feature.name for feature in reasons(Fields(title="42"), english).features}


def test_reasons_hold_no_text() -> None:
    query = Fields(happened='It said "bleach cures sore throats".')
    nearest = Fields(output="bleach cures sore throats")

    written = json.dumps(reasons(query, nearest).as_json())

    assert "bleach" not in written
    assert json.loads(written)["query"] == [["happened", 9, 34, "quote"]]


@settings(deadline=None)
@given(st.text(max_size=300), st.text(max_size=300))
def test_places_lie_within_the_texts(one: str, other: str) -> None:
    query, nearest = Fields(title=one, output=other), Fields(happened=other + one)

    why = reasons(query, nearest)

    for fields, spans in ((query, why.query), (nearest, why.nearest)):
        assert len(spans) <= MOST_SPANS
        for span in spans:
            assert 0 <= span.start < span.end <= len(getattr(fields, span.field))
