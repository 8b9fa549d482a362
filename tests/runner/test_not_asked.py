"""Built-in prompts are not put to a model that they are not for, and it is said why."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from harness.models.sources import card_languages, model_files, told_files
from harness.plan.params import PromptsParams
from harness.plan.steps import make_step
from harness.runner.jobs import StepJob
from harness.runner.steps.prompting import prompts
from harness.starter import MODEL_FOLDER
from harness.tasks.prompts import PromptSet

PAIRS = (("a", "Say yes."), ("b", "Say no."))


def asked(folder: Path, model: Path, **params: object) -> PromptSet:
    given = PromptsParams.model_validate({"prompts": PAIRS, "available": 2, **params})
    step = make_step("prompts", "encode", given, {"tokenizer": "key"}, {})
    out = folder / "out"
    out.mkdir()
    prompts(StepJob(step, {"tokenizer": str(model)}), out, 1, lambda *given, **more: None)
    assert set(json.loads((out / "texts.json").read_text())) <= {"a", "b"}
    return PromptSet.read(out)


def model(folder: Path, card: str = "", chat: bool = True) -> Path:
    copy = folder / "model"
    left_out = shutil.ignore_patterns("*.safetensors", *([] if chat else ["chat_template*"]))
    shutil.copytree(MODEL_FOLDER, copy, ignore=left_out)
    if card:
        (copy / "README.md").write_text(card, encoding="utf-8")
    return copy


def test_a_model_without_a_chat_template_reads_passages_and_is_asked_nothing_else(
    tmp_path: Path,
) -> None:
    base = model(tmp_path, chat=False)
    found = asked(tmp_path, base, asked_of="english chat")
    assert found.prompts == () and "no chat template" in found.not_asked
    shutil.rmtree(tmp_path / "out")
    assert len(asked(tmp_path, base, asked_of="english", passages=True).prompts) == 2


def test_a_model_that_the_suite_asks_without_its_template_is_no_chat_model(tmp_path: Path) -> None:
    found = asked(tmp_path, model(tmp_path), asked_of="english chat", plain=True)
    assert found.prompts == () and "without a chat template" in found.not_asked


@pytest.mark.parametrize(
    ("card", "count"),
    [
        ("---\nlanguage: de\n---\n", 0),
        ("---\nlanguage: [de, en]\n---\n", 2),
        ("---\nlicense: mit\n---\n", 2),
        ("# A model\n", 2),
        ("", 2),
    ],
)
def test_a_model_whose_card_names_other_languages_alone_is_not_asked_in_english(
    tmp_path: Path, card: str, count: int
) -> None:
    found = asked(tmp_path, model(tmp_path, card), asked_of="english chat")
    assert len(found.prompts) == count and bool(found.not_asked) == (count == 0)


def test_languages_are_read_of_the_cards_head_alone_and_nothing_of_a_damaged_one(
    tmp_path: Path,
) -> None:
    card = tmp_path / "README.md"
    for text, languages in {
        "---\nlanguage:\n- no\n- pt-BR\n- 7\n---\n": ("no", "pt-br"),
        "---\nlanguage: [de\n---\n": (),
        "---\n- language: de\n---\n": (),
        "text\n---\nlanguage: de\n---\n": (),
    }.items():
        card.write_text(text, encoding="utf-8")
        assert card_languages(tmp_path) == languages
    card.write_bytes(b"---\nlanguage: \xff\n---\n")
    assert card_languages(tmp_path) == ()


def test_the_card_goes_where_the_model_goes(tmp_path: Path) -> None:
    model = tmp_path / "model"
    shutil.copytree(MODEL_FOLDER, model)
    (model / "README.md").write_text("---\nlanguage: zh\n---\n")
    assert [file.name for file in told_files(model) if file not in model_files(model)] == [
        "README.md"
    ]
    (model / "README.md").unlink()
    assert told_files(model) == model_files(model)
    (tmp_path / "README.md").write_text("a folder without a model")
    shutil.rmtree(model)
    assert told_files(tmp_path) == []
