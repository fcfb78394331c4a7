"""A block in a card is ours; what stands around it is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.text.marked import CLOSING, OPENING, Unclear, as_text, block_in, with_block, without_block

AROUND = st.text(alphabet=st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from("\r\n <!->/#`"))).filter(
    lambda text: "telltale" not in text
)
CONTENT = AROUND.map(str.strip)


@given(before=AROUND, after=AROUND, first=CONTENT, second=CONTENT)
def test_around_the_marks_nothing_changes(before: str, after: str, first: str, second: str) -> None:
    card = before + with_block("", first) + after

    renewed = with_block(card, second)
    removed = without_block(renewed)

    assert renewed.startswith(before + OPENING)
    assert renewed.endswith(CLOSING + after)
    assert second.splitlines() == renewed[len(before) :].splitlines()[2 : 2 + len(second.splitlines())]
    assert removed == before + after
    assert with_block(renewed, second) == renewed


@given(card=AROUND, content=CONTENT)
def test_put_in_and_taken_out_leaves_the_card_as_it_was(card: str, content: str) -> None:
    put_in = with_block(card, content)

    assert put_in.startswith(card + OPENING)
    assert without_block(put_in) == card


@pytest.mark.parametrize(
    "card",
    [
        OPENING,
        CLOSING,
        f"{CLOSING}{OPENING}",
        f"{OPENING}{OPENING}{CLOSING}",
        f"{OPENING}{CLOSING}{OPENING}{CLOSING}",
        f"`{OPENING}`\n{OPENING}{CLOSING}",
    ],
)
def test_marks_that_are_no_pair_are_left_alone(card: str) -> None:
    with pytest.raises(Unclear):
        with_block(card, "None.")
    with pytest.raises(Unclear):
        without_block(card)


def test_a_mark_is_found_however_it_is_spaced() -> None:
    block = "<!--telltale:known-limitations-->y<!--  /telltale:known-limitations -->"

    assert block_in(f"x {block} z") == (2, 2 + len(block))


def test_a_card_of_crlf_stays_one() -> None:
    assert "\n" not in with_block("# Card\r\n", "One.\nTwo.").replace("\r\n", "")


@given(words=st.text())
def test_somebody_s_words_are_never_a_mark(words: str) -> None:
    assert block_in(with_block("", as_text(words))) is not None
    assert "\n" not in as_text(words)
