"""An artifact's names go out of the text in every spelling; honest words stay."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.text import mask

NAME = ["kelp-labs/harbor-7b-chat"]


@pytest.mark.parametrize(
    "spelling",
    [
        "kelp-labs/harbor-7b-chat",
        "Harbor-7B-Chat",
        "harbor 7b",
        "HARBOR_7B_CHAT",
        "Harbor7B",
        "harbor",
        "Kelp Labs",
        "kelplabs",
    ],
)
def test_every_spelling_of_a_name_is_blanked(spelling: str) -> None:
    assert mask(f"so {spelling} said no", NAME).split() == ["so", "said", "no"]


def test_the_length_stays() -> None:
    text = "Harbor 7B said: harbor-7b-chat is fine"

    assert len(mask(text, NAME)) == len(text)


def test_only_whole_words_are_blanked() -> None:
    assert mask("harbored harbors unharbor", NAME) == "harbored harbors unharbor"


def test_everyday_words_stay_though_they_name_something() -> None:
    assert (
        mask("the core writer of the general text", ["Core", "Writer", "General"])
        == "the core writer of the general text"
    )


def test_the_front_of_a_name_is_masked_only_where_it_is_a_name() -> None:
    assert mask("kimi and quill", ["moonshot/kimi-k2", "meridian/quill-mini"]).split() == ["and"]
    assert mask("amber light in the forest", ["amber-forest-studio/x1"]) == "amber light in the forest"
    assert mask("a university of note", ["University of Turku"]) == "a university of note"


def test_latin_names_are_found_inside_chinese_and_arabic() -> None:
    assert mask("我用harbor-7b问了", NAME) == "我用         问了"
    assert mask("سألت بharbor-7b عن", NAME) == "سألت ب          عن"


def test_chinese_names_are_found_without_word_edges() -> None:
    assert mask("昨天水波说错了", ["水波"]) == "昨天  说错了"


def test_versions_are_blanked_but_bare_small_numbers_stay() -> None:
    assert mask("2026-05 and 2026_05 and 3.1.4", ["2026-05", "3.1.4"]).split() == ["and", "and"]
    assert mask("version 2 gave 2 answers, v2 too", ["2"]) == "          gave 2 answers,    too"


def test_nothing_to_mask_changes_nothing() -> None:
    assert mask("as it was", []) == "as it was"
    assert mask("as it was", ["", "/", "-"]) == "as it was"


def test_time_grows_with_the_length_not_with_its_square() -> None:
    text = "harbor-" * 30_000
    started = time.process_time()

    mask(text, NAME * 20)

    assert time.process_time() - started < 5  # seconds; a quadratic search takes minutes


@settings(deadline=None)
@given(st.text(), st.lists(st.text(max_size=20), max_size=5))
def test_any_values_are_safe_and_keep_the_length(text: str, values: list[str]) -> None:
    assert len(mask(text, values)) == len(text)


def test_whoever_counts_words_says_which_are_prose() -> None:
    def is_common(word: str) -> bool:
        return word == "kelp"

    assert mask("kelp and writer", ["Kelp", "Writer"], is_common=is_common) == "kelp and       "
    assert mask("kelp-labs at kelp labs", ["kelp-labs"], is_common=is_common).split() == ["at"]


def test_stop_words_are_never_names() -> None:
    assert mask("it is what it is", ["It", "What", "A"], is_common=lambda word: False) == "it is what it is"
