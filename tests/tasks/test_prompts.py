"""Prompts hold a question in every form, and sets that were written before some of them still count."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.data import Dataset, Example, Phrasing
from harness.tasks.prompting import prompts_to_ask
from harness.tasks.prompts import PromptSet
from tests.tasks.fakes import CharTokenizer
from tests.tasks.templates import R1, TemplateTokenizer

DATA = Dataset(
    train=(Example("t", "shown", "bad"),),
    test=tuple(Example(f"e{n}", f"test {n}", "good") for n in range(3)),
    labels=("bad", "good"),
)
WORDS = Phrasing("Rate: {text}", "{text} is")


def asked(tokenizer: CharTokenizer) -> PromptSet:
    return prompts_to_ask(tokenizer, DATA, WORDS, None, 0, shots=1)


@pytest.mark.parametrize(
    "tokenizer", [TemplateTokenizer(R1), CharTokenizer(), CharTokenizer(chat=False)]
)
def test_messages_text_and_ids_say_the_same(tokenizer: CharTokenizer) -> None:
    found = asked(tokenizer)
    for prompt in found.prompts:
        if found.mode == "chat":
            assert tokenizer.render(list(prompt.messages), True) == prompt.text
            assert [m["role"] for m in prompt.messages] == ["user", "assistant", "user"]
        else:
            assert prompt.messages == ()
        assert tuple(tokenizer.encode(prompt.text)) == prompt.ids
        for text, ids in zip(prompt.continuations, prompt.choices, strict=True):
            assert tuple(tokenizer.encode(prompt.text + text)) == prompt.ids + ids


def test_a_set_is_read_as_it_was_written(tmp_path: Path) -> None:
    found = asked(TemplateTokenizer(R1))
    found.write(tmp_path)
    assert PromptSet.read(tmp_path) == found


def test_a_set_without_messages_is_read_and_has_the_same_hashes(tmp_path: Path) -> None:
    found = asked(TemplateTokenizer(R1))
    found.write(tmp_path)
    file = tmp_path / "prompts.jsonl"
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    older = [
        {k: v for k, v in row.items() if k not in ("messages", "continuations")} for row in rows
    ]
    file.write_text("".join(f"{json.dumps(row)}\n" for row in older))
    read = PromptSet.read(tmp_path)
    assert read.sha256() == found.sha256()
    assert [read.sha256_of(p) for p in read.prompts] == [found.sha256_of(p) for p in found.prompts]
    assert {prompt.messages for prompt in read.prompts} == {()}
