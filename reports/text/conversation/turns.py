"""What a pasted conversation is read into: turns, the form it had, and what the reader was not sure of."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, TypedDict

Role = Literal["system", "user", "assistant", "tool"]

MOST_TURNS, LONGEST_TURN = 200, 20_000  # as a report's schema has them; longer ones are told, never cut
MOST_CHARACTERS = 2_000_000  # of a paste that is read at all
MOST_MESSAGES = 5_000  # beyond, nobody has pasted one conversation
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")  # PostgreSQL keeps no NUL, and half a surrogate pair is no character


class Turn(TypedDict):
    role: Role
    content: str


class Form(StrEnum):
    """The format a paste was recognised by."""

    NONE = ""
    MESSAGES = "messages"
    JSONL = "jsonl"
    OPENAI_CHAT = "openai_chat"
    OPENAI_RESPONSES = "openai_responses"
    ANTHROPIC = "anthropic"
    CHATGPT_EXPORT = "chatgpt_export"
    CLAUDE_EXPORT = "claude_export"
    GEMINI = "gemini"
    AI_STUDIO = "ai_studio"
    INSPECT = "inspect"
    SHAREGPT = "sharegpt"
    PROMPT_AND_ANSWER = "prompt_and_answer"
    SPEAKERS = "speakers"
    WEB_PAGE = "web_page"
    HEADINGS = "headings"
    BLOCKS = "blocks"
    SPECIAL_TOKENS = "special_tokens"


class Doubt(StrEnum):
    """What whoever pasted should be told, or asked."""

    EMPTY = "empty"
    UNRECOGNISED = "unrecognised"
    TOO_LARGE = "too_large"  # not read at all
    TOO_DEEP = "too_deep"  # JSON nested beyond reason, not read at all
    BROKEN_JSON = "broken_json"  # begins like a conversation in JSON and does not end as one
    SEVERAL_CONVERSATIONS = "several_conversations"  # an export of many: which one is meant?
    TOO_MANY_TURNS = "too_many_turns"
    TURN_TOO_LONG = "turn_too_long"
    EMPTY_TURN = "empty_turn"
    BRANCHES_LEFT_OUT = "branches_left_out"  # retries and edits that the export holds beside the shown path
    HIDDEN_LEFT_OUT = "hidden_left_out"  # what the chat never showed, such as the person's profile
    ATTACHMENTS_LEFT_OUT = "attachments_left_out"  # a mark such as [image] stands in their place
    PARTS_LEFT_OUT = "parts_left_out"  # pieces of a kind that is not known
    REASONING_KEPT = "reasoning_kept"
    UNKNOWN_ROLE = "unknown_role"
    BEFORE_FIRST_SPEAKER = "before_first_speaker"  # whose words these are was guessed
    SPEAKER_GUESSED = "speaker_guessed"  # a name of which only its place says who it is
    LABELS_UNSURE = "labels_unsure"  # names that may also be the words of one answer
    ALTERNATED = "alternated"  # nobody was named: taken in turn, the person first
    OUTSIDE_MARKERS = "outside_markers"
    CHARACTERS_REPLACED = "characters_replaced"  # those that cannot be stored became U+FFFD


@dataclass(frozen=True, slots=True)
class Conversation:
    """The turns in their order, none cut; where nothing was recognised there are none, and a doubt says why."""

    turns: list[Turn] = field(default_factory=list)
    form: Form = Form.NONE
    doubts: list[Doubt] = field(default_factory=list)


def refused(doubt: Doubt, form: Form = Form.NONE) -> Conversation:
    return Conversation([], form, [doubt])


def concluded(form: Form, turns: list[Turn], doubts: Iterable[Doubt]) -> Conversation:
    """The conversation with what can be said of every format: emptiness, length, and characters that cannot be kept."""
    if len(turns) > MOST_MESSAGES:
        return Conversation([], form, [Doubt.TOO_LARGE, Doubt.TOO_MANY_TURNS])
    found = set(doubts)
    kept: list[Turn] = []
    for turn in turns:
        content, replaced = _UNSTORABLE.subn("\ufffd", turn["content"])
        kept.append({"role": turn["role"], "content": content})
        if replaced:
            found.add(Doubt.CHARACTERS_REPLACED)
        if not content.strip():
            found.add(Doubt.EMPTY_TURN)
        if len(content) > LONGEST_TURN:
            found.add(Doubt.TURN_TOO_LONG)
    if len(kept) > MOST_TURNS:
        found.add(Doubt.TOO_MANY_TURNS)
    if not kept:
        found.add(Doubt.UNRECOGNISED)
    return Conversation(kept, form if kept else Form.NONE, sorted(found))
