"""Chat templates: a suite's own, their options, and the day that they are told."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness.engines.chat import ChatSettings, check_chat_template, render_chat, variables_of
from harness.engines.tokenizer import open_tokenizer
from harness.errors import BadModelError, InputError
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


LOOP = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"


def test_a_template_without_bounds_is_refused_wherever_it_comes_from() -> None:
    with pytest.raises(BadModelError, match="chat template: it takes more than") as found:
        render_chat(LOOP, TURN, True, {})
    assert "`chat_template: FILE.jinja`" in found.value.hint
    with pytest.raises(InputError, match="it takes more than"):
        check_chat_template(LOOP, {})


def test_a_loop_that_only_some_messages_start_is_ended_too() -> None:
    template = "{% if messages[0].content == 'go' %}" + LOOP + "{% endif %}fine"
    assert render_chat(template, TURN, True, {}) == "fine"
    with pytest.raises(BadModelError, match="fails on these messages: it takes more than 2 s"):
        render_chat(template, [{"role": "user", "content": "go"}], True, {})


@pytest.mark.parametrize(
    "grown", ["'a' * 10 ** 10", "'aaaaaa'" + " | replace('a', 'aaaaaaaaaa')" * 12]
)
def test_what_grows_in_a_branch_is_not_worked_out_here(grown: str) -> None:
    template = f"{{% if messages[0].content == 'go' %}}{{{{ {grown} }}}}{{% endif %}}fine"
    with pytest.raises(BadModelError, match="1 GiB of memory"):
        render_chat(template, TURN, True, {})
    with pytest.raises(BadModelError, match="1 GiB of memory"):
        variables_of(template)


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{% for m in messages %}", "it is not valid Jinja: line 1"),
        ("{{ messages | nofilter }}", "it is not valid Jinja: line 1"),
        ("{{ nothing.at_all }}", "it fails on a question: 'nothing' is undefined"),
        ("{{ raise_exception('not you') }}", "it fails on a question: not you"),
    ],
)
def test_a_template_that_takes_no_question_is_refused_before_anything_runs(
    template: str, said: str
) -> None:
    with pytest.raises(InputError) as found:
        check_chat_template(template, {})
    assert found.value.message.startswith(said)


@pytest.mark.parametrize(
    "template",
    [
        SWITCHED,
        "{{ bos_token + messages[0].content + eos_token }}",
        "{% if messages[0].role != 'system' %}{{ raise_exception('no') }}{% endif %}",
        "{% if messages | length > 1 %}{{ raise_exception('no') }}{% endif %}",
    ],
)
def test_a_template_that_takes_some_question_is_taken(template: str) -> None:
    check_chat_template(template, {"enable_thinking": False})
