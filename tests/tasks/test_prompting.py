"""What is sent: one BOS, the template's own end of turn, the same prompt for every answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.data import Dataset, Example, Phrasing
from harness.engines.contexts import common_prefix
from harness.errors import BadDataError, BadModelError, RemovedError
from harness.tasks.prompting import (
    Prompter,
    prompts_to_ask,
    prompts_to_learn,
    prompts_to_write,
)
from harness.tasks.prompts import PromptSet
from harness.tasks.turns import PromptFormat
from tests.tasks.fakes import BOS, END, EOS, FIRST, CharTokenizer

PHRASING = Phrasing(instruction="Which? {text}", plain="Text: {text}\nLabel:")
LABELS = ("bad", "good")
DATA = Dataset(
    train=tuple(Example(f"t{i}", f"train {i}", LABELS[i % 2]) for i in range(10)),
    test=tuple(Example(f"e{i}", f"test {i}", LABELS[i % 2]) for i in range(6)),
    labels=LABELS,
)


def ids(text: str) -> tuple[int, ...]:
    return tuple(FIRST + ord(character) for character in text)


def test_a_chat_prompt_goes_through_the_template_with_one_bos() -> None:
    prompt = Prompter(CharTokenizer(), PHRASING, LABELS).prompt(0, DATA.test[0])
    assert prompt.text == "<s>user: Which? test 0<end>\nassistant: "
    assert prompt.ids == (BOS, *ids("user: Which? test 0"), END, *ids("\nassistant: "))
    assert prompt.choices == (ids("bad"), ids("good"))


def test_a_plain_prompt_is_continued_after_a_space() -> None:
    prompt = Prompter(CharTokenizer(chat=False), PHRASING, LABELS).prompt(0, DATA.test[0])
    assert prompt.ids == (BOS, *ids("Text: test 0\nLabel:"))
    assert prompt.choices == (ids(" bad"), ids(" good"))
    assert prompt.target_ids == (*ids(" bad"), EOS)


def test_the_template_can_be_left_aside() -> None:
    assert (
        Prompter(CharTokenizer(), PHRASING, prompt_format=PromptFormat(plain=True)).mode == "plain"
    )


def test_a_chat_answer_ends_with_the_templates_own_marker() -> None:
    prompt = Prompter(CharTokenizer(), PHRASING, LABELS).prompt(0, DATA.test[0])
    assert prompt.target_ids == (*ids("bad"), END)


def test_an_answer_that_would_merge_with_the_prompt_leaves_the_prompt_as_it_is() -> None:
    tokenizer = CharTokenizer(chat=False, merges={": b": 5, ": g": 6})
    prompter = Prompter(tokenizer, PHRASING, LABELS)
    prompt = prompter.prompt(0, Example("e", "x", "bad"))
    assert prompt.ids[-1] == FIRST + ord(":")
    assert prompt.choices == (ids(" bad"), ids(" good"))


def test_ones_own_prompts_go_through_the_template_or_are_text_to_go_on_with() -> None:
    chat = prompts_to_write(CharTokenizer(), {"x": "Say {text}."}, 1)
    assert (chat.mode, chat.prompts[0].text) == ("chat", "<s>user: Say {text}.<end>\nassistant: ")
    for plain in (
        prompts_to_write(CharTokenizer(chat=False), {"x": "Say {text}."}, 1),
        prompts_to_write(CharTokenizer(), {"x": "Say {text}."}, 1, PromptFormat(plain=True)),
    ):
        assert (plain.mode, plain.prompts[0].ids) == ("plain", (BOS, *ids("Say {text}.")))
        assert plain.prompts[0].target_ids == ()


def test_a_model_without_an_end_token_can_be_let_write() -> None:
    tokenizer = CharTokenizer(chat=False)
    tokenizer.eos_id = None
    assert prompts_to_write(tokenizer, {"x": "Go on"}, 1).prompts[0].ids[0] == BOS


def test_shots_are_turns_or_text_and_come_from_the_train_split() -> None:
    chat = prompts_to_ask(CharTokenizer(), DATA, PHRASING, None, 0, shots=2)
    plain = prompts_to_ask(CharTokenizer(chat=False), DATA, PHRASING, None, 0, shots=2)
    assert chat.prompts[0].text.count("user: Which? train") == 2
    assert chat.prompts[0].text.count("assistant: ") == 3
    assert plain.prompts[0].text.count("Text: train") == 2
    assert "test" not in plain.prompts[0].text.split("Text: test 0")[0]


def test_a_tokenizer_that_cannot_end_a_text_is_asked_and_not_taught() -> None:
    tokenizer = CharTokenizer(chat=False)
    with_end = Prompter(tokenizer, PHRASING).prompt(0, DATA.test[0]).target_ids
    tokenizer.eos_id = None
    assert (*Prompter(tokenizer, PHRASING).prompt(0, DATA.test[0]).target_ids, EOS) == with_end
    with pytest.raises(BadModelError, match="stop"):
        list(prompts_to_learn(tokenizer, DATA, PHRASING, None, 0))


def test_what_is_learned_is_asked_as_the_test_split_is_and_never_is_the_test_split() -> None:
    learned = list(prompts_to_learn(CharTokenizer(), DATA, PHRASING, None, 0))
    asked = prompts_to_ask(CharTokenizer(), DATA, PHRASING, None, 0).prompts
    assert {prompt.id for prompt in learned} == {example.id for example in DATA.train}
    assert not {prompt.ids for prompt in learned} & {prompt.ids for prompt in asked}
    assert learned[0].text.replace("train", "test") == asked[0].text


def test_an_examples_own_choices_are_encoded_and_kept_with_their_names(tmp_path: Path) -> None:
    example = Example("e", "Which melts?", "ice", ("sand", "ice", "air"))
    data = Dataset((), (example,), ())
    found = prompts_to_ask(CharTokenizer(), data, PHRASING, None, 0)
    assert found.prompts[0].labels == ("sand", "ice", "air")
    assert found.prompts[0].choices == (ids("sand"), ids("ice"), ids("air"))
    assert found.prompts[0].continuations == ("sand", "ice", "air")
    found.write(tmp_path)
    assert PromptSet.read(tmp_path) == found


def test_a_prompt_set_reads_back_as_it_was_written(tmp_path: Path) -> None:
    written = prompts_to_ask(CharTokenizer(), DATA, PHRASING, 4, 0)
    written.write(tmp_path)
    assert PromptSet.read(tmp_path) == written
    assert (len(written.prompts), written.available) == (4, 6)


def test_the_hash_follows_ids_and_not_texts() -> None:
    one = prompts_to_ask(CharTokenizer(), DATA, PHRASING, None, 0)
    same = prompts_to_ask(CharTokenizer(), DATA, PHRASING, None, 1)
    other = prompts_to_ask(CharTokenizer(merges={"te": 5}), DATA, PHRASING, None, 0)
    assert one.sha256() == same.sha256() != other.sha256()


def test_damaged_prompts_are_refused_by_name(tmp_path: Path) -> None:
    prompts_to_ask(CharTokenizer(), DATA, PHRASING, None, 0).write(tmp_path)
    (tmp_path / "prompts.jsonl").write_text('{"index": 0}\n')
    with pytest.raises(BadDataError, match="not a set of prompts"):
        PromptSet.read(tmp_path)


def test_prompts_that_are_gone_are_no_damage(tmp_path: Path) -> None:
    with pytest.raises(RemovedError, match="the prompts that were made are gone"):
        PromptSet.read(tmp_path / "removed")


def test_common_prefix() -> None:
    assert common_prefix([]) == 0
    assert common_prefix([(1, 2, 3)]) == 3
    assert common_prefix([(1, 2, 3), (1, 2), (1, 2, 4)]) == 2
    assert common_prefix([(1,), (2,)]) == 0
