"""The verdict claims what the intervals allow, and nothing more."""

from __future__ import annotations

from typing import Any

import pytest

from harness.metrics.registry import METRICS
from harness.records import Comparison, Summary
from harness.reporting.blocks import Block, Bullets, Callout, Prose, plain
from harness.reporting.outcomes import Conclusion, outcome
from harness.reporting.verdict import verdict
from tests.reporting.every_variant import VARIANTS
from tests.reporting.fixture import quickstart
from tests.reporting.variants import with_failures


def text(summary: Summary) -> str:
    """The verdict as plain text."""

    def of(block: Block) -> str:
        match block:
            case Prose(line) | Callout(_, line):
                return plain(line)
            case Bullets(lines):
                return "\n".join(plain(line) for line in lines)
        raise AssertionError(f"unexpected in a verdict: {block}")

    return "\n".join(of(block) for block in verdict(summary))


def row(**changes: Any) -> Comparison:
    """A difference in accuracy after fine-tuning."""
    fields: dict[str, Any] = {
        "name": "c", "task": "sentiment", "metric": "accuracy", "baseline": "base",
        "candidate": "lora", "baseline_value": 0.5, "candidate_value": 0.6, "delta": 0.1,
        "low": 0.04, "high": 0.16, "p": 0.002, "p_adjusted": 0.004, "better": 30, "worse": 10,
        "n": 200,
    }  # fmt: skip
    return Comparison(**{**fields, **changes})


def tuned(*rows: Comparison) -> str:
    """What is said of these fine-tunings."""
    return text(quickstart(comparisons=list(rows), gates=[]))


def quantized(**changes: Any) -> str:
    """What is said of one quantization."""
    of = row(**{"baseline": "lora-f16", "candidate": "lora-q4", **changes})
    return text(quickstart(comparisons=[of], gates=[]))


UNCERTAIN: dict[str, Any] = {"low": -0.02, "high": 0.22}
LOSS: dict[str, Any] = {"delta": -0.1, "low": -0.16, "high": -0.04, "candidate_value": 0.4}


def test_a_certain_gain_is_said_with_its_size_and_certainty() -> None:
    said = tuned(row())
    assert "Fine-tuning helped." in said
    assert (
        "accuracy on sentiment rose from 0.500 to 0.600, by 0.100 [0.040, 0.160] "
        "(p = 0.004, n = 200)" in said
    )


def test_an_interval_with_zero_in_it_claims_nothing() -> None:
    said = tuned(row(**UNCERTAIN))
    assert "No effect of fine-tuning could be shown." in said
    assert "not proof that there is none" in said
    assert "no difference could be shown in accuracy on sentiment" in said
    assert "rose" not in said and "helped" not in said


def test_a_certain_loss_is_called_harm() -> None:
    said = tuned(row(**LOSS))
    assert "Fine-tuning did harm." in said
    assert "fell from 0.500 to 0.400, by 0.100 [0.040, 0.160]" in said
    assert "helped" not in said


def test_a_gain_here_and_nothing_there_is_help_in_part() -> None:
    said = tuned(row(), row(task="dialogue", metric="rougeL", **UNCERTAIN))
    assert "Fine-tuning helped in part." in said


def test_gains_and_losses_are_both_said() -> None:
    said = tuned(row(), row(task="dialogue", metric="rougeL", **LOSS))
    assert "helped in some places and did harm in others" in said


def test_a_p_value_that_does_not_survive_correction_takes_the_claim_back() -> None:
    said = tuned(row(p=0.03, p_adjusted=0.09))
    assert "helped" not in said
    assert "not sure enough once several comparisons are allowed for (p = 0.090, n = 200)" in said


def test_a_difference_without_interval_is_not_called_sure() -> None:
    said = tuned(row(low=None, high=None, p=None, p_adjusted=None))
    assert "nobody can say how sure that is" in said
    assert "helped" not in said


def test_a_missing_candidate_is_said_with_its_reason() -> None:
    said = tuned(row(delta=None, low=None, high=None, reason="lora failed: no memory."))
    assert "nothing to compare in accuracy on sentiment (lora failed: no memory)" in said


def test_a_metric_where_lower_is_better_turns_the_judgement_round() -> None:
    worse = row(metric="unparsed", delta=0.1, low=0.05, high=0.15)
    assert outcome(METRICS[worse.metric], worse, 0.95) is Conclusion.WORSE


@pytest.mark.parametrize("metric", ["kl_mean", "kl_p99", "same_top1"])
def test_divergence_is_never_called_better_or_worse(metric: str) -> None:
    assert outcome(METRICS[metric], row(task="fidelity", metric=metric), 0.95) is Conclusion.CHANGED


def test_an_interval_that_ends_at_zero_shows_nothing() -> None:
    assert outcome(METRICS["accuracy"], row(low=0.0), 0.95) is Conclusion.NOT_SHOWN


def test_quantization_says_size_speed_and_cost() -> None:
    said = quantized(**LOSS)
    assert "Quantization cost quality for lora-q4." in said
    assert "it takes 3.91 MB instead of 11.8 MB (33%)" in said
    assert "it writes 1.50 times as fast (604 against 402 tokens/s)" in said
    assert "accuracy on sentiment fell" in said


def test_quantization_without_a_shown_loss_is_not_called_free() -> None:
    said = quantized(**UNCERTAIN)
    assert "No loss of quality through quantization could be shown for lora-q4." in said
    assert "not proof that there is none" in said


def test_equal_answers_are_called_equal() -> None:
    said = quantized(delta=0.0, low=-0.02, high=0.02, better=0, worse=0)
    assert "not one of 200 answers scored differently" in said


def test_overlapping_speeds_are_not_called_faster() -> None:
    of = row(baseline="lora-q5", candidate="lora-q8")
    said = text(quickstart(comparisons=[of], gates=[]))
    assert "no difference in speed of writing could be shown" in said
    assert "times as fast" not in said


def test_the_whole_quickstart_reads_well() -> None:
    said = text(quickstart())
    assert "Fine-tuning helped. Each gain below has a 95% interval that excludes zero." in said
    assert "For lora-q8 and lora-q5 no loss of quality could be shown." in said
    assert "1 of 5 gates was not met.\nlora-q4: accuracy on sentiment must not drop" in said
    assert "a small synthetic stand-in that shows the machinery, not the quality" in said
    assert "without any language model, majority vote 0.560 [0.492, 0.628]" in said


def test_gates_that_are_all_met_are_said_to_be() -> None:
    met = [g.model_copy(update={"outcome": "met", "passed": True}) for g in quickstart().gates]
    assert "All 5 gates were met." in text(quickstart(gates=met))
    assert "The suite sets no gates" in text(quickstart(gates=[]))


def test_failed_cells_come_first() -> None:
    said = text(with_failures())
    assert said.startswith("5 of 28 cells failed. What follows rests on the others.")
    assert "Fine-tuning helped where it could be judged." in said


def test_a_model_is_held_against_the_best_that_needs_no_model() -> None:
    said = text(quickstart())
    assert "lora, 0.868 [0.821, 0.915]; that is not clearly apart from TF-IDF" in said
    assert "lora-f16, 0.399 [0.379, 0.419]; that is above first sentences" in said
    alone = VARIANTS["one-model"]()
    assert "base, 0.452 [0.405, 0.499]; that is below TF-IDF + logistic regression" in text(alone)


def test_several_missing_differences_are_said_once() -> None:
    gone = {"delta": None, "low": None, "high": None, "reason": "lora failed: no memory."}
    said = tuned(row(**gone), row(task="dialogue", metric="rougeL", **gone))
    assert said.count("nothing to compare in") == 1
    assert "accuracy on sentiment or in ROUGE-L on dialogue (lora failed: no memory)" in said


def test_a_conversion_that_changed_the_model_is_said_in_plain_words() -> None:
    whole = quickstart()
    parity = whole.models["lora-f16"].parity
    assert parity is not None
    failed = parity.model_copy(update={"passed": False, "reason": "0.9 nats apart"})
    broken = whole.models["lora-f16"].model_copy(update={"parity": failed})
    said = text(quickstart(models={**whole.models, "lora-f16": broken}))
    assert "lora-f16 does not agree with the weights that it was converted from: 0.9 nats" in said


def test_nothing_compared_is_said() -> None:
    assert "The suite compares no models" in text(VARIANTS["one-model"]())
