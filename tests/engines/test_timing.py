"""What both engines' stopwatches promise: counts, shapes, bytes. Times themselves are not judged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM

from harness.engines import open_engine
from harness.engines.gguf_file import gguf_info
from harness.engines.gguf_header import GgufTensor
from harness.engines.hf.speed import decode_bytes, stored_bytes
from harness.engines.llamacpp.amx import amx_is_broken
from harness.engines.llamacpp.speed import read_bytes
from harness.engines.protocol import Engine, EngineSpec
from harness.engines.timing import SpeedShape, random_ids, share_of_experts
from harness.errors import PromptTooLongError
from tests.conftest import Models
from tests.engines.models import CONTEXT, VOCABULARY

HEADS, HEAD_SIZE, LAYERS = 2, 16, 2
"""Of keys and values; see `write_model`."""
KINDS = ["hf", "hf-plain", "llamacpp"]


@pytest.fixture(scope="module", params=KINDS)
def engine(request: pytest.FixtureRequest, models: Models) -> Iterator[Engine]:
    if request.param == "llamacpp":
        opened = open_engine(EngineSpec(gguf=str(models.llama_gguf), threads=1))
    else:
        with pytest.MonkeyPatch.context() as patch:
            if request.param == "hf-plain":
                patch.setattr("harness.engines.hf.engine.open_packed", lambda forward: None)
            opened = open_engine(EngineSpec(weights=str(models.llama), dtype="float32", threads=1))
    yield opened
    opened.close()


def value_bytes(engine: Engine) -> int:
    """Bytes of a value in the cache."""
    return 2 if engine.info.engine == "llamacpp" else 4


@pytest.mark.parametrize(
    "shape",
    [
        SpeedShape("prefill", 40),
        SpeedShape("prefill", 9, depth=30),
        SpeedShape("decode", 7),
        SpeedShape("decode", 7, batch_size=3),
        SpeedShape("decode", 5, depth=30),
        SpeedShape("decode", 5, batch_size=3, depth=30),
        SpeedShape("decode", 10, depth=CONTEXT - 10),
    ],
)
def test_a_repetition_has_a_time_for_every_pass(engine: Engine, shape: SpeedShape) -> None:
    found = list(engine.stopwatch().time(shape, 3))
    assert len(found) == 3
    for timing in found:
        passes = shape.tokens if shape.phase == "decode" else 1
        assert len(timing.forward_seconds) == len(timing.sampling_seconds) == passes
        assert min(timing.forward_seconds) > 0
    tokens = shape.batch_size * shape.length
    expected = tokens * 2 * LAYERS * HEADS * HEAD_SIZE * value_bytes(engine)
    assert found[0].cache_bytes == pytest.approx(expected, rel=0.15)


def test_a_prompt_of_more_than_one_batch_is_read_whole(models: Models) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("harness.engines.llamacpp.speed.BATCH_TOKENS", 16)
        opened = open_engine(EngineSpec(gguf=str(models.llama_gguf), threads=1))
        (timing,) = opened.stopwatch().time(SpeedShape("prefill", 50, depth=50), 1)
        opened.close()
    assert timing.cache_bytes == pytest.approx(100 * 2 * LAYERS * HEADS * HEAD_SIZE * 2, rel=0.15)


def test_a_shape_beyond_the_context_is_refused_with_its_length(engine: Engine) -> None:
    with pytest.raises(PromptTooLongError, match=rf"20 tokens behind 240.*{CONTEXT}"):
        list(engine.stopwatch().time(SpeedShape("decode", 20, depth=240), 1))


def test_timing_changes_no_answer(engine: Engine) -> None:
    from harness.engines.protocol import ChoiceQuestion

    question = [ChoiceQuestion((1, 20, 30), ((40, 41), (42,)))]
    before = dict(engine.choose(question))
    list(engine.stopwatch().time(SpeedShape("decode", 4, batch_size=2, depth=8), 1))
    assert dict(engine.choose(question)) == before


def test_an_abandoned_timing_can_be_followed_by_another(engine: Engine) -> None:
    next(engine.stopwatch().time(SpeedShape("decode", 4), 5))
    assert len(list(engine.stopwatch().time(SpeedShape("prefill", 4), 1))) == 1


def test_what_was_set_is_told(engine: Engine) -> None:
    settings = dict(engine.stopwatch().settings)
    if engine.info.engine == "llamacpp":
        assert ("repack" in settings) is amx_is_broken()
        settings.pop("repack", None)
        assert settings == {
            "cache": "F16",
            "flash_attention": "auto",
            "n_batch": 2048,
            "n_ubatch": 512,
        }
    else:
        assert settings["attention"]


def parameters(folder: Path) -> dict[str, int]:
    """Number of weights by name, tied ones once."""
    model = AutoModelForCausalLM.from_pretrained(str(folder))
    return {name: weight.numel() for name, weight in model.named_parameters()}


def test_an_untied_embedding_is_a_table_of_which_rows_are_read(models: Models) -> None:
    sizes = parameters(models.llama)
    table = sizes["model.embed_tokens.weight"]
    expected = 4 * (sum(sizes.values()) - table + 3 * table // VOCABULARY)
    assert decode_bytes(AutoModelForCausalLM.from_pretrained(str(models.llama)), 3) == expected
    info = gguf_info(models.llama_gguf)
    assert read_bytes(info.tensors, 1.0, 3) == expected


def test_a_tied_embedding_is_the_head_and_read_whole(models: Models) -> None:
    expected = 4 * sum(parameters(models.tied).values())
    assert decode_bytes(AutoModelForCausalLM.from_pretrained(str(models.tied)), 3) == expected
    assert read_bytes(gguf_info(models.tied_gguf).tensors, 1.0, 3) == expected


def test_an_adapter_beside_the_weights_is_read_too(models: Models) -> None:
    bare = open_engine(EngineSpec(weights=str(models.llama), dtype="float32", threads=1))
    tuned = open_engine(
        EngineSpec(weights=str(models.llama), adapter=str(models.lora), dtype="float32", threads=1)
    )
    extra = tuned.info.parameters - bare.info.parameters
    found = tuned.stopwatch().weight_bytes(1) - bare.stopwatch().weight_bytes(1)
    bare.close()
    tuned.close()
    assert found == 4 * extra > 0


def test_packed_weights_count_as_they_are_stored(models: Models) -> None:
    opened = open_engine(
        EngineSpec(weights=str(models.llama), quantize="int8", dtype="float32", threads=1)
    )
    plain = open_engine(EngineSpec(weights=str(models.llama), dtype="float32", threads=1))
    packed, full = opened.stopwatch().weight_bytes(1), plain.stopwatch().weight_bytes(1)
    opened.close()
    plain.close()
    assert full / 4 < packed < full


def test_the_scales_of_a_packed_weight_count() -> None:
    weight = torch.nn.Parameter(torch.zeros(8, dtype=torch.uint8), requires_grad=False)
    weight.quant_state = type("State", (), {"absmax": torch.zeros(3), "state2": None})()
    assert stored_bytes(weight) == 8 + 12


def test_of_experts_those_that_are_asked_are_read() -> None:
    tensors = [
        GgufTensor("token_embd.weight", "F32", (4, 10), 160),
        GgufTensor("output.weight", "F32", (4, 10), 160),
        GgufTensor("blk.0.ffn_up_exps.weight", "F32", (4, 4, 8), 512),
        GgufTensor("blk.0.attn_q.weight", "F32", (4, 4), 64),
    ]
    assert read_bytes(tensors, share_of_experts(8, 2, 1), 1) == 16 + 160 + 512 // 4 + 64


def test_more_tokens_go_to_more_experts() -> None:
    assert share_of_experts(8, 2, 1) == 0.25
    assert share_of_experts(8, 2, 2) == pytest.approx(1 - 0.75**2)
    assert share_of_experts(0, 0, 5) == 1.0


def test_ids_are_drawn_from_the_whole_vocabulary_and_the_same_each_time() -> None:
    ids = random_ids(2000, 50, seed=3)
    assert set(ids) == set(range(50))
    assert ids == random_ids(2000, 50, seed=3) != random_ids(2000, 50, seed=4)
