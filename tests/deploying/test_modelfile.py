"""Modelfiles for Ollama: a template is written only where it says what the model's own template says."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from harness.deploying.modelfile import FORMATS, TURNS, Render, known_format, modelfile
from harness.engines.chat import render_chat
from harness.engines.messages import Message

CHATML = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
LLAMA_3 = (
    "{% for message in messages %}{% if loop.first %}{{ bos_token }}{% endif %}<|start_header_id|>{{ message.role }}"
    "<|end_header_id|>\n\n{{ message.content | trim }}<|eot_id|>{% endfor %}"
    "{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}"
)
PHI_3 = (
    "{% for message in messages %}<|{{ message.role }}|>\n{{ message.content }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)
ZEPHYR = PHI_3.replace("<|end|>", "</s>")
BEGINS = "<|begin_of_text|>"


def by(template: str) -> Render:
    def render(messages: Sequence[Message]) -> str:
        return render_chat(template, messages, True, {"bos_token": BEGINS})

    return render


@pytest.mark.parametrize(
    ("template", "name"),
    [(CHATML, "ChatML"), (LLAMA_3, "Llama 3"), (PHI_3, "Phi 3"), (ZEPHYR, "Zephyr")],
)
def test_a_family_is_known_by_what_its_template_gives(template: str, name: str) -> None:
    found = known_format(by(template), BEGINS)
    assert found is not None and found.name == name
    text = modelfile("m.gguf", by(template), BEGINS, 4096)
    assert text.startswith("FROM ./m.gguf\n") and f'stop "{found.stop[0]}"' in text
    assert "num_ctx 4096" in text and "temperature 0" in text


@pytest.mark.parametrize("found", FORMATS, ids=lambda found: found.name)
def test_what_ollama_is_told_gives_the_same(found: object) -> None:
    """By hand, as Go's templates would: each `{{ if .X }}…{{ end }}` with its value in place."""
    assert found in FORMATS
    one = FORMATS[FORMATS.index(found)]
    text = one.template
    for value, field in (("Be brief.", "System"), ("What is 2 + 2?", "Prompt"), ("4", "Response")):
        text = text.replace(f"{{{{ if .{field} }}}}", "").replace(f"{{{{ .{field} }}}}", value)
    text = text.replace("{{ end }}", "")
    assert "{{" not in text
    assert text == one.render(TURNS[:3]).removesuffix(one.prompt)


@pytest.mark.parametrize(
    "template",
    [
        CHATML.replace("<|im_end|>", "<|im_end|> "),
        "{{ messages[0].content }}",
        "{{ raise_exception('no system message') }}",
        CHATML.replace("{{ message.content }}", "{{ message.content | upper }}"),
    ],
)
def test_any_other_template_is_left_to_ollama_with_a_warning(template: str) -> None:
    assert known_format(by(template)) is None
    text = modelfile("m.gguf", by(template))
    assert 'TEMPLATE """' not in text
    assert "none of those that were tried" in text


def test_a_base_model_goes_on_with_the_text_and_an_adapter_is_named() -> None:
    text = modelfile("m.gguf", None, adapter="a.gguf")
    assert "ADAPTER ./a.gguf" in text and 'TEMPLATE """{{ .Prompt }}"""' in text
