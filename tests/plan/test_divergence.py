"""Divergence in a suite: on a text or a data set, and what is planned to judge it by."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.plan.builder import make_plan
from harness.plan.cell_params import PrecisionParams
from harness.plan.graph import Plan
from harness.plan.steps import Step
from harness.resolve.resolver import resolve
from harness.runner.known import known
from harness.suite.problems import SuiteError
from harness.suite.reader import parse_suite
from harness.suite.schema import TASK_TYPES
from tests.plan.test_builder import FakeResolver, changed

SUITE = """\
name: texts
models:
  base: {source: starter}
  f16: {from: base, gguf: F16}
  q8: {from: base, gguf: Q8_0}
tasks:
  sentiment: {type: classify, dataset: phrasebank-sample}
  text: {type: divergence, text: corpus.txt, window: 64, reference: f16}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "corpus.txt").write_text("Some words, and some more.\n")
    return tmp_path


def plan(folder: Path, text: str = SUITE, resolver: FakeResolver | None = None) -> Plan:
    suite = parse_suite(text, folder / "suite.yaml", known())
    return make_plan(suite, (resolver or FakeResolver()).resolve(suite))


def steps(found: Plan, kind: str) -> list[Step]:
    return [step for step in found.steps.values() if step.kind == kind]


def mistakes(folder: Path, text: str = SUITE) -> list[str]:
    with pytest.raises(SuiteError) as error:
        parse_suite(text, folder / "suite.yaml", known())
    return [problem.text("suite.yaml") for problem in error.value.problems]


class Edited(FakeResolver):
    """The text has been edited."""

    def fingerprint(self, path: Path) -> str:
        return super().fingerprint(path) + "!" * (path.suffix == ".txt")


def test_a_changed_text_is_read_again_and_nothing_else_is(folder: Path) -> None:
    after = plan(folder, resolver=Edited())
    assert {task for _, task in changed(plan(folder), after)} == {"text"}


def test_a_changed_window_is_another_question(folder: Path) -> None:
    after = plan(folder, SUITE.replace("window: 64", "window: 65"))
    assert {task for _, task in changed(plan(folder), after)} == {"text"}


def test_where_a_text_lies_is_no_part_of_any_key(folder: Path) -> None:
    class Contents(FakeResolver):
        def fingerprint(self, path: Path) -> str:
            return path.suffix

    (folder / "texts").mkdir()
    (folder / "corpus.txt").rename(folder / "texts" / "other.txt")
    after = plan(folder, SUITE.replace("corpus.txt", "texts/other.txt"), Contents())
    (folder / "corpus.txt").write_text("Some words.")
    assert changed(plan(folder, resolver=Contents()), after) == set()


def test_a_raised_revision_of_the_task_leaves_the_cells_of_others_as_they_are(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    suite = parse_suite(SUITE, folder / "suite.yaml", known())
    before = make_plan(suite, resolve(suite, tmp_path / "home"))
    raised = replace(TASK_TYPES["divergence"], revision=99)
    monkeypatch.setattr("harness.plan.versions.TASK_TYPES", {**TASK_TYPES, "divergence": raised})
    after = make_plan(suite, resolve(suite, tmp_path / "home"))
    assert {task for _, task in changed(before, after)} == {"text"}
    assert before.precision["text"].step != after.precision["text"].step


def test_a_text_is_encoded_for_the_lineage_of_the_reference_alone(folder: Path) -> None:
    text = SUITE.replace("models:\n", f"models:\n  other: {{source: {folder}}}\n")
    found = plan(folder, text)
    assert set(found.prompts) == {("sentiment", "base"), ("sentiment", "other"), ("text", "base")}
    assert ("other", "text") not in {(cell.model, cell.task) for cell in found.cells}


def test_an_f16_reference_is_held_against_the_weights_that_it_was_made_from(folder: Path) -> None:
    found = plan(folder)
    (step,) = steps(found, "precision")
    assert found.precision["text"].step == step.key
    (convert,) = steps(found, "convert")
    assert step.parents["reference.gguf"] == convert.key
    assert step.parents["weights"] == convert.parents["weights"]
    assert step.parents["prompts"] == found.prompts["text", "base"]
    assert step.given(PrecisionParams).exact.dtype == "float32"
    needed = {key for cell in found.cells for key in found.ancestors(cell)}
    assert step.key not in needed


@pytest.mark.parametrize(
    ("dtype", "sixteen"),
    [("auto", "bfloat16"), ("float32", "bfloat16"), ("float16", "float16")],
)
def test_a_reference_of_transformers_is_held_against_itself_in_16_bits(
    folder: Path, dtype: str, sixteen: str
) -> None:
    text = SUITE.replace("reference: f16", "reference: base")
    found = plan(folder, text.replace("source: starter", f"source: starter, dtype: {dtype}"))
    (step,) = steps(found, "precision")
    assert step.parents["weights"] == step.parents["reference.weights"]
    assert (step.given(PrecisionParams).exact.dtype, step.given(PrecisionParams).sixteen.dtype) == (
        "float32",
        sixteen,
    )


def test_where_16_bits_cannot_be_told_apart_the_plan_says_why(folder: Path) -> None:
    (folder / "found.gguf").write_bytes(b"GGUF")
    for before, after, reason in (
        ("reference: f16", "reference: q8", "q8 is itself quantized"),
        (
            "{from: base, gguf: F16}",
            "{gguf: found.gguf}",
            "the weights that f16 was made from are not in the suite",
        ),
        (
            "f16: {from: base, gguf: F16}",
            "f16: {source: starter, quantize: nf4}",
            "f16 is itself quantized (nf4)",
        ),
    ):
        found = plan(folder, SUITE.replace(before, after))
        assert steps(found, "precision") == []
        assert found.precision["text"].reason == reason


def test_a_missing_text_is_told_with_its_key_and_line(folder: Path) -> None:
    (folder / "corpus.txt").unlink()
    (found,) = mistakes(folder)
    assert found.startswith("suite.yaml:8:28: tasks.text.text: there is no file ")
    assert str(folder / "corpus.txt") in found


def test_an_empty_text_is_told(folder: Path) -> None:
    (folder / "corpus.txt").write_text(" \n")
    (found,) = mistakes(folder)
    assert "tasks.text.text" in found and "is empty" in found


def test_a_text_that_is_not_utf_8_is_told_with_the_place(folder: Path) -> None:
    (folder / "corpus.txt").write_bytes(b"caf\xe9 au lait")
    (found,) = mistakes(folder)
    assert "tasks.text.text" in found and "no UTF-8 text" in found and "byte 3" in found


def test_a_folder_is_no_text(folder: Path) -> None:
    (found,) = mistakes(folder, SUITE.replace("text: corpus.txt", "text: ."))
    assert "tasks.text.text" in found and "cannot be read" in found


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("text: corpus.txt, dataset: dialogue-sample", "takes `dataset` or `text`"),
        ("limit: 3", "takes `dataset` or `text`"),
        ("text: corpus.txt, shots: 2", "`shots` belongs to a `dataset`"),
        ("dataset: dialog-sample", "unknown data set `dialog-sample`"),
        ("text: corpus.txt, reference: f61", "there is no model `f61`"),
    ],
)
def test_a_divergence_task_is_on_one_thing_and_against_a_model(
    folder: Path, keys: str, said: str
) -> None:
    text = SUITE.replace("text: corpus.txt, window: 64, reference: f16", keys)
    if "reference" not in keys:
        text = text.replace(keys, f"{keys}, reference: f16")
    (found,) = mistakes(folder, text)
    assert said in found
