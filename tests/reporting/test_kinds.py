"""What a comparison is about follows from how the models were made, never from its name."""

from __future__ import annotations

import pytest

from harness.records import (
    ConvertStep,
    FinetuneStep,
    LineageStep,
    LoadStep,
    MergeStep,
    ModelSummary,
    QuantizeStep,
    SourceStep,
)
from harness.reporting.kinds import kind, kinds, ladders, of_kind, precision
from tests.reporting.fixture import quickstart
from tests.reporting.fixture_models import STARTER, model, training, tuned
from tests.reporting.variants import with_failures

FULL = MergeStep(base_precision="full", trained_on="full")


def made(*lineage: LineageStep, trained: bool = False) -> ModelSummary:
    return ModelSummary(
        lineage=list(lineage),
        engine="hf",
        training=training("lora", 0.6) if trained else None,
    )


@pytest.mark.parametrize(
    ("lineage", "expected"),
    [
        ([STARTER], None),
        ([STARTER, tuned("lora"), FULL, ConvertStep(type="F16")], "F16"),
        ([STARTER, ConvertStep(type="F16"), QuantizeStep(type="Q5_K_M")], "Q5_K_M"),
        ([STARTER, LoadStep(type="nf4")], "NF4"),
        ([SourceStep(name="org/repo/model.gguf", type="IQ4_XS")], "IQ4_XS"),
        ([SourceStep(name="models/llama-f16")], None),
        ([STARTER, tuned("qlora")], None),
    ],
)
def test_precision_is_told_by_the_steps(lineage: list[LineageStep], expected: str | None) -> None:
    assert precision(made(*lineage)) == expected


def test_training_a_model_is_fine_tuning() -> None:
    assert kind(model("base"), model("lora")) == "fine-tuning"


def test_another_gguf_type_is_quantization() -> None:
    assert kind(model("lora-f16"), model("lora-q4")) == "quantization"


def test_bitsandbytes_on_load_is_quantization() -> None:
    of = SourceStep(name="org/m")
    assert kind(made(of), made(of, LoadStep(type="int8"))) == "quantization"


def test_training_a_tuned_model_further_is_fine_tuning() -> None:
    further = FinetuneStep(model="further", method="lora", rank=8, seed=0)
    before = made(STARTER, tuned("lora"), trained=True)
    after = made(STARTER, tuned("lora"), FULL, further, trained=True)
    assert kind(before, after) == "fine-tuning"


def test_two_fine_tunings_of_one_rank_are_not_one_model_at_two_precisions() -> None:
    other = tuned("lora").model_copy(update={"model": "other"})
    f16, q4 = ConvertStep(type="F16"), QuantizeStep(type="Q4_K_M")
    before, after = made(STARTER, tuned("lora"), FULL, f16), made(STARTER, other, FULL, f16, q4)
    assert kind(before, after) == "other"
    assert ladders({"before": before, "after": after}) == []


def test_a_merge_into_another_base_than_the_adapter_was_trained_on_changes_the_model() -> None:
    there, elsewhere = (
        made(STARTER, tuned("qlora"), MergeStep(base_precision=base, trained_on="nf4"), *gguf)
        for base, gguf in (
            ("dequantized", [ConvertStep(type="F16")]),
            ("full", [ConvertStep(type="F16"), QuantizeStep(type="Q4_K_M")]),
        )
    )
    assert kind(there, elsewhere) == "other"


@pytest.mark.parametrize(
    ("baseline", "candidate"),
    [("lora", "qlora"), ("base", "lora-q4"), ("lora", "lora-f16"), ("qlora", "lora-q8")],
)
def test_everything_else_is_neither(baseline: str, candidate: str) -> None:
    assert kind(model(baseline), model(candidate)) == "other"


def test_names_of_comparisons_do_not_matter() -> None:
    whole = quickstart()
    swapped = {"fine-tuning": "quantization", "quantization": "fine-tuning"}
    rows = [c.model_copy(update={"name": swapped[c.name]}) for c in whole.comparisons]
    found = of_kind(quickstart(comparisons=rows), "quantization")
    assert {c.candidate for c in found} == {"lora-q8", "lora-q5", "lora-q4"}


def test_a_candidate_that_failed_counts_with_its_comparison() -> None:
    assert kinds(with_failures())["fine-tuning", "base", "qlora"] == "fine-tuning"


def test_the_ladder_goes_from_most_bits_to_fewest() -> None:
    assert ladders(quickstart().models) == [["lora-f16", "lora-q8", "lora-q5", "lora-q4"]]


def test_a_single_rung_is_no_ladder() -> None:
    whole = quickstart().models
    assert ladders({"base": whole["base"], "lora-q4": whole["lora-q4"]}) == []
