"""Chat templates: a suite's own, their options, and the day that they are told."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness.engines.chat import ChatSettings, render_chat, variables_of
from harness.engines.tokenizer import open_tokenizer
from harness.errors import BadModelError
from tests.conftest import Models

TURN = [{"role": "user", "content": "a question"}]
SWITCHED = (
    "{{ bos_token }}{% for m in messages %}{{ m.content }}<|end|>{% endfor %}"
    "{% if enable_thinking is defined and not enable_thinking %}<think></think>{% endif %}"
)


def test_a_prompt_does_not_depend_on_the_day() -> None:
    template = "{{ strftime_now('%d %B %Y') }}"
    assert render_chat(template, TURN, True, {}) == "26 July 2024"
    dated = (
        "{% if date_string is not defined %}{% set date_string = strftime_now('%Y') %}{% endif %}"
    )
    options = ChatSettings(options={"date_string": "1 May"}).variables()
    assert render_chat(dated + "{{ date_string }}", TURN, True, {}, options) == "1 May"


@pytest.mark.parametrize("kind", ["hf", "gguf"])
def test_a_suites_template_takes_the_place_of_the_models(models: Models, kind: str) -> None:
    path = models.llama if kind == "hf" else models.llama_gguf
    chat = ChatSettings(SWITCHED, thinking=False)
    tokenizer = open_tokenizer(path, chat)
    assert tokenizer.chat_template == SWITCHED
    assert tokenizer.render(TURN, True) == "<s>a question<|end|><think></think>"
    ids = tokenizer.encode(tokenizer.render(TURN, True))
    assert ids.count(1) == 1 and ids[0] == 1


def test_a_model_without_a_template_is_given_one(models: Models, tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    shutil.copytree(models.tokenizer, folder)
    (folder / "chat_template.jinja").unlink()
    assert not open_tokenizer(folder).has_chat_template
    given = open_tokenizer(folder, ChatSettings(SWITCHED))
    assert given.has_chat_template and given.stop_ids == open_tokenizer(models.llama).stop_ids


def test_what_a_template_does_not_read_is_refused() -> None:
    ChatSettings(thinking=True).check("{{ thinking }}")
    with pytest.raises(BadModelError, match="no switch") as found:
        ChatSettings(thinking=True).check("{{ messages }}")
    assert "/no_think" in found.value.hint
    with pytest.raises(BadModelError, match="`enable_thinkin`") as found:
        ChatSettings(options={"enable_thinkin": False}).check(SWITCHED)
    assert "bos_token, enable_thinking" in found.value.hint
    with pytest.raises(BadModelError, match="no switch"):
        ChatSettings(thinking=True).check(None)


def test_what_is_no_template_is_told() -> None:
    with pytest.raises(BadModelError, match="not valid Jinja"):
        variables_of("{% if %}")
    with pytest.raises(BadModelError, match="fails"):
        render_chat("{% if %}", TURN, True, {})
