"""Prompts that a model would read otherwise than it should: each mismatch is caught by name."""

from __future__ import annotations

import json
import shutil
import struct
from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.data import Example, Phrasing
from harness.engines.tokenizer import Tokenizer, open_tokenizer
from harness.models.parity.prompts import (
    TaskPrompts,
    check_bos,
    check_gguf_prompts,
    check_template,
    expected_bos,
    leading_bos,
)
from harness.records import Check
from harness.tasks.prompting import Prompter
from harness.tasks.turns import PromptFormat
from tests.engines.models import CHAT_TEMPLATE, sentences

BOOL, UINT32 = 7, 4  # value types of a GGUF's metadata
PHRASING = Phrasing(instruction="Rises or falls? {text}", plain="{text} It")


def asked(tokenizer: Tokenizer, texts: Sequence[str], plain: bool = False) -> list[TaskPrompts]:
    """What a task called `mood` asks about these texts."""
    prompter = Prompter(
        tokenizer, PHRASING, ("rises", "falls"), prompt_format=PromptFormat(plain=plain)
    )
    examples = [Example(str(number), text, "rises") for number, text in enumerate(texts)]
    prompts = [prompter.prompt(number, example) for number, example in enumerate(examples)]
    return [TaskPrompts("mood", prompts, prompter.mode == "chat")]


def templated(tokenizer: Path, out: Path, template: str, adds_bos: bool = True) -> Tokenizer:
    """The tokenizer with another chat template, and perhaps one that adds no BOS."""
    shutil.copytree(tokenizer, out)
    (out / "chat_template.jinja").write_text(template)
    if not adds_bos:
        (out / "tokenizer.model").unlink()
        file = out / "tokenizer.json"
        content = json.loads(file.read_text())
        (file).write_text(json.dumps({**content, "post_processor": None}))
        settings = json.loads((out / "tokenizer_config.json").read_text())
        settings |= {"tokenizer_class": "PreTrainedTokenizerFast"}
        (out / "tokenizer_config.json").write_text(json.dumps(settings))
    found = open_tokenizer(out)
    assert (found.bos_id is not None) == adds_bos and found.bos_marker == 1
    return found


def patched(gguf: Path, out: Path, *changes: tuple[bytes, bytes]) -> Tokenizer:
    """The tokenizer of a GGUF in which some bytes of the header were changed, each once."""
    data = gguf.read_bytes()
    for old, new in changes:
        assert len(old) == len(new) and old in data
        data = data.replace(old, new, 1)
    out.write_bytes(data)
    return open_tokenizer(out)


def entry(key: str, kind: int, form: str, value: int) -> bytes:
    """A number in a GGUF's metadata."""
    return key.encode() + struct.pack("<I" + form, kind, value)


def by_name(checks: Sequence[Check]) -> dict[str, Check]:
    assert [check.name for check in checks] == ["bos", "chat-template", "tokens"]
    return {check.name: check for check in checks}


@pytest.fixture(scope="module")
def source(tiny: Path) -> Tokenizer:
    return open_tokenizer(tiny)


def test_a_faithful_gguf_passes_every_check_with_one_bos(source: Tokenizer, tiny_f16: Path) -> None:
    """Tokenizer and template both write BOS here, in both formats: it must stand once."""
    gguf = open_tokenizer(tiny_f16)
    assert gguf.bos_id == 1 and CHAT_TEMPLATE.startswith("{{ bos_token }}")
    chat, plain = asked(source, sentences(10)), asked(source, sentences(10), plain=True)
    assert all(prompt.ids.count(1) == 1 for prompt in chat[0].prompts)
    assert check_bos(source, [*chat, *plain]).status == "passed"
    found = by_name(check_gguf_prompts(source, gguf, chat))
    assert found["bos"].status == found["chat-template"].status == "passed"
    found = by_name(check_gguf_prompts(source, gguf, plain))
    assert found["bos"].status == found["tokens"].status == "passed"
    assert found["tokens"].figures == {"prompts": 10, "same": 10, "rate": 1.0}


def test_a_stock_llama_tokenizer_differs_behind_a_marker_and_this_is_found(
    source: Tokenizer, tiny_f16: Path
) -> None:
    """llama.cpp puts a space there, and Transformers does not."""
    chat = asked(source, sentences(4))
    check = by_name(check_gguf_prompts(source, open_tokenizer(tiny_f16), chat))["tokens"]
    assert check.status == "failed" and check.figures["rate"] == 0
    assert "prompt 0 of mood, at token 1 after BOS" in check.message


@pytest.mark.parametrize("template", ["{{ bos_token }}", "<s>", "\n", " {{ bos_token }} "])
def test_a_template_that_makes_a_second_bos_is_a_double_bos(
    tokenizer: Path, tmp_path: Path, template: str
) -> None:
    twice = templated(tokenizer, tmp_path / "twice", template + CHAT_TEMPLATE)
    found = check_bos(twice, asked(twice, sentences(3)))
    assert found.status == "failed"
    assert found.message.startswith("double BOS: 3 of 3 prompts")
    assert "prompt 0 of mood, with" in found.message and "template" in found.hint


def test_a_template_that_begins_with_something_else_lacks_its_bos(
    tokenizer: Path, tmp_path: Path
) -> None:
    late = templated(tokenizer, tmp_path / "late", "\n" + CHAT_TEMPLATE, adds_bos=False)
    assert expected_bos(late, chat=True) == 1
    found = check_bos(late, asked(late, sentences(2)))
    assert found.status == "failed"
    assert "missing BOS" in found.message and "behind whitespace" in found.message


def test_a_model_without_bos_is_asked_without_one(tokenizer: Path, tmp_path: Path) -> None:
    without = CHAT_TEMPLATE.removeprefix("{{ bos_token }}")
    none = templated(tokenizer, tmp_path / "none", without, adds_bos=False)
    for plain in (False, True):
        prompts = asked(none, sentences(2), plain)
        assert (
            expected_bos(none, chat=not plain) == leading_bos(prompts[0].prompts[0].ids, none) == 0
        )
        assert check_bos(none, prompts).status == "passed"


def test_a_template_alone_can_write_the_bos(tokenizer: Path, tmp_path: Path) -> None:
    alone = templated(tokenizer, tmp_path / "alone", CHAT_TEMPLATE, adds_bos=False)
    assert check_bos(alone, asked(alone, sentences(2))).status == "passed"
    plain = asked(alone, sentences(2), plain=True)
    assert check_bos(alone, plain).status == "passed", "no template, no BOS"


def test_data_that_begins_with_the_marker_is_found_out(source: Tokenizer) -> None:
    prompts = asked(source, ["The ship rises.", "<s><s>The ship rises."], plain=True)
    found = check_bos(source, prompts)
    assert found.status == "failed" and "double BOS: 1 of 2" in found.message
    assert "prompt 1 of mood, with 2" in found.message


def test_a_gguf_that_adds_no_bos_is_named(
    source: Tokenizer, tiny_f16: Path, tmp_path: Path
) -> None:
    key = "tokenizer.ggml.add_bos_token"
    change = (entry(key, BOOL, "B", 1), entry(key, BOOL, "B", 0))
    gguf = patched(tiny_f16, tmp_path / "no-bos.gguf", change)
    found = by_name(check_gguf_prompts(source, gguf, asked(source, sentences(4), plain=True)))
    assert found["bos"].status == "failed" and "missing BOS" in found["bos"].message
    assert found["bos"].figures["wrong"] == 4
    assert found["tokens"].status == "passed", "one cause is told once"


def test_a_gguf_that_adds_a_bos_of_its_own_is_named(
    tokenizer: Path, tiny_f16: Path, tmp_path: Path
) -> None:
    none = templated(tokenizer, tmp_path / "none", CHAT_TEMPLATE, adds_bos=False)
    found = by_name(
        check_gguf_prompts(none, open_tokenizer(tiny_f16), asked(none, sentences(2), plain=True))
    )
    assert found["bos"].status == "failed" and "added BOS" in found["bos"].message
    assert "asked with 0 BOS tokens (id 1) and would get 1 (id 1)" in found["bos"].message


def test_a_gguf_with_another_bos_is_named(
    source: Tokenizer, tiny_f16: Path, tmp_path: Path
) -> None:
    key = "tokenizer.ggml.bos_token_id"
    change = (entry(key, UINT32, "I", 1), entry(key, UINT32, "I", 2))
    gguf = patched(tiny_f16, tmp_path / "other-bos.gguf", change)
    found = by_name(check_gguf_prompts(source, gguf, asked(source, sentences(2), plain=True)))
    assert found["bos"].status == "failed" and "another BOS" in found["bos"].message
    assert "(id 1) and would get 1 (id 2)" in found["bos"].message


def test_a_changed_space_in_the_template_of_a_gguf_is_found(
    source: Tokenizer, tiny_f16: Path, tmp_path: Path
) -> None:
    change = (b"{% endfor %}{% if ", b"{% endfor %} {%if ")
    gguf = patched(tiny_f16, tmp_path / "template.gguf", change)
    found = by_name(check_gguf_prompts(source, gguf, asked(source, sentences(2))))
    assert found["chat-template"].status == "failed"
    place = CHAT_TEMPLATE.index("{% endfor %}") + len("{% endfor %}")
    assert f"from character {place} (line 1)" in found["chat-template"].message
    assert found["bos"].status == "passed"


def test_other_pieces_in_a_gguf_are_named_with_prompt_and_place(
    tiny: Path, source: Tokenizer, tiny_f16: Path, tmp_path: Path
) -> None:
    prompts = asked(source, ["The ship rises.", "The ship rises, the letter falls."], plain=True)
    first, second = (prompt.ids for prompt in prompts[0].prompts)
    place = next(i for i, token in enumerate(second) if token not in first and i > 4)
    vocabulary = json.loads((tiny / "tokenizer.json").read_text())["model"]["vocab"]
    raw = next(piece for piece, token in vocabulary.items() if token == second[place]).encode()
    length = struct.pack("<Q", len(raw))
    change = (length + raw, length + b"\x7f" * len(raw))
    gguf = patched(tiny_f16, tmp_path / "pieces.gguf", change)
    found = by_name(check_gguf_prompts(source, gguf, prompts))
    check = found["tokens"]
    assert check.status == "failed" and check.figures["rate"] == 0.5
    assert "agree on 1 of 2 prompts (50.0%)" in check.message
    assert f"prompt 1 of mood, at token {place - 1} after BOS: {second[place]} (" in check.message
    assert found["bos"].status == "passed"


@pytest.mark.parametrize(
    ("source", "gguf", "status", "words"),
    [
        ("a\nb", "a\nb", "passed", "carries"),
        (None, None, "passed", "none"),
        ("a", None, "failed", "the source has one, the GGUF has none"),
        (None, "a", "failed", "the GGUF has one, the source has none"),
        ("a\nb", "a\nb\n", "failed", "character 3 (line 2)"),
        ("a\nb", "a\n b", "failed", "character 2 (line 2)"),
    ],
)
def test_templates_are_compared_to_the_last_space(
    source: str | None, gguf: str | None, status: str, words: str
) -> None:
    found = check_template(source, gguf)
    assert found.status == status and words in found.message


def test_a_template_that_is_not_used_is_not_compared() -> None:
    assert check_template("a", "b", used=False).status == "skipped"
