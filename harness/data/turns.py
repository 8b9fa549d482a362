"""One turn of a conversation in instruction data: a text, or its parts, or calls of tools."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.data.decoding import clean_text

ROLES = ("system", "user", "assistant", "tool")
_SAME = {"developer": "system", "function": "tool", "ipython": "tool"}
SHAREGPT = {
    **dict.fromkeys(("human", "user"), "user"),
    **dict.fromkeys(("gpt", "assistant", "chatgpt", "bing", "bard", "model"), "assistant"),
    "system": "system",
    **dict.fromkeys(("tool", "observation", "function_response", "ipython"), "tool"),
    **dict.fromkeys(("function_call", "tool_call"), "call"),
}
"""Who speaks by ShareGPT's `from`, as data sets on the Hub write it."""
_TEXTS = ("text", "input_text", "output_text")


class Mistake(Exception):
    """What is wrong with a row, in words."""


@dataclass(frozen=True)
class Turn:
    """One turn of a conversation; `calls` are the tools that it calls, as JSON."""

    role: str
    content: str
    calls: str = ""


def turn_of(number: int, message: Any) -> Turn:
    """A turn of the form {role, content}, where content may be a list of parts.

    Raises:
        Mistake: it has no role that is known, no text, or a part that is none.
    """
    if not isinstance(message, dict):
        raise Mistake(f"message {number} is no object of role and content")
    role = message.get("role")
    role = _SAME.get(role, role) if isinstance(role, str) else role
    if role not in ROLES:
        raise Mistake(f"message {number}: role {role!r:.40} is none of {', '.join(ROLES)}")
    calls = message.get("tool_calls")
    content = message.get("content")
    if isinstance(content, list):
        content = _joined(number, content)
    elif content is None and calls:
        content = ""
    if not isinstance(content, str):
        raise Mistake(f"message {number}: content must be a text, not {content!r:.40}")
    return Turn(role, clean_text(content), _calls(number, role, calls))


def _joined(number: int, parts: Sequence[Any]) -> str:
    """The text of a content in parts."""
    texts = []
    for part in parts:
        text = part if isinstance(part, str) else None
        if isinstance(part, Mapping):
            kind = part.get("type", "text")
            if kind not in _TEXTS:
                raise Mistake(
                    f"message {number}: a part of the type {kind!r:.40}, which a language model is not given"
                )
            text = part.get("text")
        if not isinstance(text, str):
            raise Mistake(f"message {number}: a part must be a text, not {part!r:.40}")
        texts.append(text)
    return "".join(texts)


def _calls(number: int, role: str, given: Any) -> str:
    """Calls of tools as JSON, their arguments as objects, as chat templates take them."""
    if not given:
        return ""
    if role != "assistant" or not isinstance(given, list):
        raise Mistake(f"message {number}: tool_calls are a list, of an assistant")
    made = []
    for call in given:
        function = call.get("function", call) if isinstance(call, Mapping) else None
        if not isinstance(function, Mapping) or not isinstance(function.get("name"), str):
            raise Mistake(f"message {number}: a tool call without a name: {call!r:.40}")
        known = {"name": function["name"], "arguments": _object(function.get("arguments"))}
        made.append({"type": "function", "function": known})
    return json.dumps(made, ensure_ascii=False)


def _object(arguments: Any) -> Any:
    if isinstance(arguments, str):
        try:
            return json.loads(arguments)
        except ValueError:
            return arguments
    return {} if arguments is None else arguments


def turns_of_sharegpt(given: Sequence[Any], system: Any) -> list[Turn]:
    """Turns of the form {from, value}, or {role, content} under that column.

    Args:
        given: the turns.
        system: what a column of its own says to the system, if anything.

    Raises:
        Mistake: as `turn_of`.
    """
    turns = [_of_sharegpt(number, one) for number, one in enumerate(given, start=1)]
    if isinstance(system, str) and system.strip() and not (turns and turns[0].role == "system"):
        turns.insert(0, Turn("system", clean_text(system)))
    return [turn for turn in turns if turn.content or turn.calls or turn.role != "system"]


def _of_sharegpt(number: int, one: Any) -> Turn:
    if not isinstance(one, Mapping) or "from" not in one:
        return turn_of(number, one)
    role = SHAREGPT.get(str(one["from"]).lower())
    if role is None:
        known = ", ".join(SHAREGPT)
        raise Mistake(f"message {number}: from {one['from']!r:.40} is none of {known}")
    value = one.get("value")
    if role != "call":
        return turn_of(number, {"role": role, "content": value})
    calls = _object(value)
    listed = calls if isinstance(calls, list) else [calls]
    return turn_of(number, {"role": "assistant", "content": None, "tool_calls": listed})


def wrong_order(turns: Sequence[Turn]) -> str:
    """What is wrong with who speaks when; "" where nothing is.

    A system turn can only come first, users and assistants take turns, tools answer calls, and an
    assistant has the last word.
    """
    due: tuple[str, ...] = ("system", "user")
    for number, turn in enumerate(turns, start=1):
        if turn.role not in due:
            return f"message {number}: {turn.role} speaks where {due[-1]} should"
        due = {
            "system": ("user",),
            "user": ("assistant",),
            "assistant": ("tool",) if turn.calls else ("user",),
            "tool": ("tool", "assistant"),
        }[turn.role]
    return (
        ""
        if turns and turns[-1].role == "assistant"
        else "the last message must be the assistant's"
    )
