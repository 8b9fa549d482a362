"""What ends an answer is found by ids: no letter of an answer is taken for a part of its end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from harness.data import Dataset, Example, Phrasing
from harness.data.instructions import Instruction, Turn
from harness.engines.chat import ChatSettings
from harness.engines.hf.tokenizer import HfTokenizer, open_hf_tokenizer
from harness.errors import BadModelError
from harness.tasks.instructing import Instructor
from harness.tasks.prompting import Prompter, prompts_to_learn

ANSWERS = (
    "a",
    "b",
    "c",
    "d",
    "e",
    "n",
    "y",
    "en",
    "end",
    "im",
    "eot",
    "user",
    "<",
    "|",
    "s",
    " d ",
)
CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
GEMMA = (
    "<s>{% for m in messages %}<start_of_turn>{{ 'model' if m['role'] == 'assistant' else 'user' }}\n"
    "{{ m['content'] }}<end_of_turn>\n{% endfor %}"
    "{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)
LLAMA_3 = (
    "<s>{% for m in messages %}<|start_header_id|>{{ m['role'] }}<|end_header_id|>\n\n"
    "{{ m['content'] }}<|eot_id|>{% endfor %}"
    "{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}"
)
LLAMA_2 = (
    "{% for m in messages %}{% if m['role'] == 'user' %}<s>[INST] {{ m['content'] }} [/INST]"
    "{% else %} {{ m['content'] }} </s>{% endif %}{% endfor %}"
)
PHI = (
    "{% for m in messages %}<|{{ m['role'] }}|>\n{{ m['content'] }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% else %}<|endoftext|>{% endif %}"
)
MISTRAL = (
    "<s>{% for m in messages %}{% if m['role'] == 'user' %}[INST]{{ m['content'] }}[/INST]"
    "{% else %}{{ m['content'] }}</s>{% endif %}{% endfor %}"
)
TEMPLATES = {
    "ChatML": (CHATML, "<|endoftext|>", "<|im_end|>"),
    "Gemma": (GEMMA, "</s>", "<end_of_turn>"),
    "Llama 3": (LLAMA_3, "<|endoftext|>", "<|eot_id|>"),
    "Llama 2": (LLAMA_2, "</s>", "</s>"),
    "Phi": (PHI, "<|endoftext|>", "<|end|>"),
    "Mistral": (MISTRAL, "</s>", "</s>"),
    "none": (None, "<|endoftext|>", "<|endoftext|>"),
}
"""Template, end of text, and what ends an answer."""
MARKERS = [
    "<|endoftext|>",
    "<s>",
    "</s>",
    "<|im_start|>",
    "<|im_end|>",
    "<start_of_turn>",
    "<end_of_turn>",
    "<|eot_id|>",
    "<|start_header_id|>",
    "<|end_header_id|>",
    "[INST]",
    "[/INST]",
    "<|user|>",
    "<|assistant|>",
    "<|end|>",
]


def write(folder: Path, eos: str | None) -> Path:
    """A tokenizer of bytes, with the markers of all these templates."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({letter: n for n, letter in enumerate(letters)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(marker, normalized=False) for marker in MARKERS])
    named: dict[str, Any] = {} if eos is None else {"eos_token": eos}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **named).save_pretrained(str(folder))
    return folder


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str | None, Path]:
    root = tmp_path_factory.mktemp("ends")
    return {eos: write(root / str(n), eos) for n, eos in enumerate(("<|endoftext|>", "</s>", None))}


def opened(folders: dict[str | None, Path], eos: str | None, template: str | None) -> HfTokenizer:
    return open_hf_tokenizer(folders[eos], ChatSettings(template))


def dataset(answers: tuple[str, ...]) -> Dataset:
    rows = tuple(Example(f"e{n}", f"text {n}", answer) for n, answer in enumerate(answers))
    return Dataset(train=rows, test=rows)


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_answer_is_ended_as_the_template_ends_it(
    folders: dict[str | None, Path], name: str
) -> None:
    template, eos, end = TEMPLATES[name]
    tokenizer = opened(folders, eos, template)
    (wanted,) = tokenizer.encode(end, add_bos=False)
    assert wanted in tokenizer.stop_ids
    asked = Prompter(tokenizer, Phrasing("{text}", "{text}"))
    for prompt in (
        *(asked.prompt(0, example) for example in dataset(ANSWERS).test),
        *prompts_to_learn(tokenizer, dataset(ANSWERS), Phrasing("{text}", "{text}"), None, 0),
    ):
        told = prompt.target if template else f" {prompt.target}"
        assert prompt.target_ids == (*tokenizer.encode(told, add_bos=False), wanted)
    instructor = Instructor(tokenizer)
    for answer in ANSWERS:
        one = Instruction("i", (Turn("user", "Which?"),), answer)
        assert instructor.example(one).target_ids[-1] == wanted


@pytest.mark.parametrize("template", [None, CHATML.replace("<|im_end|>", "")])
def test_a_tokenizer_that_can_end_no_answer_can_be_asked_and_teaches_nothing(
    folders: dict[str | None, Path], template: str | None
) -> None:
    tokenizer = opened(folders, None, template)
    phrasing = Phrasing("{text}", "{text}")
    prompt = Prompter(tokenizer, phrasing, ("a", "d")).prompt(0, dataset(("a",)).test[0])
    answer = "a" if template else " a"
    assert prompt.target_ids == prompt.choices[0] == tuple(tokenizer.encode(answer))
    assert not tokenizer.stop_ids
    with pytest.raises(BadModelError, match="cannot learn to stop"):
        next(prompts_to_learn(tokenizer, dataset(("a",)), phrasing, None, 0))
    with pytest.raises(BadModelError, match="cannot learn to stop"):
        Instructor(tokenizer)
