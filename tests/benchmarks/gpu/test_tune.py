"""The script for a GPU, tried where there is none: a tiny model on a processor, the same code."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from harness.models.finetune.loop import Loop
from harness.records import TrainingPoint
from tests.benchmarks import training_server
from tests.benchmarks.gpu.model import SHAPES, write_model
from tests.benchmarks.gpu.operations import step_operations
from tests.benchmarks.gpu.tune import SMALL, figures_of, measure, write_examples

WORK = replace(SMALL, steps=4, size=64)


def test_both_methods_give_all_their_figures(tmp_path: Path) -> None:
    found = dict(measure(WORK, tmp_path / "weights", tmp_path, training_server.run))
    assert list(found) == ["machine", "matrix_rate", "lora", "qlora"]
    for method in ("lora", "qlora"):
        of = found[method]
        assert of["timed_steps"] == WORK.steps - 2
        assert of["tokens_per_second"] == pytest.approx(WORK.tokens / of["seconds_per_step"])
        assert of["share_of_matrix_rate"] > 0
        assert {"loading", "training", "saving"} <= of["peak_bytes"].keys()


def test_what_cannot_be_trained_is_said_and_the_others_go_on(tmp_path: Path) -> None:
    def train(**given: Any) -> dict[str, Any]:
        if given["recipe"]["method"] == "lora":
            raise RuntimeError("out of memory")
        return MADE

    found = dict(measure(WORK, tmp_path / "weights", tmp_path, train))
    assert found["lora"] == {"error": "out of memory"}
    assert found["qlora"]["seconds_per_step"] == 2.0


MADE: dict[str, Any] = {
    "reached": [[64, 100.0], [128, 150.0], [192, 152.0], [256, 154.0]],
    "trained": 1, "optimizer": "adamw", "memory": {}, "losses": [3.0, 2.0],
}  # fmt: skip


def test_the_first_steps_are_not_timed_and_a_share_is_of_the_rate() -> None:
    found = figures_of(MADE, WORK, rate=1e9)
    operations = step_operations(SHAPES["tiny"], WORK.tokens, WORK.answer, WORK.rank).total
    assert found["seconds_per_step"] == 2.0 and found["timed_steps"] == 2
    assert found["share_of_matrix_rate"] == pytest.approx(operations / 2.0 / 1e9)
    again = figures_of(MADE, replace(WORK, checkpointing=True), rate=1e9)
    assert again["share_of_matrix_rate"] == found["share_of_matrix_rate"]
    assert again["share_with_recomputation"] > again["share_of_matrix_rate"]


def test_a_step_computes_what_is_counted_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Torch counts the products that a training really does; it knows attention on a GPU only."""
    run = Loop.run
    work = replace(WORK, steps=1, answer=WORK.tokens - 1)
    write_model(tmp_path / "weights", "tiny", "cpu")
    examples = write_examples(tmp_path / "examples.jsonl", work)
    recipe = {"rank": work.rank, "epochs": 1.0, "validation": 0, "dtype": "float32"}

    def added(_: Any, left: Any, right: Any, **__: Any) -> int:
        return 2 * int(left[0]) * int(left[1]) * int(right[1])

    mapping = {torch.ops.aten.addmm_: added}
    counter = FlopCounterMode(display=False, custom_mapping=mapping)

    def counted_run(loop: Loop) -> Iterator[TrainingPoint]:
        with counter:  # not what is tried before the first step
            yield from run(loop)

    monkeypatch.setattr(Loop, "run", counted_run)
    training_server.run(str(tmp_path / "weights"), str(examples), recipe)
    counted = step_operations(SHAPES["tiny"], work.tokens, work.answer, work.rank)
    assert "attention" not in str(counter.get_flop_counts()["Global"].keys())
    assert counted.total - counted.attention == pytest.approx(counter.get_total_flops(), rel=1e-3)
