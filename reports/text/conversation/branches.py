"""Exports that hold a tree of messages: only the path that was on the screen is read; that there was more is told."""

from collections.abc import Mapping
from typing import Any

from reports.text.conversation.pieces import Piece, Reading, called, written
from reports.text.conversation.turns import Doubt

_HIDDEN = {"user_editable_context", "model_editable_context"}
_FROM_TOOLS = {"execution_output", "tether_quote", "tether_browsing_display", "system_error"}


def read_mapping(mapping: Mapping[str, Any], leaf: Any, reading: Reading) -> None:
    """A ChatGPT export: nodes that name their parent, and the node the chat stood at."""
    parents = {key: node.get("parent") for key, node in mapping.items() if isinstance(node, dict)}
    path = _path(parents, leaf)
    if any(_is_said(node) for key, node in mapping.items() if key not in path):
        reading.doubts.add(Doubt.BRANCHES_LEFT_OUT)
    for key in path:
        message = mapping[key].get("message")
        if isinstance(message, dict):
            _read_node(message, reading, is_last=key == path[-1])


def read_chat_messages(messages: list[Any], leaf: Any, reading: Reading) -> None:
    """A Claude export: messages in a row, in newer ones with the name of the one before."""
    found = [message for message in messages if isinstance(message, dict)]
    named = {message["uuid"]: message for message in found if isinstance(message.get("uuid"), str)}
    if isinstance(leaf, str) and leaf in named and any("parent_message_uuid" in message for message in found):
        path = _path({key: message.get("parent_message_uuid") for key, message in named.items()}, leaf)
        if len(path) < len(found):
            reading.doubts.add(Doubt.BRANCHES_LEFT_OUT)
        found = [named[key] for key in path]
    for message in found:
        content = message.get("content") or message.get("text")
        hung = [*_list(message.get("attachments")), *_list(message.get("files"))]
        reading.say(message.get("sender"), content, *reading.attached(hung))


def _path(parents: dict[str, Any], leaf: Any) -> list[str]:
    """From the root to the leaf; where no leaf is named, to the node that was added last. Loops end."""
    at = leaf if isinstance(leaf, str) and leaf in parents else next(reversed(parents), None)
    path: dict[str, None] = {}
    while isinstance(at, str) and at in parents and at not in path:
        path[at] = None
        at = parents[at]
    return list(reversed(path))


def _read_node(message: Mapping[str, Any], reading: Reading, *, is_last: bool) -> None:
    author, content, about = (_dict(message.get(key)) for key in ("author", "content", "metadata"))
    kind = content.get("content_type")
    if about.get("is_visually_hidden_from_conversation") is True or (isinstance(kind, str) and kind in _HIDDEN):
        if _is_written(content):
            reading.doubts.add(Doubt.HIDDEN_LEFT_OUT)
        return
    role = author.get("role")
    if not _is_written(content) and not about.get("attachments") and not (is_last and role == "assistant"):
        return
    recipient = message.get("recipient")
    if kind == "code" and recipient != "all":
        reading.say(role, called(recipient, content.get("text")))
    elif kind == "thoughts":
        reading.say(role, content)
    elif kind == "reasoning_recap":
        reading.doubts.add(Doubt.REASONING_KEPT)
        reading.say(role, f"[reasoning] {written(content.get('content'))}")
    elif isinstance(kind, str) and kind in _FROM_TOOLS:
        reading.say("tool", written(content.get("text") or content.get("result")))
    else:
        parts = content.get("parts", content.get("text"))
        reading.say(role, parts, *_unseen(parts, about, reading))


def _unseen(parts: Any, about: Mapping[str, Any], reading: Reading) -> list[Piece]:
    """Marks of attached files that no part of the message shows already."""
    marks = reading.attached(about.get("attachments"))
    is_shown = any(isinstance(part, dict) for part in _list(parts))
    return [mark for mark in marks if not (is_shown and mark.text == "[image]")]


def _is_said(node: Any) -> bool:
    message = _dict(_dict(node).get("message"))
    role = _dict(message.get("author")).get("role")
    return role in ("user", "assistant") and _is_written(_dict(message.get("content")))


def _is_written(content: Mapping[str, Any]) -> bool:
    told = (value for key, value in content.items() if key not in ("content_type", "language"))
    return any(any(map(bool, value)) if isinstance(value, list) else bool(value) for value in told)


def _dict(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
