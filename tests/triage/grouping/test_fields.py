"""What is read of a report's fields: enough of each, and of a long one what belongs to the report."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage.grouping.fields import LONGEST_FIELD, read, read_whole, read_with_origin

TITLE = "The battery figure is wrong after a pause"
OWN = "After a pause the battery figure jumps to ninety, which is wrong. The battery is nearly empty by then. " * 4


def words(count: int) -> str:
    dice = random.Random(1)
    return " ".join("".join(dice.choices("bcdfgaeiou", k=6)) for _ in range(count))


def test_a_short_field_is_read_whole() -> None:
    assert read(OWN, masks=[], about="Nothing of it") == OWN.casefold()


def test_a_long_field_is_capped() -> None:
    assert len(read(words(600), masks=[])) == LONGEST_FIELD
    assert len(read(f"{OWN} {words(600)}", masks=[], about=TITLE)) <= LONGEST_FIELD


@pytest.mark.parametrize("dump", [words(450), "这是一段完全无关的文字," * 250])
def test_what_was_pasted_in_front_is_passed_over(dump: str) -> None:
    found = read(f"{dump[:3000]} {OWN}", masks=[], about=TITLE)

    assert found.count("battery") == OWN.casefold().count("battery")
    assert len(found) < len(OWN) + 700


def test_what_was_pasted_behind_does_not_displace_the_head() -> None:
    assert read(OWN + words(450), masks=[], about=TITLE).startswith(OWN.casefold())


def test_our_own_questions_are_not_read() -> None:
    raw = "What happened, in one sentence:\nIt stopped.\n\n## What it should have done\nGo on.\n它本应怎么做\nGo on."

    assert read(raw, masks=[]).split("\n") == ["it stopped.", "", "go on.", "go on."]


def test_code_and_traces_are_cut_to_their_first_lines() -> None:
    raw = "It fails\n```\n" + "\n".join(f"line {number}" for number in range(9)) + "\n```\nevery time"

    assert read(raw, masks=[]).split("\n") == ["it fails", "```", "line 0", "line 1", "line 2", "```", "every time"]


def test_a_short_quotation_stays_and_a_long_one_is_cut() -> None:
    short, long = "> it is safe", "\n".join(f"> {number} " + "so it went on " * 5 for number in range(20))

    found = read(f"It said\n{short}\nand then\n{long}\nand stopped", masks=[])

    assert "> it is safe" in found
    assert "> 0" in found
    assert "> 9" not in found
    assert found.endswith("and stopped")


def test_each_turn_of_a_pasted_chat_is_cut_and_what_follows_is_not() -> None:
    chat = "User: is it safe?\nAssistant: " + "of course it is, " * 40 + "\nUser: sure?\nAssistant: quite sure"

    found = read(f"{chat}\n\nMy own words. " + "They count. " * 45, masks=[])

    assert found.count("of course") == 23
    assert "assistant: quite sure" in found
    assert found.count("they count") == 45


def test_one_speaker_is_no_chat() -> None:
    raw = "Model: quill\n" + "it was said again. " * 30

    assert read(raw, masks=[]) == raw.casefold()


def test_copies_are_told_by_more_of_the_text() -> None:
    assert len(read_whole(words(600), masks=[])) == 2 * LONGEST_FIELD


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.sampled_from(["battery", "它说", "悉尼", "harbor-7b", "\n", "> so", "User: hi", "Ünï\u200bt"]), max_size=900
    )
)
def test_the_way_back_leads_to_what_was_read(parts: list[str]) -> None:
    raw = " ".join(parts)

    text, origin = read_with_origin(raw, masks=["harbor-7b"], about="battery 悉尼")

    assert text == read(raw, masks=["harbor-7b"], about="battery 悉尼")
    assert len(origin) == len(text) + 1
    assert list(origin) == sorted(origin)
    assert all(
        raw[origin[at]].casefold() == letter for at, letter in enumerate(text) if letter.isascii() and letter.isalpha()
    )
