"""Memory of answering, part by part, against closed forms."""

from __future__ import annotations

import pytest

from harness.estimate.inference import Ask, GgufModel, HfModel
from harness.estimate.shape import read_shape
from harness.models.shapes import SHAPES

LLAMA = read_shape(SHAPES["llama-3.1-8b"])
QUESTION = Ask("choose", 100, 200)


def test_a_cache_holds_a_key_and_a_value_of_every_layer_for_each_token() -> None:
    # Llama 3 8B: 32 layers, 8 heads of 128, two bytes each: 128 KiB a token.
    assert LLAMA.cache_values * 2 == 128 * 1024
    one = Ask("generate", 1, 1000, new_tokens=24)
    assert HfModel(LLAMA).moments(one).peak.resident.of("cache") == 1024 * 128 * 1024
    many = Ask("generate", 100, 1000, new_tokens=24)
    assert HfModel(LLAMA).moments(many).peak.resident.of("cache") == 32 * 1024 * 128 * 1024


def test_weights_of_the_files_precision_are_the_files_pages() -> None:
    as_stored = HfModel(LLAMA, "bfloat16").moments(QUESTION).peak.resident
    assert as_stored.of("weights") == 2 * LLAMA.parameters
    assert as_stored.of("file while loading") == 0
    widened = HfModel(LLAMA, "float32").moments(QUESTION).peak.resident
    assert widened.of("weights") + widened.of("file while loading") == 6 * LLAMA.parameters


def test_on_a_gpu_weights_cache_and_logits_are_there_and_not_here() -> None:
    found = HfModel(LLAMA, device="cuda").moments(QUESTION).peak
    assert found.device.of("weights") == 2 * LLAMA.parameters
    assert found.device.of("logits") > 0
    assert found.resident.of("weights") == found.resident.of("logits") == 0


def test_four_bits_of_an_8b_take_five_gigabytes_on_a_gpu() -> None:
    held = HfModel(LLAMA, quantize="nf4", device="cuda").held_bytes
    tables = 2 * 2 * LLAMA.vocabulary * LLAMA.hidden
    assert held == pytest.approx(0.516 * 6.98e9 + tables, rel=0.01)


def test_a_gguf_is_mapped_whole_and_its_cache_is_in_full_cells() -> None:
    found = GgufModel(LLAMA, "Q4_K_M").moments(Ask("distributions", 1, 300)).peak.resident
    assert found.of("weights") == pytest.approx(4.92e9, rel=0.01)
    # F16 keys and F32 values of 512 cells.
    assert found.of("cache") == 512 * 32 * 8 * 128 * (2 + 4)
    exact = GgufModel(LLAMA, "F32").moments(Ask("distributions", 1, 300)).peak.resident
    assert exact.of("cache") == 512 * 32 * 8 * 128 * (4 + 4)


def test_shared_prompts_leave_room_for_more_side_by_side() -> None:
    alone = GgufModel(LLAMA).moments(Ask("choose", 100, 500)).peak.resident
    shared = GgufModel(LLAMA).moments(Ask("choose", 100, 500, shared_tokens=480)).peak.resident
    assert alone.of("cache") * 25 == shared.of("cache")


def test_more_questions_than_a_pass_holds_need_no_more() -> None:
    for model in (HfModel(LLAMA), GgufModel(LLAMA)):
        many = model.moments(Ask("choose", 10_000, 200)).peak.resident.total
        assert model.moments(Ask("choose", 1000, 200)).peak.resident.total == many
