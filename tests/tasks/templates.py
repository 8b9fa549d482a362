"""Chat templates in the manner of well-known models, and a tokenizer of characters that runs them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.engines.chat import ChatSettings
from harness.engines.templated import Tokenizer
from tests.tasks.fakes import CharTokenizer

QWEN3 = (
    "{%- for m in messages %}{{ '<' + m.role + '>' + m.content + '<end>\n' }}{%- endfor %}"
    "{%- if add_generation_prompt %}{{ '<assistant>' }}"
    "{%- if enable_thinking is defined and enable_thinking is false %}"
    "{{ '<think>\n\n</think>\n\n' }}{%- endif %}{%- endif %}"
)
"""Thinks unless it is told not to."""
SMOLLM3 = (
    "{%- if enable_thinking is not defined %}{%- set enable_thinking = true %}{%- endif %}"
    "{%- if messages[0].role == 'system' and '/no_think' in messages[0].content %}"
    "{%- set enable_thinking = false %}{%- endif %}"
    "{{ 'Today: ' + strftime_now('%d %B %Y') + '\n' }}"
    "{%- for m in messages %}{{ '<' + m.role + '>' + m.content.replace('/no_think', '') + '<end>\n' }}"
    "{%- endfor %}{%- if add_generation_prompt %}{{ '<assistant>' }}"
    "{%- if not enable_thinking %}{{ '<think>\n\n</think>\n' }}{%- endif %}{%- endif %}"
)
"""Listens to the system message, too; and tells the day."""
R1 = (
    "{%- for m in messages %}{{ '<' + m.role + '>' + m.content.split('</think>')[-1] + '<end>\n' }}"
    "{%- endfor %}{%- if add_generation_prompt %}{{ '<assistant><think>\n' }}{%- endif %}"
)
"""Opens the thought itself, and has no switch."""
GEMMA = (
    "{{ bos_token }}{%- if messages[0].role == 'system' %}"
    "{{ raise_exception('System role not supported') }}{%- endif %}"
    "{%- for m in messages %}{{ '<' + m.role + '>' + m.content + '<end>\n' }}{%- endfor %}"
    "{%- if add_generation_prompt %}{{ '<model>' }}{%- endif %}"
)
"""Refuses a system message."""
SILENT = GEMMA.replace(
    "{{ raise_exception('System role not supported') }}", "{%- set messages = messages[1:] %}"
)
"""Leaves a system message out without a word."""


class TemplateTokenizer(CharTokenizer):
    """One id a character, and a real chat template."""

    def __init__(self, template: str, chat: ChatSettings | None = None) -> None:
        super().__init__()
        self.chat_template, self._chat = template, chat or ChatSettings()
        self._chat.check(template)

    def render(
        self, messages: list[dict[str, Any]], generation_prompt: bool, tools: Sequence[Any] = ()
    ) -> str:
        return Tokenizer.render(self, messages, generation_prompt, tools)
