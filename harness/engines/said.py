"""What a chat template makes of what is said: whether all of it is in the text, and in which form it wants it.

Templates of vision models take a turn's content as a list of parts, and write nothing, without an error,
where it is a text. Others cut, escape or leave out. Every rendered conversation is held against its turns.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Sequence

from harness.engines.messages import Message
from harness.errors import BadModelError

PROBE = "Harness-Probe"
PARTS = ("user", "assistant", "system")
"""Roles whose content a template may want in parts."""
HINT = "Give another template with `chat_template: FILE.jinja`; `chat_template: none` asks with plain text."
_SWITCHES = re.compile(r"/(?:no_?think|think|system_override)\b")
"""Words to templates (SmolLM3, GLM 4.5), which they may take out of a system message."""
_THOUGHT = re.compile(r"^.*(?:</think>|\[/THINK\])", re.DOTALL)
"""Templates of models that think leave thoughts out of earlier answers."""

Render = Callable[[Sequence[Message]], str]


def roles_in_parts(render: Render) -> frozenset[str]:
    """The roles whose content a template shows as a list of parts only.

    Args:
        render: a conversation through the template, as it stands.
    """
    found: set[str] = set()
    for role in PARTS:
        before: list[Message] = [{"role": "user", "content": "a question"}] * (role == "assistant")
        after: list[Message] = [{"role": "user", "content": "a question"}] * (role != "user")
        talk = [*before, {"role": role, "content": PROBE}, *after]
        as_text = _shows(render, in_parts(talk, found))
        if not as_text and _shows(render, in_parts(talk, found | {role})):
            found.add(role)
    return frozenset(found)


def in_parts(messages: Sequence[Message], roles: frozenset[str] | set[str]) -> list[Message]:
    """The same turns, those of some roles with their content as a list of one part of text."""
    return [
        {**turn, "content": [{"type": "text", "text": turn["content"]}]}
        if turn["role"] in roles
        else turn
        for turn in messages
    ]


def _shows(render: Render, messages: Sequence[Message]) -> bool:
    """Whether a probe comes out as it went in, and not as a list that was written down."""
    try:
        text = render(messages)
    except BadModelError:
        return False
    return PROBE in text and not re.search(rf"""['"]text['"]: ?['"]{PROBE}""", text)


def check_said(text: str, messages: Sequence[Message]) -> None:
    """Checks that all that the turns say is in a rendered text, in their order.

    White space around it, and how much of it parts two words, is the template's own; a system message
    may stand anywhere.

    Raises:
        BadModelError: something is left out, cut off or written otherwise; says of whom.
    """
    plain, at, before = _spaced(text), 0, ""
    for turn in messages:
        said, role = _spaced(_expected(turn)), turn["role"]
        place = plain.find(said, 0 if role == "system" else at)
        if place < 0 and role == "tool":  # templates write what tools give as JSON
            said = next((form for form in _in_json(turn) if plain.find(form, at) >= 0), said)
            place = plain.find(said, at)
        if place < 0:
            found = (
                f"leaves out {_whose(before)}" if said in plain else _done(plain[at:], said, role)
            )
            raise BadModelError(f"The model's chat template {found}.", HINT)
        for name in _called(turn):
            if name not in plain[at:]:
                raise BadModelError("The model's chat template leaves out calls of tools.", HINT)
        if role != "system":
            at, before = place + len(said), role


def _expected(turn: Message) -> str:
    """What has to be in the text of one turn."""
    content = str(turn["content"] or "")
    if turn["role"] == "system":
        return _SWITCHES.sub("", content)
    return _THOUGHT.sub("", content) if turn["role"] == "assistant" else content


def _in_json(turn: Message) -> tuple[str, ...]:
    content = str(turn["content"])
    return tuple(_spaced(json.dumps(content, ensure_ascii=plain)[1:-1]) for plain in (True, False))


def _called(turn: Message) -> list[str]:
    """Names of the tools that a turn calls."""
    return [str(call["function"]["name"]) for call in turn.get("tool_calls", ())]


def _spaced(text: str) -> str:
    return " ".join(text.split())


def _whose(role: str) -> str:
    whose = {
        "user": "the user's text",
        "system": "the system message",
        "assistant": "earlier answers",
    }
    return whose.get(role, f"turns of the role `{role}`")


def _done(text: str, said: str, role: str) -> str:
    """What a template did to a turn, in words that are the same for every example."""
    what = _whose(role)
    if said.casefold() in text.casefold():
        return f"writes {what} in other letters, upper or lower case"
    if any(form in text for form in _escaped(said)):
        return f"writes {what} with characters such as & and < escaped"
    words = said.split(" ")
    if len(words) > 4 and " ".join(words[: len(words) // 4 or 1]) in text:
        return f"cuts off {what}, or changes it"
    return f"leaves out {what}"


def _escaped(said: str) -> tuple[str, ...]:
    quoted = html.escape(said).replace("&quot;", "&#34;").replace("&#x27;", "&#39;")
    return (quoted, html.escape(said), html.escape(said, quote=False))
