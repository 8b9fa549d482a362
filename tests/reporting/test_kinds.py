"""What a comparison is about follows from how the models were made, never from its name."""

from __future__ import annotations

import pytest

from harness.records import ModelSummary
from harness.reporting.kinds import kind, kinds, ladders, of_kind, precision
from tests.reporting.fixture import model, quickstart, training
from tests.reporting.variants import with_failures


def made(*lineage: str, trained: bool = False) -> ModelSummary:
    return ModelSummary(
        description="",
        lineage=list(lineage),
        engine="hf",
        training=training("lora", 0.6) if trained else None,
    )


@pytest.mark.parametrize(
    ("lineage", "expected"),
    [
        (["starter"], None),
        (["starter", "LoRA, rank 16", "merged", "F16 GGUF"], "F16"),
        (["starter", "F16 GGUF", "Q5_K_M"], "Q5_K_M"),
        (["starter", "nf4 on load"], "NF4"),
        (["org/repo/model-IQ4_XS.gguf"], "IQ4_XS"),
        (["models/llama-f16"], None),
        (["starter", "QLoRA, rank 16"], None),
    ],
)
def test_precision_is_read_from_the_steps(lineage: list[str], expected: str | None) -> None:
    assert precision(made(*lineage)) == expected


def test_training_a_model_is_fine_tuning() -> None:
    assert kind(model("base"), model("lora")) == "fine-tuning"


def test_another_gguf_type_is_quantization() -> None:
    assert kind(model("lora-f16"), model("lora-q4")) == "quantization"


def test_bitsandbytes_on_load_is_quantization() -> None:
    assert kind(made("org/m"), made("org/m", "int8 on load")) == "quantization"


def test_training_a_tuned_model_further_is_fine_tuning() -> None:
    before = made("starter", "LoRA, rank 16", trained=True)
    after = made("starter", "LoRA, rank 16", "merged", "LoRA, rank 8", trained=True)
    assert kind(before, after) == "fine-tuning"


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
