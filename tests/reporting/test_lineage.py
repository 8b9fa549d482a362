"""Facts of a lineage are put into words by the report alone."""

from __future__ import annotations

import pytest

from harness.records import (
    AdapterStep,
    ConvertStep,
    FinetuneStep,
    LineageStep,
    LoadStep,
    MergeStep,
    SourceStep,
)
from harness.reporting.lineage import lineage_words, step_words
from tests.reporting.fixture_models import LINEAGES


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (SourceStep(name="org/model"), "org/model"),
        (
            SourceStep(name="llama", random=True, changed={"num_hidden_layers": 2, "tie": True}),
            "random weights in the shape of llama (num_hidden_layers 2, tie True)",
        ),
        (SourceStep(name="llama", random=True), "random weights in the shape of llama"),
        (LoadStep(type="nf4"), "nf4 on load"),
        (FinetuneStep(model="m", method="qlora", rank=8, seed=1), "QLoRA, rank 8"),
        (FinetuneStep(model="m", method="full", seed=1), "full fine-tuning"),
        (FinetuneStep(model="m", method="newer", seed=1), "newer"),
        (AdapterStep(name="org/adapter"), "adapter org/adapter"),
        (MergeStep(base_precision="full", trained_on="full"), "merged"),
        (
            MergeStep(base_precision="full", trained_on="nf4"),
            "merged into the full-precision base",
        ),
        (
            MergeStep(base_precision="dequantized", trained_on="nf4"),
            "merged into the dequantized base",
        ),
        (ConvertStep(type="F16"), "F16 GGUF"),
    ],
)
def test_each_step_is_said_as_a_reader_would_say_it(step: LineageStep, words: str) -> None:
    assert step_words(step) == words


def test_steps_lead_from_the_source_to_the_model() -> None:
    assert lineage_words(LINEAGES["lora-q4"]) == (
        "starter → LoRA, rank 16 → merged → F16 GGUF → Q4_K_M"
    )
