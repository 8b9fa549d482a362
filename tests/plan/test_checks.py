"""Which checks stand before which cells, and how adapters are merged."""

from __future__ import annotations

import pytest

from harness.plan.graph import Plan
from harness.plan.params import CheckParams
from harness.plan.steps import Step
from harness.records import ConvertStep, FinetuneStep, MergeStep, QuantizeStep, SourceStep
from harness.suite.problems import SuiteError
from tests.plan.test_builder import cells, plan
from tests.suite.test_reader import GOOD, parse

MERGES = GOOD.replace("method: lora", "method: qlora").replace(
    "tasks:\n  sentiment",
    """\
  whole: {from: lora, merge: full}
  there: {from: lora, merge: dequantized}
  whole-q4: {from: whole, gguf: Q4_K_M}
  there-q4: {from: there, gguf: Q4_K_M}
tasks:
  sentiment""",
)


def checks(graph: Plan, model: str, task: str) -> list[Step]:
    """The checks that a cell waits for."""
    cell = next(c for c in graph.cells if (c.model, c.task) == (model, task))
    steps = [graph.steps[key] for key in cell.after if key in graph.steps]
    return [step for step in steps if step.kind == "check"]


def test_nothing_is_asked_before_its_prompts_were_checked_on_all_tasks() -> None:
    graph = plan()
    for model in ("base", "lora", "lora-f16", "lora-q4"):
        first = checks(graph, model, "sentiment")[0]
        assert set(first.parents) == {"tokenizer", "prompts.sentiment", "prompts.fidelity"}


def test_a_gguf_waits_for_the_check_of_its_file_also_to_be_timed() -> None:
    graph = plan()
    for task in ("sentiment", "fidelity", "speed"):
        found = [step for step in checks(graph, "lora-q4", task) if "gguf" in step.parents]
        assert [graph.steps[step.parents["gguf"]].kind for step in found] == ["convert"]


def test_a_model_waits_for_the_check_of_its_reference() -> None:
    found = checks(plan(), "lora", "fidelity")
    assert ["gguf" in step.parents for step in found] == [False, True]


def test_a_model_that_is_timed_only_waits_for_no_prompts() -> None:
    assert checks(plan(), "lora", "speed") == []


def test_every_round_of_a_timed_gguf_waits_for_its_check() -> None:
    graph = plan(GOOD.replace("{type: speed}", "{type: speed, repetitions: 6}"))
    rounds = [step for step in graph.rounds if step.model == "lora-q4"]
    checked = {step.key for step in checks(graph, "lora-q4", "speed")}
    assert rounds and checked
    assert all(checked <= step.needs for step in rounds)


def test_training_waits_for_the_check_of_the_prompts() -> None:
    graph = plan()
    tuned = next(step for step in graph.steps.values() if step.kind == "finetune")
    assert [graph.steps[key].kind for key in tuned.after] == ["check"]


def test_what_a_suite_lets_pass_changes_no_key() -> None:
    lenient = plan(GOOD.replace("limit: 20", "limit: 20, mismatch: allow"))
    assert cells(lenient) == cells(plan()) and set(lenient.steps) == set(plan().steps)
    checks = [s.given(CheckParams) for s in lenient.steps.values() if s.kind == "check"]
    assert [check.mismatch for check in checks] == ["allow"] * 3


def test_two_quantizations_share_their_checks() -> None:
    graph = plan(GOOD.replace("  lora-q4:", "  lora-q8: {from: lora, gguf: Q8_0}\n  lora-q4:"))
    kinds = [step.kind for step in graph.steps.values()]
    assert [kinds.count(kind) for kind in ("check", "parity", "merge-parity")] == [3, 1, 1]
    assert graph.models["lora-q8"].checks == graph.models["lora-q4"].checks


def test_a_merge_is_held_against_what_its_adapter_was_trained_on() -> None:
    graph = plan(MERGES)

    def params(model: str) -> dict[str, str]:
        return graph.steps[graph.models[model].merge_parity].params.identity()

    dequantized = {"base_precision": "dequantized", "trained_on": "nf4"}
    assert params("whole") == params("whole-q4") == {"base_precision": "full", "trained_on": "nf4"}
    assert params("there") == params("there-q4") == params("lora-q4") == dequantized
    plain = plan(GOOD)
    checked = plain.steps[plain.models["lora-f16"].merge_parity]
    assert checked.params.identity() == {"base_precision": "full", "trained_on": "full"}
    assert plain.models["lora"].merge_parity == ""


def test_an_asked_for_merge_is_the_one_that_a_gguf_gets() -> None:
    graph = plan(MERGES)
    quantized = {name: graph.models[name].parts["gguf"] for name in graph.models if "q4" in name}
    assert quantized["there-q4"] == quantized["lora-q4"] != quantized["whole-q4"]
    assert graph.models["there"].parts.keys() == {"weights"}


def test_a_merged_model_says_into_what() -> None:
    models = plan(MERGES).models
    begin = (
        SourceStep(name="starter"),
        FinetuneStep(model="lora", method="qlora", rank=16, seed=0),
    )
    gguf = (ConvertStep(type="F16"), QuantizeStep(type="Q4_K_M"))
    assert models["whole"].lineage == (*begin, MergeStep(base_precision="full", trained_on="nf4"))
    assert models["whole-q4"].lineage == (*models["whole"].lineage, *gguf)
    assert models["there-q4"].lineage == models["lora-q4"].lineage
    plain = plan(
        GOOD.replace("tasks:\n  s", "  one: {from: lora, merge: full}\ntasks:\n  s")
    ).models
    assert plain["one"].lineage[-1] == MergeStep(base_precision="full", trained_on="full")


@pytest.mark.parametrize(
    ("entry", "key", "words"),
    [
        ("{from: base, merge: full}", "models.wrong.from", "no adapter"),
        ("{from: lora-q4, merge: full}", "models.wrong.from", "a GGUF"),
        ("{from: lora, merge: dequantized}", "models.wrong.merge", "no QLoRA"),
    ],
)
def test_a_merge_needs_an_adapter_and_dequantized_a_qlora(entry: str, key: str, words: str) -> None:
    with pytest.raises(SuiteError) as caught:
        parse(GOOD.replace("tasks:\n  s", f"  wrong: {entry}\ntasks:\n  s"))
    assert [(p.key, words in p.message) for p in caught.value.problems] == [(key, True)]
