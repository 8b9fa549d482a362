"""The turns of a conversation: where shots and a system message stand in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from harness.data import Example, Phrasing
from harness.engines.messages import Message
from harness.engines.templated import Tokenizer
from harness.errors import BadModelError

Place = Literal["none", "turn", "user", "text"]
"""Where a system message stands: nowhere, since there is none; in a turn of its own; in front of the
first turn of the user; in front of a plain prompt."""

_PROBE = "harness-system-probe"


@dataclass(frozen=True)
class PromptFormat:
    """How examples are asked, beside their own words."""

    plain: bool = False
    """Not through the chat template."""
    system: str | None = None
    shots_in_text: bool = False
    """All shots in the one turn of the user, as plain prompts with their answers."""


def system_place(tokenizer: Tokenizer, prompt_format: PromptFormat, chat: bool) -> Place:
    """Where the system message stands.

    Templates that have no place for one either refuse it (Gemma, Mistral 7B v0.1) or leave it out
    without a word: both are seen by trying.
    """
    if prompt_format.system is None:
        return "none"
    if not chat:
        return "text"
    turns = [{"role": "system", "content": _PROBE}, {"role": "user", "content": "a question"}]
    try:
        return "turn" if _PROBE in tokenizer.render(turns, True) else "user"
    except BadModelError:
        return "user"


def conversation(
    phrasing: Phrasing,
    prompt_format: PromptFormat,
    place: Place,
    shots: Sequence[Example],
    example: Example,
) -> list[Message]:
    """The turns that put an example through a chat template; the model's answer comes next."""
    messages: list[Message] = []
    if prompt_format.shots_in_text and shots:
        messages.append({"role": "user", "content": continued(phrasing, shots, example)})
    else:
        for shot in shots:
            messages.append({"role": "user", "content": fill(phrasing.instruction, shot)})
            messages.append({"role": "assistant", "content": shot.target})
        messages.append({"role": "user", "content": fill(phrasing.instruction, example)})
    if place == "turn":
        messages.insert(0, {"role": "system", "content": str(prompt_format.system)})
    elif place == "user":
        messages[0]["content"] = f"{prompt_format.system}\n\n{messages[0]['content']}"
    return messages


def plain_text(
    phrasing: Phrasing, prompt_format: PromptFormat, shots: Sequence[Example], example: Example
) -> str:
    """The text that puts an example to a model without a chat template, which goes on with it."""
    system = "" if prompt_format.system is None else f"{prompt_format.system}\n\n"
    return system + continued(phrasing, shots, example)


def continued(phrasing: Phrasing, shots: Sequence[Example], example: Example) -> str:
    """Shots with their answers, and the question, as one text to be continued."""
    shown = "".join(f"{fill(phrasing.plain, shot)} {shot.target}\n\n" for shot in shots)
    return shown + fill(phrasing.plain, example)


def fill(template: str, example: Example) -> str:
    """A phrasing with the example in its place."""
    return template.replace("{text}", example.text)


def continuation(tokenizer: Tokenizer, text: str, ids: list[int], answer: str) -> tuple[int, ...]:
    """The ids that an answer adds to a prompt.

    Where answer and prompt would merge at the seam, the answer is encoded by itself, so that the
    prompt's ids stay the same for every answer.

    Args:
        tokenizer: the lineage's own.
        text: the prompt.
        ids: of the prompt.
        answer: what comes behind it, with what parts the two.
    """
    whole = tokenizer.encode(text + answer)
    if whole[: len(ids)] == ids:
        return tuple(whole[len(ids) :])
    return tuple(tokenizer.encode(answer, add_bos=False))


def learned_end(tokenizer: Tokenizer, messages: Sequence[Message]) -> int:
    """The id that a model must learn to end its answers with.

    Args:
        tokenizer: the lineage's own.
        messages: the conversation that is answered; none where there is no template.

    Raises:
        BadModelError: the tokenizer has nothing to end an answer with.
    """
    end = tokenizer.end_of_answer(messages)
    if end is None:
        raise BadModelError(
            "the model's tokenizer has no end-of-text token, so it cannot learn to stop",
            "Set `eos_token` in its tokenizer_config.json. It can be asked without one.",
        )
    return end
