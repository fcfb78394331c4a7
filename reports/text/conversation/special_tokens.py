"""Conversations as models are fed them, with the tokens that open and close turns."""

import re

from reports.text.conversation.pieces import ROLES
from reports.text.conversation.turns import Doubt, Form, Role, Turn

_ROLE = r"(?P<role>[A-Za-z_]{2,20})"
_HEAD = r"[^<>\n]{0,60}"  # where a message goes, and in which format
_SENTENCE = r"</?s>(?=\s{0,9}(?:"  # what must follow, for elsewhere it strikes words through

# Of each family what opens a turn, and what closes one. Only the paste's own family counts: the tokens of another are
# what the conversation is about.
_FAMILIES = (
    (rf"<\|im_start\|>\s?{_ROLE}[^\S\n]{{0,9}}\n?", r"<\|im_end\|>|<\|endoftext\|>"),
    (rf"<\|start_header_id\|>\s?{_ROLE}\s?<\|end_header_id\|>", r"<\|(?:eot_id|eom_id|begin_of_text|end_of_text)\|>"),
    (rf"<start_of_turn>\s?{_ROLE}[^\S\n]{{0,9}}\n?", r"<end_of_turn>|<bos>|<eos>"),
    (
        rf"<\|start\|>{_ROLE}{_HEAD}(?:<\|channel\|>{_HEAD})?(?:<\|constrain\|>{_HEAD})?<\|message\|>",
        r"<\|(?:end|return|call)\|>",
    ),
    (
        r"<\|START_OF_TURN_TOKEN\|><\|(?P<role>USER|CHATBOT|SYSTEM)_TOKEN\|>",
        r"<\|END_OF_TURN_TOKEN\|>|<BOS_TOKEN>|<EOS_TOKEN>",
    ),
    (
        r"<[|｜](?P<role>[Uu]ser|[Aa]ssistant|[Ss]ystem|[Tt]ool|[Hh]uman)[|｜]>",
        rf"<\|end\|>|<\|endoftext\|>|{_SENTENCE}<[|｜]|\Z))|<[|｜](?:begin|end)▁of▁sentence[|｜]>",
    ),
    (r"(?P<role>\[/?INST\]|<</?SYS>>|\[/?SYSTEM_PROMPT\])", rf"{_SENTENCE}<s>|\[INST\]|\Z))|<\|begin_of_text\|>"),
)
_TOKENS = [re.compile(f"{opening}|(?P<closing>{closing})") for opening, closing in _FAMILIES]
_STARTS = [re.compile(rf"\s{{0,20}}(?:{closing})?\s{{0,20}}(?:{opening})") for opening, closing in _FAMILIES]
_BRACKETS: dict[str, Role] = {
    "chatbot": "assistant",
    "[inst]": "user",
    "[/inst]": "assistant",
    "<<sys>>": "system",
    "<</sys>>": "user",
    "[system_prompt]": "system",
    "[/system_prompt]": "user",
}


def read_special_tokens(text: str) -> tuple[Form, list[Turn], set[Doubt]] | None:
    """The turns between tokens, or None where the text does not begin with one: in its middle they are talked about."""
    for starts, tokens in zip(_STARTS, _TOKENS, strict=True):
        if starts.match(text):
            return _read(text, tokens)
    return None


def _read(text: str, tokens: re.Pattern[str]) -> tuple[Form, list[Turn], set[Doubt]]:
    turns: list[Turn] = []
    doubts: set[Doubt] = set()
    role: Role | None = None
    end = 0
    for found in tokens.finditer(text):
        words = text[end : found.start()].strip()
        if words or (role and found["closing"]):
            _add(turns, role, words, doubts)
        role, end = _role_of(found, doubts), found.end()
    if rest := text[end:].strip():
        _add(turns, role, rest, doubts)
    return Form.SPECIAL_TOKENS, turns, doubts


def _add(turns: list[Turn], role: Role | None, words: str, doubts: set[Doubt]) -> None:
    if role is None:
        doubts.add(Doubt.OUTSIDE_MARKERS)
        role = "assistant" if turns and turns[-1]["role"] == "user" else "user"
    turns.append({"role": role, "content": words})


def _role_of(found: re.Match[str], doubts: set[Doubt]) -> Role | None:
    if found["closing"]:
        return None
    name = found["role"].casefold()
    role = _BRACKETS.get(name, ROLES.get(name))
    if role is None:
        doubts.add(Doubt.UNKNOWN_ROLE)
    return role or "tool"
