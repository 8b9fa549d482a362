"""From a conversation to what a model reads."""

from __future__ import annotations

from harness.chat.records import Conversation
from harness.engines.messages import Message
from harness.engines.templated import Tokenizer
from harness.tasks.prompts import Prompt
from harness.tasks.turns import PromptFormat, system_place


def prompt_of(conversation: Conversation, tokenizer: Tokenizer, plain: bool) -> Prompt:
    """The prompt: through the chat template where there is one.

    Args:
        conversation: that the model goes on with.
        tokenizer: the lineage's own, or what stands in for a server's.
        plain: no chat template is used.

    Raises:
        BadModelError: the template refuses the conversation, or leaves out what it says.
    """
    if conversation.raw or plain or not tokenizer.has_chat_template:
        text = "".join(turn.text for turn in conversation.turns)
        if not conversation.raw:
            said = [conversation.system, *(turn.text for turn in conversation.turns)]
            text = "\n\n".join(part for part in said if part)
        return Prompt(0, "the conversation", text, tuple(tokenizer.encode(text)), "", ())
    messages = _messages(conversation, tokenizer)
    text = tokenizer.render(messages, generation_prompt=True)
    ids = tuple(tokenizer.encode(text))
    return Prompt(0, "the conversation", text, ids, "", (), messages=tuple(messages))


def _messages(conversation: Conversation, tokenizer: Tokenizer) -> list[Message]:
    messages: list[Message] = [
        {"role": turn.role, "content": turn.text} for turn in conversation.turns
    ]
    system = conversation.system
    place = system_place(tokenizer, PromptFormat(system=system or None), chat=True)
    if place == "turn":
        messages.insert(0, {"role": "system", "content": system})
    elif place == "user":
        messages[0]["content"] = f"{system}\n\n{messages[0]['content']}"
    return messages
