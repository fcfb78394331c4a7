"""One message of an export, whatever its content is made of, becomes turns."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from reports.text.conversation.turns import Doubt, Role, Turn

ROLES: Mapping[str, Role] = {
    **dict.fromkeys(("system", "developer"), "system"),
    **dict.fromkeys(("user", "human"), "user"),
    **dict.fromkeys(("assistant", "model", "gpt", "chatgpt", "bot", "ai", "bing", "bard", "claude"), "assistant"),
    **dict.fromkeys(("tool", "function", "ipython", "observation", "environment", "function_response"), "tool"),
    "function_call": "assistant",
}
_DEEPEST = 4  # results of tools hold content, which holds parts
_LONGEST_NAME = 60
_THOUGHT = ("summary", "content")  # of each thought in a row of them
_THOUGHTS = ("thinking", "reasoning", "text", "summary", "content")  # where kinds of parts keep their thinking

_TEXTS = {"text", "input_text", "output_text", "summary_text", "refusal", "audio_transcription", ""}
_REASONING = {"thinking", "reasoning", "thoughts", "redacted_thinking", "reasoning_text"}
_CALLS = {"tool_use", "server_tool_use", "mcp_tool_use", "function_call", "tool_call", "custom_tool_call"}
_RESULTS = {"function_call_output", "custom_tool_call_output", "tool_response"}
_ATTACHMENTS = {
    **dict.fromkeys(("image", "image_url", "input_image", "image_asset_pointer", "image_file"), "[image]"),
    **dict.fromkeys(("audio", "input_audio", "audio_asset_pointer", "output_audio"), "[audio]"),
    **dict.fromkeys(("video", "video_url", "real_time_user_audio_video_asset_pointer"), "[video]"),
    **dict.fromkeys(("file", "input_file", "document", "container_upload"), "[file]"),
}


@dataclass(slots=True)
class Reading:
    """Turns as they are read out of JSON, the doubts met on the way, and texts that the export keeps apart."""

    turns: list[Turn] = field(default_factory=list)
    doubts: set[Doubt] = field(default_factory=set)
    attachments: Mapping[str, Any] = field(default_factory=dict)

    def say(self, role: Any, *contents: Any) -> None:
        """A message as one turn, or more where results of tools stand in it. One that says nothing is kept too."""
        known = ROLES.get(role.casefold()) if isinstance(role, str) else None
        name = "" if known else f"[{role[:_LONGEST_NAME] if isinstance(role, str) else '?'}] "
        if not known:
            self.doubts.add(Doubt.UNKNOWN_ROLE)
        pieces = [piece for content in contents for piece in self._pieces(content)] or [Piece("text", "")]
        self.turns.extend(_joined(known or "tool", pieces, name))

    def _pieces(self, content: Any, depth: int = 0) -> "Iterator[Piece]":
        if content is None:
            return
        if isinstance(content, Piece):
            yield content
        elif isinstance(content, str):
            yield Piece("text", self._attached(content))
        elif depth > _DEEPEST:
            self.doubts.add(Doubt.PARTS_LEFT_OUT)
        elif isinstance(content, list):
            for part in content:
                yield from self._pieces(part, depth + 1)
        elif isinstance(content, dict):
            yield from self._part(content, depth)
        else:
            yield Piece("text", written(content))

    def _part(self, part: Mapping[str, Any], depth: int) -> "Iterator[Piece]":
        kind = part.get("type") or part.get("content_type") or ""
        kind = kind if isinstance(kind, str) else ""
        if part.get("thought") is True or part.get("isThought") is True or kind.removesuffix("_delta") in _REASONING:
            yield from self._reasoning(part, depth)
        elif kind.endswith("_result") or kind in _RESULTS:
            yield from self._result(part.get("content", part.get("output")), depth)
        elif kind in _CALLS:
            yield called(part.get("name"), part.get("input", part.get("arguments")))
        elif mark := _ATTACHMENTS.get(kind):
            yield self._attachment(mark)
        elif kind in _TEXTS and (text := _text_of(part)) is not None:
            yield Piece("text", self._attached(text))
        else:
            yield from self._keyed(part, depth)

    def _keyed(self, part: Mapping[str, Any], depth: int) -> "Iterator[Piece]":
        """A part that is told by the key it holds, as Gemini's are, or one of a kind nobody has met yet."""
        call = part.get("functionCall", part.get("function_call"))
        result = part.get("functionResponse", part.get("function_response"))
        blob = next((part[key] for key in ("inlineData", "inline_data", "fileData", "file_data") if key in part), None)
        if isinstance(call, dict):
            yield called(call.get("name"), call.get("args", call.get("arguments")))
        elif isinstance(result, dict):
            yield from self._result(written(result.get("response")), depth)
        elif isinstance(code := part.get("executableCode", part.get("executable_code")), dict):
            yield called(code.get("language"), code.get("code"))
        elif isinstance(ran := part.get("codeExecutionResult", part.get("code_execution_result")), dict):
            yield from self._result(ran.get("output"), depth)
        elif isinstance(blob, dict):
            yield self._attachment(_mark_of(blob.get("mimeType", blob.get("mime_type"))))
        elif (text := _text_of(part)) is not None:
            yield Piece("text", self._attached(text))
        elif isinstance(part.get("parts", part.get("content")), list):
            yield from self._pieces(part.get("parts", part.get("content")), depth + 1)
        elif part:
            self.doubts.add(Doubt.PARTS_LEFT_OUT)

    def _reasoning(self, part: Mapping[str, Any], depth: int) -> "Iterator[Piece]":
        self.doubts.add(Doubt.REASONING_KEPT)
        if isinstance(thoughts := part.get("thoughts"), list):
            told = [str(each.get(key, "")) for each in thoughts if isinstance(each, dict) for key in _THOUGHT]
            text = "\n".join(filter(None, told))
        else:
            found = next((part[key] for key in _THOUGHTS if part.get(key)), "")
            text = "".join(piece.text for piece in self._pieces(found, depth + 1))
        if text:
            yield Piece("reasoning", f"[reasoning] {text}")

    def _result(self, content: Any, depth: int) -> "Iterator[Piece]":
        text = "\n".join(piece.text for piece in self._pieces(content, depth + 1))
        yield Piece("result", text)

    def _attachment(self, mark: str) -> "Piece":
        self.doubts.add(Doubt.ATTACHMENTS_LEFT_OUT)
        return Piece("attachment", mark)

    def attached(self, files: Any) -> "list[Piece]":
        """A mark for each file that hangs on a message beside its content; never its name, which may name a person."""
        names = files if isinstance(files, list) else []
        return [self._attachment(_mark_of(each.get("mime_type"))) for each in names if isinstance(each, dict)]

    def _attached(self, text: str) -> str:
        """The text itself, or the one that the export keeps apart under its hash."""
        if text.startswith("attachment://"):
            kept = self.attachments.get(text.removeprefix("attachment://"))
            return kept if isinstance(kept, str) else text
        return text


@dataclass(frozen=True, slots=True)
class Piece:
    kind: Literal["text", "reasoning", "call", "result", "attachment"]
    text: str


def called(name: Any, arguments: Any) -> Piece:
    """A call of a tool as text: its name and what it was given."""
    name = name[:_LONGEST_NAME] if isinstance(name, str) else ""
    return Piece("call", " ".join(filter(None, ("[tool call]", name, written(arguments)))))


def written(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _joined(role: Role, pieces: list[Piece], name: str) -> Iterator[Turn]:
    """Pieces in a row are one turn. An answer's texts run on, for models write them in bits; others start a line."""
    text, before = "", ""
    for piece in pieces:
        if piece.kind == "result" and role != "tool":
            if before:
                yield {"role": role, "content": name + text}
            yield {"role": "tool", "content": piece.text}
            text, before = "", ""
            continue
        runs_on = role == "assistant" and piece.kind == before == "text"
        text += ("\n" if before and not runs_on else "") + piece.text
        before = piece.kind
    if before:
        yield {"role": role, "content": name + text}


def _text_of(part: Mapping[str, Any]) -> str | None:
    for key in ("text", "refusal", "content", "value"):
        found = part.get(key)
        if isinstance(found, dict):
            found = found.get("value", found.get("text"))
        if isinstance(found, str):
            return found
    return None


def _mark_of(media_type: Any) -> str:
    kind = media_type.partition("/")[0] if isinstance(media_type, str) else ""
    return f"[{kind}]" if kind in ("image", "audio", "video") else "[file]"
