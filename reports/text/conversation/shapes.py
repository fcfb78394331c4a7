"""What a conversation in JSON may be wrapped in: requests, responses, exports of chats, logs of test tools."""

from collections.abc import Callable, Mapping
from typing import Any

from reports.text.conversation.branches import read_chat_messages, read_mapping
from reports.text.conversation.messages import is_message, read_message, read_messages, say_first, say_system
from reports.text.conversation.pieces import Reading
from reports.text.conversation.turns import Doubt, Form

_WRAPPERS = ("conversation", "chat", "thread", "request", "response", "body", "result")
_ASKED = ("prompt", "question", "instruction", "query")
_ANSWERED = ("response", "completion", "answer", "output", "generation")

Shape = Callable[[Mapping[str, Any], Reading], Form | None]


def read_value(value: Any, reading: Reading) -> Form | None:
    if isinstance(value, list):
        return _read_list(value, reading)
    if not isinstance(value, dict):
        return None
    return next((form for shape in _SHAPES if (form := shape(value, reading))), None)


def _read_list(values: list[Any], reading: Reading) -> Form | None:
    """A list of messages, of one conversation, or of several, of which none is chosen for anybody."""
    found = [value for value in values if isinstance(value, dict)]
    if not found:
        return None
    if any(map(is_message, found)):
        return read_messages(values, reading)
    if len(found) == 1:
        return read_value(found[0], reading)
    form = read_value(found[0], Reading())
    if form:
        reading.doubts.add(Doubt.SEVERAL_CONVERSATIONS)
    return form


def _chatgpt(value: Mapping[str, Any], reading: Reading) -> Form | None:
    if not isinstance(mapping := value.get("mapping"), dict):
        return None
    read_mapping(mapping, value.get("current_node"), reading)
    return Form.CHATGPT_EXPORT


def _claude(value: Mapping[str, Any], reading: Reading) -> Form | None:
    if not isinstance(messages := value.get("chat_messages"), list):
        return None
    read_chat_messages(messages, value.get("current_leaf_message_uuid"), reading)
    return Form.CLAUDE_EXPORT


def _ai_studio(value: Mapping[str, Any], reading: Reading) -> Form | None:
    prompt = value.get("chunkedPrompt")
    if not isinstance(prompt, dict) or not isinstance(chunks := prompt.get("chunks"), list):
        return None
    say_system(value, reading)
    for chunk in chunks:
        if isinstance(chunk, dict):
            drive = [key for key in chunk if key.startswith("drive")]
            mark = {"type": drive[0].removeprefix("drive").casefold()} if drive else None
            reading.say(chunk.get("role"), mark or chunk)
    return Form.AI_STUDIO


def _gemini(value: Mapping[str, Any], reading: Reading) -> Form | None:
    contents, candidates = value.get("contents"), value.get("candidates")
    if not isinstance(contents, list | str) and not isinstance(candidates, list):
        return None
    say_system(value, reading)
    if isinstance(contents, str):
        reading.say("user", contents)
    elif isinstance(contents, list):
        for content in contents:
            said = content if isinstance(content, dict) else {"text": content}
            read_message({"role": "user", **said}, reading)
    say_first(candidates, "content", reading)
    return Form.GEMINI


def _inspect(value: Mapping[str, Any], reading: Reading) -> Form | None:
    """A sample of Inspect AI, or a log that holds one."""
    samples = value.get("samples")
    if isinstance(samples, list) and "eval" in value:
        if len(samples) != 1:
            reading.doubts.add(Doubt.SEVERAL_CONVERSATIONS)
            return Form.INSPECT
        return _inspect(samples[0], reading) if isinstance(samples[0], dict) else None
    if "input" not in value or not ("epoch" in value or {"messages", "output"} <= value.keys()):
        return None
    kept, messages = value.get("attachments"), value.get("messages")
    reading.attachments = kept if isinstance(kept, dict) else {}
    if isinstance(messages, list) and messages:
        read_messages(messages, reading)
        return Form.INSPECT
    given, output = value["input"], value.get("output")
    if isinstance(given, list):
        read_messages(given, reading)
    else:
        reading.say("user", given)
    say_first(output.get("choices") if isinstance(output, dict) else None, "message", reading)
    return Form.INSPECT


def _sharegpt(value: Mapping[str, Any], reading: Reading) -> Form | None:
    rows = (value.get(key) for key in ("conversations", "conversation", "turns"))
    turns = next((row for row in rows if isinstance(row, list)), None)
    if turns is None or not any(map(is_message, turns)):
        return None
    say_system(value, reading)
    return read_messages(turns, reading)


def _responses(value: Mapping[str, Any], reading: Reading) -> Form | None:
    """What OpenAI's Responses take ("input") and give ("output"), together or alone."""
    given, output = value.get("input"), value.get("output")
    is_asked = isinstance(given, str | list) and bool({"model", "instructions"} & value.keys())
    is_answered = isinstance(output, list) and any(map(is_message, output))
    if not is_asked and not is_answered:
        return None
    say_system(value, reading)
    if isinstance(given, list):
        read_messages(given, reading)
    elif isinstance(given, str):
        reading.say("user", given)
    if isinstance(output, list):
        read_messages(output, reading)
    return Form.OPENAI_RESPONSES


def _chat(value: Mapping[str, Any], reading: Reading) -> Form | None:
    """A request, a response, or both, of the interfaces that take messages."""
    messages, choices = value.get("messages"), value.get("choices")
    if not isinstance(messages, list) and not isinstance(choices, list):
        return None
    say_system(value, reading)
    form = Form.ANTHROPIC if reading.turns else Form.MESSAGES
    if isinstance(messages, list):
        read = read_messages(messages, reading)
        form = form if form is Form.ANTHROPIC or read is None else read
    if isinstance(choices, list):
        say_first(choices, "message", reading)
        return Form.OPENAI_CHAT
    return form


def _one_message(value: Mapping[str, Any], reading: Reading) -> Form | None:
    message = value["message"] if isinstance(value.get("message"), dict) else value
    if not is_message(message) or not {"content", "parts", "value"} & message.keys():
        return None
    return read_message(message, reading) or (Form.ANTHROPIC if message.get("type") == "message" else Form.MESSAGES)


def _exchange(value: Mapping[str, Any], reading: Reading) -> Form | None:
    """A request and its response side by side, or either inside a wrapping."""
    forms = [read_value(value[key], reading) for key in _WRAPPERS if isinstance(value.get(key), dict | list)]
    return next((form for form in reversed(forms) if form), None)


def _prompt_and_answer(value: Mapping[str, Any], reading: Reading) -> Form | None:
    asked = [value[key] for key in (*_ASKED, "input") if isinstance(value.get(key), str) and value[key]]
    answered = next((value[key] for key in _ANSWERED if isinstance(value.get(key), str)), None)
    if not asked or answered is None:
        return None
    say_system(value, reading)
    reading.say("user", *asked)
    reading.say("assistant", answered)
    return Form.PROMPT_AND_ANSWER


_SHAPES: tuple[Shape, ...] = (
    _chatgpt,
    _claude,
    _ai_studio,
    _gemini,
    _inspect,
    _sharegpt,
    _responses,
    _chat,
    _one_message,
    _exchange,
    _prompt_and_answer,
)
