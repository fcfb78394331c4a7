"""Messages one by one, as the interfaces of models take and give them."""

from collections.abc import Iterator, Mapping
from typing import Any

from reports.text.conversation.pieces import Reading, called
from reports.text.conversation.turns import Doubt, Form

_ITEMS = ("function_call", "function_call_output", "reasoning")  # of the Responses, beside messages


def is_message(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    if isinstance(value.get("role"), str):
        return not {"mapping", "messages", "choices"} & value.keys()
    kind = value.get("type")
    return kind in _ITEMS or ("from" in value and "value" in value)


def read_messages(values: list[Any], reading: Reading) -> Form | None:
    """Messages in a row, of whichever interface; the form is that of the plainest reading they allow."""
    form = Form.MESSAGES
    for value in values:
        if not isinstance(value, dict):
            reading.doubts.add(Doubt.PARTS_LEFT_OUT)
            continue
        form = read_message(value, reading) or form
    return form


def read_message(value: Mapping[str, Any], reading: Reading) -> Form | None:
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


def say_first(answers: Any, key: str, reading: Reading) -> None:
    """The first of the answers that an interface gave at once; that there were more is told."""
    found = [answer for answer in answers if isinstance(answer, dict)] if isinstance(answers, list) else []
    if not found:
        return
    message = found[0].get(key)
    if isinstance(message, dict):
        read_message({"role": "assistant", **message}, reading)
    else:
        reading.say("assistant", found[0].get("text"))
    if len(found) > 1:
        reading.doubts.add(Doubt.BRANCHES_LEFT_OUT)


def say_system(value: Mapping[str, Any], reading: Reading) -> None:
    for key in ("system", "instructions", "systemInstruction", "system_instruction", "system_prompt"):
        content = value.get(key)
        if isinstance(content, str | list | dict) and content:
            reading.say("system", content["parts"] if isinstance(content, dict) and "parts" in content else content)
