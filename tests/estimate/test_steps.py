"""What a suite's steps need, against closed forms of the shapes that they are about."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from harness.estimate.files import adapter_bytes, checkpoint_bytes, gguf_bytes
from harness.estimate.shape import read_shape
from harness.estimate.tuning import Tuning, trained_parameters
from harness.models.shapes import SHAPES
from harness.serving.installed import Installed
from tests.estimate.suites import (
    DIALOGUE,
    EIGHT,
    GB,
    LARGE,
    SENTIMENT,
    by_name,
    forecasted,
    with_free,
)

SHAPE = read_shape(SHAPES["llama-3.1-8b"])
LORA = "  lora: {from: base, finetune: {method: lora, tasks: [sentiment], rank: 8}}\n"
Q4 = "  q4: {from: lora, gguf: Q4_K_M}\n"
FIDELITY = "  fidelity: {type: divergence, dataset: dialogue-sample, reference: q4}\n"


def test_an_8b_takes_32_16_8_and_4_gigabytes(tmp_path: Path) -> None:
    model = forecasted(tmp_path, EIGHT).models[0]
    assert model.parameters == 8_030_261_248
    sizes = {bits: round(size / 1e9) for bits, size in model.bytes_by_bits.items()}
    assert sizes == {32: 32, 16: 16, 8: 8, 4: 4}


def test_what_is_made_of_a_model_is_added_up_on_disk(tmp_path: Path) -> None:
    models = by_name(found := forecasted(tmp_path, EIGHT + LORA + Q4))
    assert models["base"].disk_bytes == checkpoint_bytes(SHAPE)
    assert models["lora"].disk_bytes == adapter_bytes(SHAPE, 8)
    made = (checkpoint_bytes(SHAPE, "float16"), gguf_bytes(SHAPE, "F16"))
    assert models["q4"].disk_bytes == sum(made) + gguf_bytes(SHAPE, "Q4_K_M")
    assert found.totals.disk_bytes == sum(model.disk_bytes for model in found.models)
    assert found.totals.to_write_bytes == found.totals.disk_bytes
    assert found.totals.download_bytes == 0


def test_a_step_of_two_models_counts_with_the_one_that_it_makes(tmp_path: Path) -> None:
    models = by_name(forecasted(tmp_path, EIGHT + LORA + Q4, SENTIMENT + FIDELITY))
    whats = {name: {need.what for need in model.needs} for name, model in models.items()}
    assert whats["base"] == {"ask", "draw"}
    assert whats["lora"] == {"ask", "fine-tune"}
    assert whats["q4"] == {"ask", "merge", "convert", "quantize", "check"}


def test_a_merge_is_checked_with_one_model_in_float32_after_the_other(tmp_path: Path) -> None:
    models = by_name(forecasted(tmp_path, EIGHT + LORA + Q4))
    found = next(n.resident for n in models["q4"].needs if n.step == "check the merge of lora")
    assert found.of("weights") == 4 * SHAPE.parameters
    assert found.of("file while loading") == 2 * SHAPE.parameters
    assert found.of("distributions") == 4 * 1024 * SHAPE.vocabulary
    assert found.of("weights of the other model") == 0
    assert found.of("libraries") < 0.6 * GB


def test_a_divergence_holds_its_reference_beside_the_model(tmp_path: Path) -> None:
    models = by_name(forecasted(tmp_path, EIGHT + LORA + Q4, FIDELITY + SENTIMENT))
    need = next(need for need in models["base"].needs if need.step == "ask base: fidelity")
    assert need.resident.of("weights of the other model") == gguf_bytes(SHAPE, "Q4_K_M")
    assert need.resident.of("weights") == 2 * SHAPE.parameters


def test_quantized_on_a_gpu_an_8b_leaves_room_for_large_passes(tmp_path: Path) -> None:
    nf4 = EIGHT.replace("random}", "random, quantize: nf4}")
    gpu = with_free(100 * GB, 100 * GB, 24 * GB)
    need = forecasted(tmp_path, nf4, machine=gpu).models[0].largest("ask")
    assert need is not None and 5 * GB < need.device.total < 11 * GB
    assert need.fits == "yes"
    assert need.resident.of("weights") == 0


def test_a_timed_model_has_one_need_for_all_rounds(tmp_path: Path) -> None:
    model = forecasted(tmp_path, EIGHT, "  speed: {type: speed}\n").models[0]
    assert [need.what for need in model.needs] == ["ask", "draw"]


def test_time_is_the_operations_of_all_tokens_over_the_pace(tmp_path: Path) -> None:
    models = by_name(found := forecasted(tmp_path, EIGHT + LORA, SENTIMENT))
    tuning = models["lora"].tuning_seconds
    assert tuning is not None and found.totals.seconds is not None
    tokens = tuning * 1e12 / (4 * SHAPE.linear_weights)
    # 2,400 sentences of some 70 characters, three epochs.
    assert 3 * 2400 * 20 < tokens < 3 * 2400 * 120
    assert trained_parameters(SHAPE, Tuning(rank=8)) * 4 < models["lora"].disk_bytes
    asking = [model.asking_seconds for model in found.models]
    assert found.totals.seconds == pytest.approx(tuning + sum(filter(None, asking)))


def test_without_a_pace_no_time_is_told(tmp_path: Path) -> None:
    unprobed = replace(LARGE.free, operations_per_second=None)
    found = forecasted(tmp_path, EIGHT, machine=replace(LARGE, free=unprobed))
    assert found.models[0].asking_seconds is None
    assert found.totals.seconds is None


def test_longer_answers_and_longer_prompts_take_more(tmp_path: Path) -> None:
    longer = DIALOGUE.replace("sample}", "sample, max_new_tokens: 512}")
    short, long = (
        forecasted(tmp_path, EIGHT, tasks).models[0].largest("ask") for tasks in (DIALOGUE, longer)
    )
    assert short is not None and long is not None
    more = 32 * (512 - 64) * SHAPE.cache_values * 2
    grown = long.resident.of("cache") - short.resident.of("cache")
    assert grown == pytest.approx(more, rel=0.3)


def test_an_unknown_architecture_is_a_gap_and_no_failure(tmp_path: Path) -> None:
    folder = tmp_path / "strange"
    folder.mkdir()
    (folder / "config.json").write_text('{"model_type": "rwkv"}')
    models = by_name(found := forecasted(tmp_path, EIGHT + "  odd: {source: strange}\n"))
    assert models["odd"].fits == "not known"
    assert "rwkv" in models["odd"].problem and "Known are llama" in models["odd"].problem
    assert found.totals.uncounted == ("odd",)
    assert models["base"].fits == "yes"


@pytest.fixture
def with_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """llama_cpp.server is an extra; what it needs is told without it."""
    found = Installed("", sys.executable, "llama_cpp.server 0.3.36")
    monkeypatch.setattr("harness.resolve.servers.installed", lambda *_: found)


@pytest.mark.usefixtures("with_a_server")
def test_a_server_that_is_put_under_load_is_forecast_without_a_time(tmp_path: Path) -> None:
    served = "  f16: {from: base, gguf: F16}\n  served: {from: f16, serve: llama-cpp}\n"
    load = "  load: {type: load, models: [served], concurrency: [8], requests: 16}\n"
    found = by_name(forecasted(tmp_path, EIGHT + served, load))["served"]
    assert not found.problem and found.asking_seconds is None


@pytest.mark.usefixtures("with_a_server")
def test_a_server_that_is_started_takes_its_model_and_more(tmp_path: Path) -> None:
    served = "  served: {from: f16, serve: {server: llama-cpp, concurrency: 2}}\n"
    models = by_name(forecasted(tmp_path, EIGHT + "  f16: {from: base, gguf: F16}\n" + served))
    here, there = (models[name].largest("ask") for name in ("f16", "served"))
    assert here is not None and there is not None
    assert there.resident.of("server") == 4 * 4096 * SHAPE.vocabulary
    assert there.resident.total == here.resident.total + there.resident.of("server")
