"""What a chat template must not leave out of what is said, and the form in which it wants it."""

from __future__ import annotations

import pytest

from harness.engines.said import check_said, roles_in_parts
from harness.errors import BadModelError
from tests.tasks.templates import GEMMA, QWEN3, SILENT, SMOLLM3, TemplateTokenizer

LOOP = "{%% for m in messages %%}<{{ m.role }}>%s<end>\n{%% endfor %%}<assistant>"
PARTS = (
    LOOP % "{% for p in m.content %}{% if p.type == 'text' %}{{ p.text }}{% endif %}{% endfor %}"
)
EITHER = LOOP % (
    "{% if m.content is string %}{{ m.content }}{% else %}"
    "{% for p in m.content %}{{ p.text }}{% endfor %}{% endif %}"
)
USERS_PARTS = LOOP % (
    "{% if m.role == 'user' %}{% for p in m.content %}{{ p.text }}{% endfor %}"
    "{% else %}{{ m.content }}{% endif %}"
)
TALK = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Is the profit up?\nBy <how> much & why?"},
    {"role": "assistant", "content": "up"},
    {"role": "user", "content": "And is the loss up or down this year, as they said?"},
]
FLAT = "<system>Be brief.<end>\n<user>Is the profit up?"


@pytest.mark.parametrize("template", [LOOP % "{{ m.content }}", PARTS, EITHER, USERS_PARTS])
def test_each_role_gets_its_content_in_the_form_that_the_template_takes(template: str) -> None:
    text = TemplateTokenizer(template).render(TALK, True)
    assert text.startswith(FLAT) and text.count("<end>") == 4 and "type" not in text
    check_said(text, TALK)


@pytest.mark.parametrize(
    ("shown", "done"),
    [
        ("", "leaves out"),
        ("{{ m.content[:0] }}", "leaves out"),
        ("{{ m.content[:30] }}", "cuts off the user's text"),
        ("{{ m.content | lower }}", "in other letters"),
        ("{{ m.content | e }}", "escaped"),
        ("{{ m.content if m.role != 'assistant' }}", "leaves out earlier answers"),
        ("{{ m.content if m.role != 'user' }}", "leaves out the user's text"),
        ("{{ m.content if m.role != 'system' }}", "leaves out the system message"),
        ("{{ m.content if loop.last }}", "leaves out"),
        ("{{ m.content | replace(' ', '') }}", "leaves out"),
    ],
)
def test_a_template_that_loses_or_changes_what_is_said_is_refused(shown: str, done: str) -> None:
    with pytest.raises(BadModelError, match=done) as found:
        TemplateTokenizer(LOOP % shown).render(TALK, True)
    assert "chat_template: FILE.jinja" in found.value.hint


def test_an_answer_that_is_left_out_is_missed_where_its_word_stands_in_the_next_question() -> None:
    template = LOOP % "{{ m.content if m.role != 'assistant' }}"
    talk = [*TALK[1:], {"role": "assistant", "content": "up"}, TALK[3]]
    with pytest.raises(BadModelError):
        TemplateTokenizer(template).render(talk, True)


@pytest.mark.parametrize(
    "shown",
    [
        "{{ m.content | trim }}",
        "{{ '\n' + m.content.strip().replace('\n', ' ') + '\n' }}",
        "{{ m.content.split('</think>')[-1].strip() }}",
    ],
)
def test_white_space_and_earlier_thoughts_are_the_templates_own(shown: str) -> None:
    talk = [
        *TALK[:2],
        {"role": "assistant", "content": "<think>\nso\n</think>\n\nup"},
        {"role": "user", "content": "  And\n\nnow?  "},
    ]
    assert "up" in TemplateTokenizer(LOOP % shown).render(talk, True)


def test_a_system_message_may_stand_behind_what_follows_it() -> None:
    late = (
        "{%- set system = messages[0].content %}{%- for m in messages[1:] %}<{{ m.role }}>"
        "{{ system + '\n\n' if loop.last }}{{ m.content }}<end>{%- endfor %}"
    )
    assert "Be brief.\n\nAnd" in TemplateTokenizer(late).render(TALK, True)


def test_words_to_the_template_may_be_taken_out_of_a_system_message() -> None:
    talk = [{"role": "system", "content": "Be brief. /no_think"}, TALK[1]]
    assert "/no_think" not in TemplateTokenizer(SMOLLM3).render(talk, True)


@pytest.mark.parametrize("template", [QWEN3, GEMMA, SILENT, EITHER])
def test_templates_that_take_texts_are_given_texts(template: str) -> None:
    tokenizer = TemplateTokenizer(template)
    assert not roles_in_parts(lambda turns: tokenizer._rendered(turns, False))
