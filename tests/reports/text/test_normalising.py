"""Texts that read alike are spelled alike, and the way back to what was filed is kept."""

import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as st

from reports.text import normalise, normalise_with_offsets


def test_invisible_characters_leave_no_trace() -> None:
    assert normalise("do\u200bs\u00ade \u202e10\u2060 mg\ufeff") == "dose 10 mg"


def test_other_controls_become_spaces() -> None:
    assert normalise("a\x00b\x1bc\nd\te") == "a b c\nd\te"


def test_look_alikes_are_folded_in_mixed_words_only() -> None:
    assert normalise("Сhаtbоt сказал: Привет, мир") == "chatbot сказал: привет, мир"


def test_greek_words_stay_greek() -> None:
    assert normalise("Η απάντηση") == unicodedata.normalize("NFKC", "η απάντηση")


def test_width_and_case_do_not_matter() -> None:
    assert normalise("ＧＰＴ Straße") == normalise("gpt STRASSE") == "gpt strasse"


def test_offsets_lead_back_through_accents_ligatures_and_hidden_characters() -> None:
    raw = "Re\u0301sume\u0301 \u200bof ﬁnd\u200bings!"

    text, origin = normalise_with_offsets(raw)

    start = text.index("findings")
    assert text == "résumé of findings!"
    assert raw[origin[start] : origin[start + len("findings")]] == "ﬁnd\u200bings"
    assert origin[len(text)] == len(raw)


@settings(deadline=None)
@given(st.text())
def test_normalising_twice_changes_nothing_more_in_plain_text(text: str) -> None:
    once = normalise(text)

    assert normalise(once).isascii() == once.isascii()
    assert "\u200b" not in once


@settings(deadline=None)
@given(st.text(alphabet=st.characters(max_codepoint=0x2FFF)))
def test_offsets_point_into_the_text_in_order(text: str) -> None:
    normalised, origin = normalise_with_offsets(text)

    assert len(origin) == len(normalised) + 1
    assert origin == sorted(origin)
    assert all(0 <= index <= len(text) for index in origin)


@settings(deadline=None)
@given(st.text(alphabet="aéñü ßﬁ\u0301\u200b中文العربية한글АБв"))
def test_both_ways_of_normalising_agree(text: str) -> None:
    assert normalise_with_offsets(text)[0] == normalise(text)
