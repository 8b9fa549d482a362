"""Chat templates, which are programs by strangers: run sandboxed, alike for every engine.

Transformers' own renderer is used for GGUF files too, so that a template cannot differ between
the two merely because it was run differently.
"""

from __future__ import annotations

from collections.abc import Callable

from jinja2 import TemplateError

from harness.engines.tokenizer import Message
from harness.errors import BadModelError

ANSWER = "the answer"


def render_chat(
    template: str | None,
    messages: list[Message],
    generation_prompt: bool,
    special_tokens: dict[str, str],
) -> str:
    """A conversation as text.

    Args:
        special_tokens: what the template may name, such as {"bos_token": "<s>"}.

    Raises:
        BadModelError: there is no template, or it fails on these messages.
    """
    from transformers.utils.chat_template_utils import render_jinja_template

    if template is None:
        raise BadModelError(
            "The model has no chat template.",
            "Ask with plain prompts, or name a template with `chat_template`.",
        )
    try:
        rendered, _ = render_jinja_template(
            [messages],
            chat_template=template,
            add_generation_prompt=generation_prompt,
            **special_tokens,
        )
    except (TemplateError, TypeError) as error:
        raise BadModelError(
            f"The model's chat template fails on these messages: {error}",
            "It may refuse a system message or two turns of one role; ask without them.",
        ) from error
    return str(rendered[0])


def text_after_answer(render: Callable[[list[Message], bool], str]) -> str:
    """What the template writes behind an answer, which is how an answer ends; maybe empty."""
    try:
        text = render(
            [{"role": "user", "content": "a question"}, {"role": "assistant", "content": ANSWER}],
            False,
        )
    except BadModelError:
        return ""
    return text.rpartition(ANSWER)[2].strip()
