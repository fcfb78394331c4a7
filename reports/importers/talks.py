"""Talks that failed: turns as a report keeps them, and how several are told in one."""

from collections.abc import Mapping, Sequence
from typing import Any

from reports.importers.shapes import verbatim
from reports.text.conversation.messages import read_messages
from reports.text.conversation.pieces import Reading
from reports.vocabulary import TurnRole

SAMPLES = 3  # failing talks told of one report
QUOTED_PROMPT, QUOTED_OUTPUT = 300, 1000  # characters quoted of the second and third

Turns = list[dict[str, str]]


def turns_of(messages: Sequence[Any], attachments: Mapping[str, Any] | None = None) -> Turns:
    """Messages as the interfaces of models write them; ``attachments`` are texts kept apart, by their hash."""
    reading = Reading(attachments=attachments or {})
    read_messages(list(messages), reading)
    return [{"role": turn["role"], "content": verbatim(turn["content"])} for turn in reading.turns]


def said(role: TurnRole, content: str) -> dict[str, str]:
    return {"role": role.value, "content": content}


def quotes(talks: Sequence[Turns]) -> list[str]:
    """The prompt and output of all talks but the first, shortened, each output once."""
    shown = {last(talks[0], TurnRole.ASSISTANT)} if talks else set()
    quoted = []
    for talk in talks[1:]:
        prompt, output = last(talk, TurnRole.USER), last(talk, TurnRole.ASSISTANT)
        if output not in shown:
            shown.add(output)
            quoted.append(f"Also failed: “{cut(output, QUOTED_OUTPUT)}”\nin answer to: “{cut(prompt, QUOTED_PROMPT)}”")
    return quoted


def last(talk: Turns, role: str) -> str:
    return next((turn["content"] for turn in reversed(talk) if turn["role"] == role), "")


def cut(words: str, limit: int) -> str:
    return words if len(words) <= limit else f"{words[:limit].rstrip()}…"
