"""A block in a card is ours; what stands around it is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.text.marked import (
    CLOSING,
    OPENING,
    OPENING_ON_OWN_LINE,
    Unclear,
    as_text,
    block_in,
    with_block,
    without_block,
)

AROUND = st.text(alphabet=st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from("\r\n <!->/#`"))).filter(
    lambda text: not any(each in text for each in ("telltale", "```", "~~~", "---"))
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

    if not card or card.endswith(("\r", "\n")):
        assert put_in.startswith(card + OPENING)
    else:
        assert put_in.startswith((f"{card}\n{OPENING_ON_OWN_LINE}", f"{card}\r\n{OPENING_ON_OWN_LINE}"))
    assert with_block(put_in, content) == put_in
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
        f"# Card\n<!-- telltale:known-limitations\n{CLOSING}",
        f"# Card\n{OPENING}\n<!-- /telltale:known-limitations",
        f"# Card\n```\n{OPENING}\n{CLOSING}\n```\n",
        f"# Card\n~~~~ md\n```\n{OPENING}\n~~~~\n{CLOSING}\n",
        f"# Card\r\n```\r\n{OPENING}\r\n{CLOSING}\r\nand to the end",
        f"---\nnote: {OPENING}{CLOSING}\n---\n# Card\n",
    ],
)
def test_marks_that_are_no_pair_are_left_alone(card: str) -> None:
    with pytest.raises(Unclear):
        with_block(card, "None.")
    with pytest.raises(Unclear):
        without_block(card)


def test_no_block_is_put_into_a_code_block_that_is_not_closed() -> None:
    with pytest.raises(Unclear, match="not closed"):
        with_block("# Card\n\n```sh\nrun\n", "None.")


@pytest.mark.parametrize(
    "card",
    [
        "---\nlicense: mit\n---",
        "---\r\nlicense: mit\r\n---\r\n# Card",
        "\ufeff---\nlicense: mit\n---\n# Card\n",
        "# Card\n\n```sh\nrun\n```\nText",
        "a ```` not a fence\n` ``` `",
    ],
)
def test_cards_of_all_sorts_come_back_as_they_were(card: str) -> None:
    put_in = with_block(card, "## Known limitations\n\n* One")

    assert put_in.startswith(card)
    assert put_in[len(card) :].strip().startswith("<!--")
    assert without_block(with_block(put_in, "## None")) == card


def test_a_mark_is_found_however_it_is_spaced() -> None:
    block = "<!--telltale:known-limitations-->y<!--  /telltale:known-limitations -->"

    assert block_in(f"x {block} z") == (2, 2 + len(block))


def test_a_card_of_crlf_stays_one() -> None:
    assert "\n" not in with_block("# Card\r\n", "One.\nTwo.").replace("\r\n", "")


@given(words=st.text())
def test_somebody_s_words_are_never_a_mark(words: str) -> None:
    assert block_in(with_block("", as_text(words))) is not None
    assert "\n" not in as_text(words)
