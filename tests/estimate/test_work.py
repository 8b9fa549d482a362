"""Time from a measured pace: closed forms, no clock."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.estimate.inference import Ask, GgufModel
from harness.estimate.machine import Free
from harness.estimate.shape import read_shape
from harness.estimate.tuning import Tuning
from harness.estimate.work import Computation, asking_work, tuning_work
from harness.finetuning import METHODS
from harness.models.shapes import SHAPES

SHAPE = read_shape(SHAPES["llama-2-7b"])
MODEL = GgufModel(SHAPE, file_bytes=14_000_000_000)
FREE = Free(0, 0, operations_per_second=1e12, read_bytes_per_second=1e10)


def test_a_token_costs_two_operations_a_weight() -> None:
    work = asking_work(MODEL, Ask("choose", 1000, 100))
    matrices = 2 * 100_000 * SHAPE.linear_weights
    assert matrices < work.operations < 1.02 * matrices


def test_a_shared_beginning_is_computed_once() -> None:
    whole = asking_work(MODEL, Ask("choose", 100, 1000)).operations
    shared = asking_work(MODEL, Ask("choose", 100, 1000, shared_tokens=900)).operations
    assert whole / shared == pytest.approx(100_000 / 10_900, rel=0.03)


def test_a_decoding_step_reads_the_weights_once_for_all_answers() -> None:
    ask = Ask("generate", 64, 10, new_tokens=50)
    assert asking_work(MODEL, ask).read_bytes == 4 * 50 * 14e9
    assert asking_work(MODEL, ask, slots=1).read_bytes == 64 * 50 * 14e9


def test_training_costs_two_to_four_forward_passes() -> None:
    ask = Tuning(label_share=0.0)
    forward = 2 * 1000 * SHAPE.linear_weights
    assert tuning_work(SHAPE, ask, 1000).operations == 2 * forward
    assert tuning_work(SHAPE, replace(ask, method=METHODS["full"]), 1000).operations == 3 * forward
    checkpointed = replace(ask, method=METHODS["full"], gradient_checkpointing=True)
    assert tuning_work(SHAPE, checkpointed, 1000).operations == 4 * forward


def test_time_is_work_over_pace() -> None:
    assert (Computation(3e12, 5e10) + Computation(1e12)).seconds(FREE) == pytest.approx(4 + 5)
    assert Computation(1.0).seconds(replace(FREE, operations_per_second=None)) is None
