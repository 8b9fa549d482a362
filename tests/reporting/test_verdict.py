"""What stands beside the card: failures, gates, baselines, what is in doubt."""

from __future__ import annotations

from harness.reporting.blocks import Card
from harness.reporting.verdict import verdict
from tests.reporting.every_variant import VARIANTS
from tests.reporting.fixture import quickstart
from tests.reporting.rows import text
from tests.reporting.variants import with_failures


def test_the_card_comes_first() -> None:
    for make in VARIANTS.values():
        assert isinstance(verdict(make())[0], Card)


def test_gates_that_are_all_met_are_counted_on_the_card_alone() -> None:
    met = [g.model_copy(update={"outcome": "met", "passed": True}) for g in quickstart().gates]
    said = text(quickstart(gates=met))
    assert "gates 5/5 met" in said and "gates were met" not in said
    assert "The suite sets no gates" in text(quickstart(gates=[]))


def test_a_gate_that_was_not_met_is_said_with_its_reason() -> None:
    assert "1 of 5 gates was not met.\nlora-q4: accuracy on sentiment must not drop" in text(
        quickstart()
    )


def test_failed_cells_are_counted() -> None:
    said = text(with_failures())
    assert "5 of 28 cells failed. All that is said rests on the others." in said


def test_every_model_is_held_against_the_baselines_that_need_no_model() -> None:
    said = text(quickstart())
    assert "without a language model, accuracy on sentiment: majority vote 0.560 [0.492," in said
    assert "Below TF-IDF + logistic regression: base. Not clearly apart from" in said
    assert "Not clearly apart from TF-IDF + logistic regression: lora, qlora, lora-f16" in said
    assert "Above all: lora, qlora, lora-f16, lora-q8, lora-q5 and lora-q4." in said


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
