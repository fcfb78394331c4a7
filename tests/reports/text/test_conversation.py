"""Pasted conversations become turns; what is not one stays whole; nothing is lost, nothing raises."""

import doctest
import json
import re
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from reports import answers
from reports.text import conversation as reader
from reports.text.conversation import LONGEST_TURN, MOST_TURNS, Doubt, labels, turns_of
from reports.text.conversation.labels import label_of

SAMPLES = Path(__file__).parents[2] / "fixtures" / "conversations"
EXPECTED: dict[str, dict[str, Any]] = json.loads((SAMPLES / "expected.json").read_text())


def _pasted(name: str) -> str:
    return next(path for path in SAMPLES.glob(f"{name}.*")).read_text()


def _told(pasted: str) -> dict[str, Any]:
    conversation = turns_of(pasted)
    return {"form": conversation.form, "doubts": conversation.doubts, "turns": conversation.turns}


@pytest.mark.parametrize("name", EXPECTED)
def test_each_sample_holds_its_turns(name: str) -> None:
    assert _told(_pasted(name)) == EXPECTED[name]


@pytest.mark.parametrize("name", [name for name in EXPECTED if (SAMPLES / f"{name}.txt").exists()])
def test_line_ends_and_byte_order_marks_change_nothing(name: str) -> None:
    pasted = _pasted(name)

    assert _told("\ufeff" + pasted.replace("\n", "\r\n")) == EXPECTED[name]


@pytest.mark.parametrize("name", EXPECTED)
def test_turns_written_out_are_read_as_the_same_turns(name: str) -> None:
    turns = turns_of(_pasted(name)).turns

    assert turns_of(json.dumps(turns)).turns == turns


@pytest.mark.parametrize("module", [reader, labels], ids=lambda each: each.__name__)
def test_examples_hold(module: ModuleType) -> None:
    results = doctest.testmod(module)

    assert results.attempted
    assert results.failed == 0


def test_limits_are_those_of_a_report() -> None:
    assert (MOST_TURNS, LONGEST_TURN) == (answers.TURNS_MAX, answers.TURN_MAX)


def test_what_is_longer_than_a_report_may_be_is_told_and_not_cut() -> None:
    short = "\n".join(f"User: {number}\nBot: ok" for number in range(100))

    conversation = turns_of(f"{short}\nUser: more\nBot: {'x' * LONGEST_TURN}y")

    assert len(conversation.turns) == 202
    assert len(conversation.turns[-1]["content"]) == LONGEST_TURN + 1
    assert conversation.doubts == [Doubt.TOO_MANY_TURNS, Doubt.TURN_TOO_LONG]


@pytest.mark.parametrize(
    ("pasted", "doubt"),
    [
        ("", Doubt.EMPTY),
        (" \r\n\ufeff", Doubt.EMPTY),
        ("x" * 2_000_001, Doubt.TOO_LARGE),
        ("[" * 500_000, Doubt.TOO_DEEP),
        ('{"a":' * 50_000 + "1" + "}" * 50_000, Doubt.TOO_DEEP),
        ("[" * 100 + "]" * 100, Doubt.TOO_DEEP),
        ('[{"role":"user","content":' + "[" * 70 + "]" * 70 + "}]", Doubt.TOO_DEEP),
        ("[" + ",".join(['{"role":"user","content":"x"}'] * 30_000) + "]", Doubt.TOO_LARGE),
        ("[" + "1" * 5_000 + "]", Doubt.UNRECOGNISED),
        ("[]", Doubt.UNRECOGNISED),
        ('{"messages": []}', Doubt.UNRECOGNISED),
        ('{"mapping": {"a": {"parent": "a"}}, "current_node": "a"}', Doubt.UNRECOGNISED),
    ],
)
def test_what_cannot_be_read_gives_no_turns_and_says_why(pasted: str, doubt: Doubt) -> None:
    conversation = turns_of(pasted)

    assert conversation.turns == []
    assert doubt in conversation.doubts


def test_what_cannot_be_stored_is_replaced_and_told() -> None:
    conversation = turns_of('[{"role": "user", "content": "a\\u0000b\\ud800c"}]')

    assert conversation.turns == [{"role": "user", "content": "a\ufffdb\ufffdc"}]
    assert conversation.doubts == [Doubt.CHARACTERS_REPLACED]


def test_a_model_that_said_nothing_is_kept_as_that() -> None:
    conversation = turns_of("User: Speak.\nAssistant:\n")

    assert conversation.turns == [{"role": "user", "content": "Speak."}, {"role": "assistant", "content": ""}]
    assert conversation.doubts == [Doubt.EMPTY_TURN]


def test_branches_that_run_in_a_circle_end() -> None:
    said = {"author": {"role": "user"}, "content": {"parts": ["hi"]}}
    mapping = {"a": {"parent": "b", "message": said}, "b": {"parent": "a", "message": said}}

    assert len(turns_of(json.dumps({"mapping": mapping, "current_node": "a"})).turns) == 2


MEGABYTE = 1_000_000
SIZES = [MEGABYTE // 8, pytest.param(MEGABYTE, marks=pytest.mark.long)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "pattern",
    [
        "User: why?\n\nAssistant: because, at 12:30.\nNote: so.\n\n",
        "User:\nAI:\n",
        "1 1:1 1.1-1 1:1 1:1 1:1 1:1 a a a a a a a a (a (a (a 1:1 1:1\n",
        "**a a a a a a a a a a a a a a a a a a - 1111111111 **   - 111111111111\n",
        "\u200f\u200f\u200f\u200f   \u200f\u200fa\u200f\n",
        "```\n",
        "~~~ x\n```\n",
        "“ab\n",
        "---\n",
        "<|start|>user<|channel|>",
        "[INST]",
        "{",
        '["\\"',
    ],
)
def test_a_megabyte_of_anything_is_read_in_moments(pattern: str, size: int) -> None:
    pasted = (pattern * (size // len(pattern) + 1))[:size]
    started = time.process_time()

    turns_of(pasted)

    assert time.process_time() - started < 8  # seconds; a megabyte takes 1.4 at most, and hours by a quadratic search


@pytest.mark.parametrize("size", SIZES)
def test_many_unknown_names_cost_no_more_than_few(size: int) -> None:
    pasted = "Me: x\n" + "".join(f"N{number}: x\nN{number}: y\n" for number in range(size // 22))
    started = time.process_time()

    turns_of(pasted)

    assert time.process_time() - started < 8  # seconds


PAIRS = [
    ("User: ", "Assistant: "),
    ("Human:", "AI:"),
    ("**Me:** ", "**ChatGPT:** "),
    ("### User\n", "### Assistant\n"),
    ("You said:\n", "ChatGPT said:\n"),
    ("用户：", "助手："),
    ("\u200fأنا: ", "\u200fالنموذج: "),
    ("Tú: ", "Claude 3.5 Sonnet: "),
    ("<|im_start|>user\n", "<|im_start|>assistant\n"),
]
WORDS = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00\r`~“”«»「」『』<>[]|")).map(
    str.strip
)
SCRAPS = [
    *'\n\r\t :：*_#`~-[]<>|{}",“”\u200f\ufeff\x00\ud800',
    *(label for pair in PAIRS for label in pair),
    *("12:30 ", "Note: ", "Harbor: ", "Prompt: ", "A: ", "hello", "hello hello hello\n"),
    *("```python\n", "---\n", "    ", "> ", "[INST]", "[/INST]", "<|im_end|>"),
    *('{"role": "user", "content": "', '"}', '{"messages": [', '{"mapping": {', "null", "\\u0000"),
]
HOSTILE = st.lists(st.sampled_from(SCRAPS), max_size=60).map("".join)


@settings(deadline=None)
@given(st.one_of(st.text(), HOSTILE))
def test_no_text_is_too_hostile_and_reading_twice_changes_nothing(pasted: str) -> None:
    conversation = turns_of(pasted)

    json.dumps(conversation.turns, ensure_ascii=False).encode()
    assert turns_of(json.dumps(conversation.turns)).turns == conversation.turns


SCALARS = st.one_of(st.none(), st.booleans(), st.floats(), st.integers(), st.text(max_size=5))
WORDS_OF_EXPORTS = """
role content parts text type messages mapping current_node parent message author chat_messages sender contents
candidates choices from value conversations input output samples eval attachments tool_calls function arguments
name thoughts metadata chunkedPrompt chunks system prompt response thought content_type request summary uuid
"""
KEYS = st.sampled_from(WORDS_OF_EXPORTS.split())
VALUES = st.sampled_from(
    ["user", "assistant", "model", "tool", "reasoning", "tool_use", "tool_result", "image", "a", "b"]
)


@settings(deadline=None)
@given(
    st.recursive(SCALARS | VALUES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6))
)
def test_no_export_is_too_odd(value: Any) -> None:
    conversation = turns_of(json.dumps(value))

    assert turns_of(json.dumps(conversation.turns)).turns == conversation.turns


@settings(deadline=None)
@given(st.sampled_from(PAIRS), st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=6))
def test_what_speakers_say_stays_whole_and_in_order(pair: tuple[str, str], said: list[tuple[str, str]]) -> None:
    assume(not any(label_of(line, 0) for both in said for words in both for line in words.split("\n")))
    assume(pair[0].startswith("<") is False or all(words for both in said for words in both))
    pasted = "\n".join(f"{label}{words}" for both in said for label, words in zip(pair, both, strict=True))

    turns = turns_of(pasted).turns

    assert [turn["content"] for turn in turns] == [words for both in said for words in both]
    assert [turn["role"] for turn in turns] == ["user", "assistant"] * len(said)


@settings(deadline=None)
@given(st.sampled_from(PAIRS), st.lists(HOSTILE, min_size=2, max_size=6))
def test_only_names_and_marks_stand_outside_of_turns(pair: tuple[str, str], said: list[str]) -> None:
    pasted = "\n".join(f"{pair[place % 2]}{words}" for place, words in enumerate(said))
    conversation = turns_of(pasted)
    rest = re.sub("\r\n?", "\n", re.sub("[\x00\ud800-\udfff]", "\ufffd", pasted))

    for turn in conversation.turns:
        outside, words, rest = rest.partition(turn["content"]) if turn["content"] else ("", "", rest)
        assert words == turn["content"]
        assert all(len(line.strip()) <= 60 for line in outside.split("\n"))
        assert "hello" not in outside
    assert not conversation.turns or "hello" not in rest
