"""A sentence for each candidate claims what the intervals allow, and nothing more."""

from __future__ import annotations

from typing import Any

import pytest

from harness.reporting.differences import differences
from tests.reporting.fixture import quickstart
from tests.reporting.rows import LOSS, UNCERTAIN, quantized, row, text, tuned
from tests.reporting.variants import with_failures

WORSE_PERPLEXITY: dict[str, Any] = {
    "task": "fidelity", "metric": "perplexity", "baseline": "lora-f16", "candidate": "lora-q4",
    "baseline_value": 4.21, "candidate_value": 4.33, "delta": 0.12, "low": 0.08, "high": 0.16,
    "better": None, "worse": None,
}  # fmt: skip


def test_a_certain_gain_is_said_with_its_size_and_certainty() -> None:
    said = tuned(row())
    assert "Fine-tuning against base: lora (LoRA): helped; " in said
    assert "; accuracy +10.0 pp [+4.0, +16.0]." in said


def test_an_interval_with_zero_in_it_claims_nothing() -> None:
    said = tuned(row(**UNCERTAIN))
    assert "lora (LoRA): inconclusive; accuracy +10.0 pp [−2.0, +22.0]." in said
    assert "helped" not in said and "better" not in said


def test_a_certain_loss_is_called_worse() -> None:
    said = tuned(row(**LOSS))
    assert "against base: lora (LoRA): worse; accuracy −10.0 pp [−16.0, −4.0]." in said
    assert "helped" not in said


def test_gains_and_losses_are_both_said() -> None:
    said = tuned(row(), row(task="dialogue", metric="rougeL", **LOSS))
    assert (
        "lora (LoRA): better and worse; ROUGE-L −0.100 [−0.160, −0.040] (worse); accuracy" in said
    )


def test_a_p_value_that_does_not_survive_correction_takes_the_claim_back() -> None:
    said = tuned(row(p=0.03, p_adjusted=0.09))
    assert "helped" not in said
    assert "+10.0 pp [+4.0, +16.0] (not significant after correction)" in said


def test_a_difference_without_interval_is_not_called_sure() -> None:
    said = tuned(row(low=None, high=None, p=None, p_adjusted=None))
    assert "how sure it is cannot be said; accuracy +10.0 pp (without interval)" in said


def test_a_missing_candidate_is_said_with_its_reason() -> None:
    said = tuned(row(delta=None, low=None, high=None, reason="lora failed: no memory."))
    assert "nothing to compare; accuracy missing (lora failed: no memory)" in said


def test_a_loss_in_any_measure_of_quality_is_a_loss() -> None:
    """The report once denied a loss whose perplexity was worse (p < 0.001) further down."""
    same = row(baseline="lora-f16", candidate="lora-q4", **UNCERTAIN)
    said = text(quickstart(comparisons=[same, row(**WORSE_PERPLEXITY)], gates=[]))
    assert "lora-f16: lora-q4 (Q4_K_M, 33% of the size): worse; " in said
    assert (
        "; perplexity +0.12 [+0.08, +0.16]; loses at most 2.00 pp accuracy (95% interval)" in said
    )


def test_a_perplexity_ratio_counts_though_its_reference_was_not_asked() -> None:
    """A suite may ask a divergence of the quantized models alone: the ratio is a paired difference."""
    same = row(baseline="lora-f16", candidate="lora-q4", **UNCERTAIN)
    cells = []
    for cell in quickstart().cells:
        if cell.task == "fidelity":
            ratio = {"value": 1.011, "low": 1.007, "high": 1.015}
            metrics = {"perplexity_ratio": ratio} if cell.model == "lora-q4" else {}
            cell = type(cell).model_validate(cell.model_dump() | {"metrics": metrics})
        cells.append(cell)
    said = text(quickstart(cells=cells, comparisons=[same], gates=[]))
    assert "lora-q4 (Q4_K_M, 33% of the size): worse; perplexity +1.1% [+0.7, +1.5]; " in said


def test_a_quantization_whose_perplexity_is_lower_is_not_called_better() -> None:
    """What a quantization is asked for is to lose nothing; what went the good way is named."""
    lower = WORSE_PERPLEXITY | {"delta": -0.12, "low": -0.16, "high": -0.08}
    same = row(baseline="lora-f16", candidate="lora-q4", **UNCERTAIN)
    said = text(quickstart(comparisons=[same, row(**lower)], gates=[]))
    assert "): no loss shown; lower perplexity, −0.12 [−0.16, −0.08]; loses at most" in said
    assert "better" not in said


def test_a_quantization_inside_every_margin_is_said_to_be() -> None:
    gate = next(
        one for one in quickstart().gates if one.candidate == "lora-q4" and "drop" in one.rule
    )
    gate = gate.model_copy(update={"task": "sentiment", "metric": "accuracy"})
    pair = {"baseline": "lora-f16", "candidate": "lora-q4", "delta": -0.002, "low": -0.01}
    of, inside = (
        row(**pair, high=0.006),
        {"outcome": "met", "limit": 0.03, "low": -0.009, "high": 0.004},
    )
    said = text(quickstart(comparisons=[of], gates=[gate.model_copy(update=inside)]))
    assert "lora-q4 (Q4_K_M, 33% of the size): within the margin; loses at most 0.90" in said
    beyond = gate.model_copy(update={**inside, "outcome": "undecided", "limit": 0.005})
    assert "within the margin" not in text(quickstart(comparisons=[of], gates=[beyond]))


def test_a_measure_of_two_tasks_is_named_with_its_task() -> None:
    of = quickstart().tasks["sentiment"]
    rows = [row(), row(task="topics", **LOSS)]
    said = text(quickstart(tasks={"sentiment": of, "topics": of}, comparisons=rows, gates=[]))
    assert "accuracy on topics −10.0 pp [−16.0, −4.0] (worse); accuracy on sentiment +10.0" in said


def test_quantization_says_how_much_smaller_the_model_is() -> None:
    assert "lora-f16: lora-q4 (Q4_K_M, 33% of the size): worse; accuracy" in quantized(**LOSS)


def test_equal_answers_are_called_equal() -> None:
    said = quantized(delta=0.0, low=-0.02, high=0.02, better=0, worse=0)
    assert "lora-q4 (Q4_K_M, 33% of the size): no answer scored differently." in said


def test_texts_that_nobody_graded_are_not_said_to_score_alike() -> None:
    alike = {"delta": 0.0, "low": -0.4, "high": 0.4, "better": 0, "worse": 0}
    pair = {"baseline": "lora-f16", "candidate": "lora-q4"}
    said = text(quickstart(comparisons=[row(metric="unparsed", **pair, **alike)], gates=[]))
    assert "quality not graded, no difference in unparsed" in said
    assert "scored differently" not in said


@pytest.mark.parametrize("claim", ["× lora-f16", "times as fast", "(better)"])
def test_speeds_that_the_suite_does_not_compare_are_not_claimed_to_differ(claim: str) -> None:
    assert claim not in quantized(**UNCERTAIN)


def test_what_failed_is_said_beside_what_is_known() -> None:
    said = text(with_failures())
    assert "lora (LoRA): helped" in said
    assert "qlora (QLoRA): nothing to compare; accuracy missing (qlora has no answers" in said


SPEED: dict[str, Any] = {
    "task": "speed", "metric": "decode_tokens_per_second", "baseline": "lora-f16",
    "candidate": "lora-q8", "baseline_value": 402.0, "candidate_value": 587.0, "delta": 185.0,
    "low": 160.0, "high": 210.0, "n": 3, "better": None, "worse": None, "ratio": 1.46,
    "ratio_low": 1.40, "ratio_high": 1.52,
}  # fmt: skip


def with_speed(**changes: Any) -> str:
    """What is said of a quantization whose speed the suite compares."""
    of = row(baseline="lora-f16", candidate=SPEED["candidate"], **LOSS)
    return text(quickstart(comparisons=[of, row(**{**SPEED, **changes})], gates=[]))


def test_a_faster_model_is_said_to_be_with_its_interval() -> None:
    assert "; decode 1.46× [1.40, 1.52]." in with_speed()


def test_a_slower_model_is_not_called_fast() -> None:
    slower = {"ratio": 0.8, "ratio_low": 0.77, "ratio_high": 0.83, "delta": -80.0, "low": -90.0,
              "high": -70.0}  # fmt: skip
    assert "; decode 0.80× [0.77, 0.83]." in with_speed(**slower)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ratio_low": 0.98, "ratio_high": 1.9}, "inconclusive"),
        ({"low": -3.0}, "inconclusive"),
        ({"p_adjusted": 0.2}, "not significant after correction"),
        (dict.fromkeys(("ratio_low", "ratio_high", "low", "high")), "without interval"),
    ],
)
def test_nothing_is_called_faster_unless_interval_ratio_and_test_agree(
    changes: dict[str, Any], said: str
) -> None:
    assert f"; decode {said}." in with_speed(**changes)


def test_the_same_difference_in_speed_has_the_same_verdict_in_the_table() -> None:
    """Once the ratio's interval decided here and the test there, with two answers for one pair."""
    of = row(**SPEED | {"ratio_low": 0.98})
    table = differences(quickstart(), "c", [of])
    assert table.rows[0].fields[2].text == "○ inconclusive"
    assert "; decode inconclusive." in with_speed(ratio_low=0.98)


def test_a_note_is_said_once_for_each_candidate() -> None:
    note = "The same examples, each model asked by its own tokenizer and template."
    assert tuned(row(note=note)).count(note) == 1
    assert tuned(row(note=note), row(task="dialogue", metric="rougeL", note=note)).count(note) == 1
