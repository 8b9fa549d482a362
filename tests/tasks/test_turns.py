"""System messages and shots: where they stand, and that templates which take none lose none."""

from __future__ import annotations

import pytest

from harness.data import Dataset, Example, Phrasing
from harness.engines.chat import ChatSettings
from harness.errors import BadModelError
from harness.tasks.prompting import prompts_to_ask, prompts_to_learn
from harness.tasks.turns import PromptFormat
from tests.tasks.fakes import BOS, CharTokenizer
from tests.tasks.templates import GEMMA, QWEN3, R1, SILENT, SMOLLM3, TemplateTokenizer

PHRASING = Phrasing(instruction="Which? {text}", plain="Text: {text}\nLabel:")
LABELS = ("bad", "good")
DATA = Dataset(
    train=tuple(Example(f"t{i}", f"train {i}", LABELS[i % 2]) for i in range(6)),
    test=(Example("e", "test", "bad"),),
    labels=LABELS,
)
SYSTEM = PromptFormat(system="Be brief.")


def text(tokenizer: CharTokenizer, prompt_format: PromptFormat, shots: int = 0) -> str:
    return prompts_to_ask(tokenizer, DATA, PHRASING, None, 0, shots, prompt_format).prompts[0].text


def test_a_system_message_is_a_turn_of_its_own() -> None:
    found = prompts_to_ask(TemplateTokenizer(QWEN3), DATA, PHRASING, None, 0, prompt_format=SYSTEM)
    assert found.prompts[0].text == ("<system>Be brief.<end>\n<user>Which? test<end>\n<assistant>")
    assert found.system == "turn"


@pytest.mark.parametrize("template", [GEMMA, SILENT])
def test_where_a_template_takes_no_system_message_the_first_turn_of_the_user_begins_with_it(
    template: str,
) -> None:
    found = prompts_to_ask(TemplateTokenizer(template), DATA, PHRASING, None, 0, 1, SYSTEM)
    prompt = found.prompts[0]
    assert prompt.text.startswith("<s><user>Be brief.\n\nWhich? train")
    assert prompt.text.count("Be brief.") == 1
    assert prompt.ids.count(BOS) == 1
    assert found.system == "user"


def test_without_a_template_a_system_message_stands_in_front_of_the_text() -> None:
    found = prompts_to_ask(CharTokenizer(chat=False), DATA, PHRASING, None, 0, prompt_format=SYSTEM)
    assert found.prompts[0].text == "Be brief.\n\nText: test\nLabel:"
    assert found.system == "text"
    assert text(TemplateTokenizer(QWEN3), PromptFormat(plain=True, system="S")).startswith(
        "S\n\nText:"
    )


def test_shots_in_the_text_stand_in_one_turn_of_the_user() -> None:
    asked = text(TemplateTokenizer(QWEN3), PromptFormat(system="S", shots_in_text=True), shots=2)
    assert asked.count("<user>") == asked.count("<system>") == asked.count("<assistant>") == 1
    turn = asked.partition("<user>")[2].partition("<end>")[0]
    first, second, question = turn.split("\n\n")
    assert all(shot.startswith("Text: train ") for shot in (first, second))
    assert {shot.rsplit(" ", 1)[1] for shot in (first, second)} == set(LABELS)
    assert question == "Text: test\nLabel:"


def test_what_is_learned_is_asked_with_the_same_system_message() -> None:
    for template in (QWEN3, GEMMA):
        tokenizer = TemplateTokenizer(template)
        learned = next(iter(prompts_to_learn(tokenizer, DATA, PHRASING, None, 0, SYSTEM)))
        example = next(e.text for e in DATA.train if e.id == learned.id)
        assert learned.text.replace(example, "test") == text(tokenizer, SYSTEM)


def test_thinking_is_switched_where_the_template_has_a_switch() -> None:
    off = TemplateTokenizer(QWEN3, ChatSettings(thinking=False))
    assert text(off, PromptFormat()).endswith("<assistant><think>\n\n</think>\n\n")
    assert text(TemplateTokenizer(QWEN3), PromptFormat()).endswith("<assistant>")
    assert text(TemplateTokenizer(SMOLLM3), PromptFormat(system="/no_think")) == text(
        TemplateTokenizer(SMOLLM3, ChatSettings(options={"enable_thinking": False})),
        PromptFormat(system="/no_think"),
    )
    with pytest.raises(BadModelError, match="no switch"):
        TemplateTokenizer(R1, ChatSettings(thinking=False))


def test_an_answer_closes_the_thought_that_a_template_opens() -> None:
    prompt = prompts_to_ask(TemplateTokenizer(R1), DATA, PHRASING, None, 0).prompts[0]
    assert prompt.text.endswith("<assistant><think>\n")
    decode = CharTokenizer().decode
    assert [decode(choice) for choice in prompt.choices] == [
        f"\n</think>\n\n{label}" for label in LABELS
    ]
    assert decode(prompt.target_ids) == "\n</think>\n\nbad"
