"""Chat templates, which are programs by strangers: run sandboxed, alike for every engine.

Transformers' own renderer is used for GGUF files too, so that a template cannot differ between
the two merely because it was run differently.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any

from jinja2 import TemplateError, TemplateSyntaxError, meta, nodes

from harness.engines.messages import Message
from harness.errors import BadModelError, InputError
from harness.sandbox import FAILURES, MEMORY, OutOfBoundsError, bounded, interrupted_after

ANSWER = "harness-answer-probe"
"""Stands for an answer where it is looked for what a template writes behind one: no template holds it,
as it may hold an answer's own letters ("d" stands in `<|im_end|>`)."""
TODAY = date(2024, 7, 26)
"""What templates are told that the day is, so that a prompt does not depend on when it was written:
Llama 3.2 and SmolLM3 write it into every prompt. It is what Llama's own template falls back to."""
TRIAL_SECONDS = 2 + 3
"""Of a processor, in which a template is tried; the imports are part of it."""
LOOP = (
    "Mend the loop, or what grows, in the template; `chat_template: FILE.jinja` gives another one."
)
_BEYOND = "it takes more than"
_MARKERS = {name: f"<{name}>" for name in ("bos_token", "eos_token", "pad_token", "unk_token")}
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
    _refuse_without_bounds(template)
    try:
        _environment(template)
        with interrupted_after():
            rendered, _ = render_jinja_template(
                [list(messages)],
                chat_template=template,
                add_generation_prompt=generation_prompt,
                **{**special_tokens, **(variables or {})},
            )
    except FAILURES as error:
        said = str(error) or type(error).__name__
        raise BadModelError(
            f"The model's chat template fails on these messages: {said}",
            "It may refuse a system message or two turns of one role; ask without them.",
        ) from error
    return str(rendered[0])


def check_chat_template(template: str, variables: Mapping[str, Any]) -> None:
    """Tries a template on a question, in a process that is ended where it goes beyond bounds.

    Args:
        template: the Jinja source.
        variables: `ChatSettings.variables`.

    Raises:
        InputError: it is no template, takes too long or too much, or refuses a question with and without a
            system message.
    """
    failed = _tried(template, json.dumps(dict(variables), sort_keys=True, default=str))
    if failed:
        raise InputError(failed, LOOP if failed.startswith(_BEYOND) else "It is written in Jinja.")


def _refuse_without_bounds(template: str) -> None:
    failed = _tried(template, "{}")
    if failed.startswith(_BEYOND):
        raise BadModelError(f"The model's chat template: {failed}.", LOOP)


@lru_cache(maxsize=64)
def _tried(template: str, variables: str) -> str:
    """What is wrong with a template; "" for nothing."""
    question = {"role": "user", "content": "a question"}
    system = {"role": "system", "content": "Be brief."}

    def render(mark: object) -> str:
        from transformers.utils.chat_template_utils import render_jinja_template

        for kind in (nodes.BinExpr, nodes.Filter):
            _tell_of_memory(kind)
        failed = ""
        for messages in ([question], [system, question]):
            try:
                _environment(template)
                given = {**_MARKERS, **json.loads(variables), "add_generation_prompt": True}
                render_jinja_template([messages], chat_template=template, **given)
                return ""
            except TemplateSyntaxError as error:
                return f"it is not valid Jinja: line {error.lineno}: {error.message}"
            except FAILURES as error:
                failed = failed or f"it fails on a question: {str(error) or type(error).__name__}"
        return failed

    try:
        return bounded(render, TRIAL_SECONDS)
    except OutOfBoundsError as error:
        return str(error)
    except _MemoryGoneError:
        return f"{_BEYOND} {MEMORY >> 30} GiB of memory"


class _MemoryGoneError(BaseException):
    """Passes through Jinja, which takes a MemoryError for a constant that it cannot work out."""


def _tell_of_memory(kind: type[nodes.Expr]) -> None:
    """Has Jinja tell, in a process that is only for this, that a constant was too large for the memory."""
    work_out = kind.as_const

    def as_const(self: nodes.Expr, eval_ctx: nodes.EvalContext | None = None) -> Any:
        try:
            return work_out(self, eval_ctx)
        except nodes.Impossible as error:
            if isinstance(error.__cause__, MemoryError):
                raise _MemoryGoneError from None
            raise

    kind.as_const = as_const  # type: ignore[method-assign]


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
        BadModelError: it is no template, or one without bounds.
    """
    _refuse_without_bounds(template)
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
