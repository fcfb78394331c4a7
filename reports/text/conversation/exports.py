"""Conversations as JSON: what the interfaces of models take and give, what chats export, what test tools log."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from reports.text.conversation.branches import read_chat_messages, read_mapping
from reports.text.conversation.pieces import Reading, called
from reports.text.conversation.turns import Conversation, Doubt, Form, concluded, refused

_DEEPEST = 60  # levels of nesting; the deepest export met has twelve
_LIKELY = re.compile(r'"(?:role|from|sender|author|messages|mapping|chat_messages|contents|parts)"\s*:')
_WRAPPERS = ("conversation", "chat", "thread", "request", "response", "body", "result")
_ASKED = ("prompt", "question", "instruction", "query")
_ANSWERED = ("response", "completion", "answer", "output", "generation")
_ITEMS = ("function_call", "function_call_output", "reasoning")  # of the Responses, beside messages

Shape = Callable[[Mapping[str, Any], Reading], Form | None]


def read_json(pasted: str) -> Conversation | None:
    """The conversation in the JSON, or None where the text is none."""
    if pasted[:1] not in ("{", "["):
        return None
    value: Any
    try:
        value = json.loads(pasted)
    except RecursionError:
        return refused(Doubt.TOO_DEEP)
    except ValueError:
        value = _lines(pasted)
        if value is None:
            return refused(Doubt.BROKEN_JSON) if _LIKELY.search(pasted[:5000]) else None
    if _is_too_deep(value):
        return refused(Doubt.TOO_DEEP)
    reading = Reading()
    form = _read(value, reading)
    if form is None or Doubt.SEVERAL_CONVERSATIONS in reading.doubts:
        return refused(Doubt.UNRECOGNISED) if form is None else refused(Doubt.SEVERAL_CONVERSATIONS, form)
    if not isinstance(value, Lines) or form is not Form.MESSAGES:
        return concluded(form, reading.turns, reading.doubts)
    return concluded(Form.JSONL, reading.turns, reading.doubts)


class Lines(list[Any]):
    """Values that stood one on each line."""


def _lines(pasted: str) -> Lines | None:
    """Each line as its own JSON; None as soon as one is none."""
    found = Lines()
    for line in pasted.split("\n"):
        if not line.strip():
            continue
        try:
            found.append(json.loads(line))
        except (ValueError, RecursionError):
            return None
    return found


def _is_too_deep(value: Any) -> bool:
    level = [value]
    for _depth in range(_DEEPEST):
        level = [inner for outer in level if isinstance(outer, dict | list) for inner in _inside(outer)]
        if not level:
            return False
    return True


def _inside(outer: Mapping[str, Any] | list[Any]) -> Iterator[Any]:
    return iter(outer if isinstance(outer, list) else outer.values())


def _read(value: Any, reading: Reading) -> Form | None:
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
    if any(map(_is_message, found)):
        return _messages(values, reading)
    if len(found) == 1:
        return _read(found[0], reading)
    form = _read(found[0], Reading())
    if form:
        reading.doubts.add(Doubt.SEVERAL_CONVERSATIONS)
    return form


def _is_message(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    if isinstance(value.get("role"), str):
        return not {"mapping", "messages", "choices"} & value.keys()
    kind = value.get("type")
    return kind in _ITEMS or ("from" in value and "value" in value)


def _messages(values: list[Any], reading: Reading) -> Form | None:
    """Messages in a row, of whichever interface; the form is that of the plainest reading they allow."""
    form = Form.MESSAGES
    for value in values:
        if not isinstance(value, dict):
            reading.doubts.add(Doubt.PARTS_LEFT_OUT)
            continue
        form = _message(value, reading) or form
    return form


def _message(value: Mapping[str, Any], reading: Reading) -> Form | None:
    kind = value.get("type")
    if kind == "reasoning" and not value.get("summary") and not value.get("content"):
        return Form.OPENAI_RESPONSES  # kept secret by whoever runs the model
    if kind in _ITEMS:
        reading.say("assistant", value)
        return Form.OPENAI_RESPONSES
    if "from" in value and "value" in value:
        reading.say(value["from"], value["value"])
        return Form.SHAREGPT
    if "parts" in value:
        reading.say(value.get("role", "model"), value["parts"])
        return Form.GEMINI
    reading.say(value.get("role"), *_contents(value))
    return None


def _contents(value: Mapping[str, Any]) -> Iterator[Any]:
    for key in ("reasoning_content", "reasoning"):
        if isinstance(thought := value.get(key), str) and thought:
            yield {"type": "reasoning", "reasoning": thought}
    yield next((value[key] for key in ("content", "text", "refusal", "value") if value.get(key) is not None), None)
    calls = value.get("tool_calls")
    legacy = [{"function": value["function_call"]}] if isinstance(value.get("function_call"), dict) else []
    for call in [*(calls if isinstance(calls, list) else []), *legacy]:
        if isinstance(call, dict):
            function = call.get("function")
            inner = function if isinstance(function, dict) else {"name": function, **call}
            yield called(inner.get("name"), inner.get("arguments"))


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
    _say_system(value, reading)
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
    _say_system(value, reading)
    if isinstance(contents, str):
        reading.say("user", contents)
    elif contents:
        for content in contents:
            said = content if isinstance(content, dict) else {"text": content}
            _message({"role": "user", **said}, reading)
    _say_first(candidates, "content", reading)
    return Form.GEMINI


def _say_first(answers: Any, key: str, reading: Reading) -> None:
    """The first of the answers that an interface gave at once; that there were more is told."""
    found = [answer for answer in answers if isinstance(answer, dict)] if isinstance(answers, list) else []
    if not found:
        return
    message = found[0].get(key)
    if isinstance(message, dict):
        _message({"role": "assistant", **message}, reading)
    else:
        reading.say("assistant", found[0].get("text"))
    if len(found) > 1:
        reading.doubts.add(Doubt.BRANCHES_LEFT_OUT)


def _say_system(value: Mapping[str, Any], reading: Reading) -> None:
    for key in ("system", "instructions", "systemInstruction", "system_instruction", "system_prompt"):
        content = value.get(key)
        if isinstance(content, str | list | dict) and content:
            reading.say("system", content["parts"] if isinstance(content, dict) and "parts" in content else content)


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
        _messages(messages, reading)
        return Form.INSPECT
    given, output = value["input"], value.get("output")
    if isinstance(given, list):
        _messages(given, reading)
    else:
        reading.say("user", given)
    _say_first(output.get("choices") if isinstance(output, dict) else None, "message", reading)
    return Form.INSPECT


def _sharegpt(value: Mapping[str, Any], reading: Reading) -> Form | None:
    rows = (value.get(key) for key in ("conversations", "conversation", "turns"))
    turns = next((row for row in rows if isinstance(row, list)), None)
    if turns is None or not any(map(_is_message, turns)):
        return None
    _say_system(value, reading)
    return _messages(turns, reading)


def _responses(value: Mapping[str, Any], reading: Reading) -> Form | None:
    """What OpenAI's Responses take ("input") and give ("output"), together or alone."""
    given, output = value.get("input"), value.get("output")
    is_asked = isinstance(given, str | list) and bool({"model", "instructions"} & value.keys())
    is_answered = isinstance(output, list) and any(map(_is_message, output))
    if not is_asked and not is_answered:
        return None
    _say_system(value, reading)
    if isinstance(given, list):
        _messages(given, reading)
    elif isinstance(given, str):
        reading.say("user", given)
    if isinstance(output, list):
        _messages(output, reading)
    return Form.OPENAI_RESPONSES


def _chat(value: Mapping[str, Any], reading: Reading) -> Form | None:
    """A request, a response, or both, of the interfaces that take messages."""
    messages, choices = value.get("messages"), value.get("choices")
    if not isinstance(messages, list) and not isinstance(choices, list):
        return None
    _say_system(value, reading)
    form = Form.ANTHROPIC if reading.turns else Form.MESSAGES
    if isinstance(messages, list):
        read = _messages(messages, reading)
        form = form if form is Form.ANTHROPIC or read is None else read
    if isinstance(choices, list):
        _say_first(choices, "message", reading)
        return Form.OPENAI_CHAT
    return form


def _one_message(value: Mapping[str, Any], reading: Reading) -> Form | None:
    message = value["message"] if isinstance(value.get("message"), dict) else value
    if not _is_message(message) or not {"content", "parts", "value"} & message.keys():
        return None
    return _message(message, reading) or (Form.ANTHROPIC if message.get("type") == "message" else Form.MESSAGES)


def _exchange(value: Mapping[str, Any], reading: Reading) -> Form | None:
    """A request and its response side by side, or either inside a wrapping."""
    forms = [_read(value[key], reading) for key in _WRAPPERS if isinstance(value.get(key), dict | list)]
    return next((form for form in reversed(forms) if form), None)


def _prompt_and_answer(value: Mapping[str, Any], reading: Reading) -> Form | None:
    asked = [value[key] for key in (*_ASKED, "input") if isinstance(value.get(key), str) and value[key]]
    answered = next((value[key] for key in _ANSWERED if isinstance(value.get(key), str)), None)
    if not asked or answered is None:
        return None
    _say_system(value, reading)
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
