"""What is proposed where something does not fit: the mildest change that is enough."""

from __future__ import annotations

from pathlib import Path

from harness.estimate.forecast import StepNeed
from harness.estimate.machine import Machine
from tests.estimate.suites import EIGHT, GB, SENTIMENT, by_name, forecasted, with_free

LORA = "  lora: {from: base, finetune: {method: lora, tasks: [sentiment]}}\n"
DECOY = "  q8: {from: base, gguf: Q8_0}\n"


def with_memory(resident: int, device: int = 0) -> Machine:
    return with_free(1000 * GB, resident * GB, device * GB)


def largest(folder: Path, models: str, name: str, what: str, machine: Machine) -> StepNeed:
    model = by_name(forecasted(folder, models, machine=machine))[name]
    found = next(need for need in model.needs if need.what == what)
    assert model.fits == "no"
    return found


def test_a_smaller_batch_goes_before_another_method(tmp_path: Path) -> None:
    need = largest(tmp_path, EIGHT + LORA, "lora", "fine-tune", with_memory(1000, 30))
    assert need.fits == "no"
    assert need.remedy.startswith("`batch_tokens: ")


def test_qlora_is_named_where_smaller_batches_are_not_enough(tmp_path: Path) -> None:
    need = largest(tmp_path, EIGHT + LORA, "lora", "fine-tune", with_memory(1000, 16))
    assert need.remedy.startswith("`method: qlora`")
    assert "which takes" in need.remedy


def test_a_smaller_quantization_is_named_for_a_gguf(tmp_path: Path) -> None:
    need = largest(tmp_path, EIGHT + DECOY, "q8", "ask", with_memory(6))
    assert need.remedy.startswith("`gguf: Q4_K_M`")


def test_weights_in_fewer_bits_are_named_for_transformers(tmp_path: Path) -> None:
    need = largest(tmp_path, EIGHT, "base", "ask", with_memory(1000, 9))
    assert need.remedy.startswith("`quantize: nf4`")


def test_what_is_not_enough_is_said_with_what_it_leaves(tmp_path: Path) -> None:
    need = largest(tmp_path, EIGHT + LORA, "lora", "fine-tune", with_memory(1000, 7))
    assert "which still takes" in need.remedy and "smaller model" in need.remedy


def test_a_disk_that_is_certainly_too_small_is_told_from_a_tight_one(tmp_path: Path) -> None:
    needed = forecasted(tmp_path, EIGHT, SENTIMENT).totals.to_write_bytes
    found = {
        share: forecasted(
            tmp_path, EIGHT, machine=with_free(int(needed / share), 1000 * GB)
        ).totals.disk_fits
        for share in (0.5, 1.0, 1.09, 1.2)
    }
    assert found == {0.5: "yes", 1.0: "tight", 1.09: "tight", 1.2: "no"}
