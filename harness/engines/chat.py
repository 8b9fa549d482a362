"""Chat templates, which are programs by strangers: run sandboxed, alike for every engine.

Transformers' own renderer is used for GGUF files too, so that a template cannot differ between
the two merely because it was run differently.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from jinja2 import TemplateError, meta

from harness.engines.messages import Message
from harness.errors import BadModelError

ANSWER = "harness-answer-probe"
"""Stands for an answer where it is looked for what a template writes behind one: no template holds it,
as it may hold an answer's own letters ("d" stands in `<|im_end|>`)."""
TODAY = date(2024, 7, 26)
"""What templates are told that the day is, so that a prompt does not depend on when it was written:
Llama 3.2 and SmolLM3 write it into every prompt. It is what Llama's own template falls back to."""
SWITCHES = ("enable_thinking", "thinking")
"""What templates call the switch between thinking first and answering at once: Qwen3, SmolLM3 and
Hunyuan the first; Granite, DeepSeek V3.1 and Kimi the second."""


@dataclass(frozen=True)
class ChatSettings:
    """What a suite says of a lineage's chat template."""

    template: str | None = None
    """Jinja, in place of the model's own."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Variables of the template, such as {"enable_thinking": False}."""
    thinking: bool | None = None
    """Sets the `SWITCHES` that the template has."""

    def variables(self) -> dict[str, Any]:
        """All that the template is given beside messages and special tokens."""
        switches = {} if self.thinking is None else dict.fromkeys(SWITCHES, self.thinking)
        return {**switches, **self.options}

    def check(self, template: str | None) -> None:
        """Raises BadModelError if the template reads none of what is set for it."""
        if self.thinking is None and not self.options:
            return
        read = variables_of(template) if template is not None else frozenset()
        unread = sorted(set(self.options) - read)
        if self.thinking is not None and not read & set(SWITCHES):
            raise BadModelError(
                f"`thinking` is set, and the model's chat template has no switch for it (none of "
                f"{', '.join(SWITCHES)}).",
                "Leave `thinking` out. Some models listen to `system: /no_think`; for others a template "
                "with an empty thought can be given in `chat_template: FILE.jinja`.",
            )
        if unread:
            raise BadModelError(
                f"The model's chat template does not read `{unread[0]}`, which `template_options` sets.",
                f"It reads: {', '.join(sorted(read - _GIVEN)) or 'no options'}.",
            )


_GIVEN = frozenset(
    {"messages", "add_generation_prompt", "tools", "documents", "strftime_now", "raise_exception"}
)


def render_chat(
    template: str | None,
    messages: Sequence[Message],
    generation_prompt: bool,
    special_tokens: dict[str, str],
    variables: Mapping[str, Any] | None = None,
) -> str:
    """A conversation as text.

    Args:
        special_tokens: what the template may name, such as {"bos_token": "<s>"}.
        variables: what else it is given (`ChatSettings.variables`).

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
        _environment(template)
        rendered, _ = render_jinja_template(
            [list(messages)],
            chat_template=template,
            add_generation_prompt=generation_prompt,
            **{**special_tokens, **(variables or {})},
        )
    except (TemplateError, TypeError) as error:
        raise BadModelError(
            f"The model's chat template fails on these messages: {error}",
            "It may refuse a system message or two turns of one role; ask without them.",
        ) from error
    return str(rendered[0])


def text_after_answer(
    render: Callable[[list[Message], bool], str], messages: Sequence[Message] = ()
) -> str:
    """What the template writes behind an answer, which is how an answer ends.

    Args:
        render: of the tokenizer.
        messages: the conversation that the answer belongs to; by default a single question.

    Returns:
        Maybe nothing, as where the template has no place for answers.
    """
    asked = messages or [{"role": "user", "content": "a question"}]
    try:
        text = render([*asked, {"role": "assistant", "content": ANSWER}], False)
    except BadModelError:
        return ""
    return text.rpartition(ANSWER)[2] if ANSWER in text else ""


def variables_of(template: str) -> frozenset[str]:
    """The variables that a template reads.

    Raises:
        BadModelError: it is no template.
    """
    try:
        return frozenset(meta.find_undeclared_variables(_environment(template).parse(template)))
    except TemplateError as error:
        raise BadModelError(f"The chat template is not valid Jinja: {error}") from error


def _environment(template: str) -> Any:
    """What Transformers runs this template in (it keeps one for each), its clock stopped."""
    from transformers.utils.chat_template_utils import _compile_jinja_template

    environment = _compile_jinja_template(template).environment
    environment.globals["strftime_now"] = TODAY.strftime
    return environment
