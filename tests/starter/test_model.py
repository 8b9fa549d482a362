"""The committed model folder: size, types, template, and a tokenizer that loses nothing."""

import json
from typing import Any

import pytest
import sentencepiece
import torch
from safetensors import safe_open
from transformers import AutoModelForCausalLM, AutoTokenizer

from harness.starter import DATA_FOLDER, MODEL_FOLDER
from tools.starter.text.corpus import DIALOGUE, SENTIMENT, turns

_MOST_BYTES = 10_000_000


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return AutoTokenizer.from_pretrained(MODEL_FOLDER)


def _prompts_and_answers() -> list[tuple[str, str]]:
    pairs = []
    for path in sorted(DATA_FOLDER.glob("*/test.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines()[:100]:
            row = json.loads(line)
            if "label" in row:
                pairs.append((SENTIMENT + row["sentence"], row["label"]))
            else:
                pairs.append((DIALOGUE + row["dialogue"], row["summary"]))
    return pairs


def test_the_weights_are_small_and_bfloat16() -> None:
    path = MODEL_FOLDER / "model.safetensors"
    assert path.stat().st_size <= _MOST_BYTES
    with safe_open(path, "pt") as weights:
        tensors = [weights.get_tensor(name) for name in weights.keys()]  # noqa: SIM118
    assert {tensor.dtype for tensor in tensors} == {torch.bfloat16}
    assert all(row.shape[-1] % 256 == 0 for row in tensors)


def test_the_model_loads_and_knows_its_end_tokens(tokenizer: Any) -> None:
    model = AutoModelForCausalLM.from_pretrained(MODEL_FOLDER)
    ends = [tokenizer.convert_tokens_to_ids(token) for token in ("</s>", "<|end|>")]
    assert model.generation_config.eos_token_id == ends
    assert tokenizer.pad_token_id not in ends
    assert model.config.vocab_size == len(tokenizer)
    assert model.config.max_position_embeddings == 1024


def test_the_chat_template_opens_once_and_ends_each_turn(tokenizer: Any) -> None:
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi\nyou"}]
    text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    expected = "<|system|>\nBe brief.<|end|>\n<|user|>\nHi\nyou<|end|>\n<|assistant|>\n"
    assert text == "<s>" + expected
    ids = tokenizer.apply_chat_template(messages, add_generation_prompt=True)["input_ids"]
    assert ids == tokenizer(text, add_special_tokens=False)["input_ids"]
    assert ids == tokenizer(expected)["input_ids"]
    assert ids.count(tokenizer.bos_token_id) == 1


def test_pretraining_used_the_chat_template(tokenizer: Any) -> None:
    messages = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    assert tokenizer.apply_chat_template(messages, tokenize=False) == "<s>" + turns("a", "b")


@pytest.mark.parametrize(
    "text",
    [
        "  two  spaces ",
        "a\n\n\nb\n",
        "EUR 11.3 mn\t(8%)",
        "Łódź — “é” 日本語 😀",
        " \n x",
        "e\u0301",
    ],
)
def test_text_survives_the_tokenizer(tokenizer: Any, text: str) -> None:
    assert tokenizer.decode(tokenizer(text, add_special_tokens=False)["input_ids"]) == text


def test_both_tokenizer_files_give_the_same_ids(tokenizer: Any) -> None:
    """llama.cpp reads the SentencePiece file and Transformers the other."""
    other = sentencepiece.SentencePieceProcessor(str(MODEL_FOLDER / "tokenizer.model"))
    for prompt, answer in _prompts_and_answers():
        text = f"{prompt}\n{answer}"
        assert tokenizer(text, add_special_tokens=False)["input_ids"] == other.encode(text)


def test_the_ids_of_a_prompt_open_those_of_prompt_and_answer(tokenizer: Any) -> None:
    for prompt, answer in _prompts_and_answers():
        user = {"role": "user", "content": prompt}
        text = tokenizer.apply_chat_template([user], tokenize=False, add_generation_prompt=True)
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        both = tokenizer(text + answer, add_special_tokens=False)["input_ids"]
        assert both[: len(ids)] == ids
        assert len(both) - len(ids) < 48


def test_the_labels_are_single_tokens(tokenizer: Any) -> None:
    for label in ("negative", "neutral", "positive"):
        assert len(tokenizer(label, add_special_tokens=False)["input_ids"]) == 1
