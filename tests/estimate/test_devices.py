"""Models over several GPUs: what each holds, and whether that fits."""

from __future__ import annotations

import math
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest

from harness.cli import fitting
from harness.estimate.inference import Ask, GgufModel, HfModel
from harness.estimate.machine import Free
from harness.estimate.need import Memory, need
from harness.estimate.shape import read_shape
from harness.models.shapes import SHAPES
from tests.estimate.suites import EIGHT, GB, LARGE, SENTIMENT, by_name, forecasted

LLAMA = read_shape(SHAPES["llama-3.1-8b"])
QUESTION = Ask("generate", 1, 1000, new_tokens=24)


@pytest.mark.parametrize("kind", [HfModel, GgufModel])
def test_each_gpu_holds_its_share_of_weights_and_cache_and_all_of_a_pass(kind: type) -> None:
    one = kind(LLAMA, device="cuda").moments(QUESTION).peak
    four = kind(LLAMA, device="cuda", gpus=4).moments(QUESTION).peak
    assert (one.devices, four.devices) == (1, 4)
    assert four.device.of("cache") * 4 == one.device.of("cache")
    share = four.device.of("weights") / one.device.of("weights")
    # A quarter, and a table of 128,256 x 4,096 of 8.03e9 weights, which stays in one piece.
    assert share == pytest.approx(0.25 + 128256 * 4096 / 8.03e9, rel=0.001)
    assert four.device.of("logits") == one.device.of("logits") > 0
    assert four.resident == one.resident


def test_a_block_is_a_layer_where_the_vocabulary_is_small() -> None:
    small = replace(LLAMA, vocabulary=1000)
    assert small.block == pytest.approx(1 / 32, rel=0.01)


def test_the_fullest_gpu_decides_and_one_too_few_is_never_enough() -> None:
    each = Memory(need({"libraries": 1}), need({"weights": 50}), devices=2)
    assert Free(0, 10**9, 100, "A", devices=(100, 40)).shortage(each) == 1.25
    assert Free(0, 10**9, 100, "A", devices=(100, 60, 1)).shortage(each) == pytest.approx(50 / 60)
    assert Free(0, 10**9, 100, "A", devices=(100,)).shortage(each) == math.inf
    assert Free(0, 10**9).shortage(each) == math.inf


def test_a_suite_that_does_not_fit_one_gpu_fits_two(tmp_path: Path) -> None:
    gpu = replace(LARGE.free, device_bytes=14 * GB, device="A", devices=(14 * GB, 14 * GB))
    two = replace(LARGE, free=gpu, device="cuda", llama_device="cuda")
    models = EIGHT + EIGHT.replace("base", "spread").replace(
        "random}", "random, engine: {devices: 2}}"
    )
    found = by_name(forecasted(tmp_path, models, SENTIMENT, two))
    assert found["base"].fits == "no" and found["spread"].fits != "no"
    ask = found["spread"].largest("ask")
    assert ask is not None and ask.devices == 2 and 9 * GB < ask.device.total < 14 * GB


def test_a_machine_without_gpus_is_told_what_each_of_them_would_hold(tmp_path: Path) -> None:
    models = EIGHT.replace("random}", "random, engine: {devices: 2}}")
    found = forecasted(tmp_path, models, SENTIMENT, LARGE)
    (line,) = fitting.warnings(found)
    assert "on each of 2 GPUs, and this machine has none" in line
    assert "a cluster's node with 2 GPUs" in line


def test_gpus_are_counted_as_a_process_sees_them(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = import_module("harness.estimate.machine")
    listed = [["A", "1000 MiB"], ["A", "2000 MiB"], ["A", "3000 MiB"]]
    monkeypatch.setattr(machine, "nvidia_smi", lambda *_: listed)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    assert machine._gpus() == ("A", (1000 * 2**20, 2000 * 2**20))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert machine._gpus() == ("", ())
