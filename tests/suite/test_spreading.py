"""Models over several devices: keys that go together, and those of another engine, by line and remedy."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.plan.builder import make_plan
from harness.plan.cell_params import CellParams
from harness.runner.engine_files import spread_of
from harness.runner.known import known
from harness.suite.checks.spreading import gpus_of
from harness.suite.problems import Problem, SuiteError
from harness.suite.reader import parse_suite
from tests.plan.test_builder import FakeResolver

REFERENCE = Path(__file__).parents[2] / "docs" / "scaling.md"
TASKS = "tasks:\n  sentiment: {type: classify, dataset: phrasebank-sample}\n"


def suite(models: str, more: str = "") -> str:
    return f"name: spread\n{more}models:\n{models}{TASKS}"


def problems(text: str) -> list[Problem]:
    with pytest.raises(SuiteError) as error:
        parse_suite(text, Path("suite.yaml"), known())
    return list(error.value.problems)


@pytest.mark.parametrize(
    ("engine", "words"),
    [
        ("device_map: auto, tensor_split: [1, 1]", "Accelerate's"),
        ("max_memory: {0: 20 GB}", "goes with a `device_map`"),
        ("device_map: auto, max_memory: {0: 1 GB, 2: 1 GB}", "from 0 on"),
        ("device_map: auto, max_memory: {gpu: 1 GB}", "neither the number of a GPU"),
        ("device_map: auto, max_memory: {0: 20}", "100 GB"),
        ("device_map: automatic", "balanced_low_0"),
        ("devices: 3, max_memory: {0: 1 GB, 1: 1 GB}", "`max_memory` names 2 GPUs"),
        ("devices: 3, tensor_split: [1, 1]", "`tensor_split` names 2 GPUs"),
        ("tensor_split: [0, 0]", "gives no GPU a share"),
        ("split_mode: none, tensor_split: [1, 1]", "nothing is split"),
        ("main_gpu: 1", "goes with `split_mode: none`"),
        ("split_mode: row, devices: 2, main_gpu: 2", "none of 2 `devices`"),
        ("device: cpu, devices: 2", "is one device"),
        ("device: 'cuda:0', device_map: auto", "is one device"),
        ("devices: 0", "greater than"),
    ],
)
def test_keys_that_contradict_each_other_are_named(engine: str, words: str) -> None:
    (problem,) = problems(suite(f"  base: {{source: starter, engine: {{{engine}}}}}\n"))
    assert problem.line == 3 and problem.key.startswith("models.base.engine")
    assert words in f"{problem.message} {problem.hint}"


@pytest.mark.parametrize(
    ("line", "key", "words"),
    [
        ("  x: {source: starter, engine: {split_mode: row}}\n", "engine.split_mode", "`device_map`"),
        ("  x: {from: b, gguf: Q8_0, engine: {device_map: auto}}\n", "engine.device_map", "`tensor_split`"),
        ("  x: {from: b, serve: vllm, engine: {devices: 2}}\n", "engine.devices", "tensor_parallel: 2"),
        ("  x: {from: b, serve: transformers, engine: {device_map: auto, max_memory: {0: 1 GB}}}\n", "engine.max_memory", "`arguments`"),
        ("  x: {from: b, serve: {server: transformers, tensor_parallel: 2}}\n", "serve", "is vLLM's"),
        ("  x: {from: b, serve: {server: vllm, tensor_parallel: 2, arguments: [-tp, 2]}}\n", "serve", "say it once"),
        ("  x: {from: b, serve: {server: vllm, tensor_parallel: 0}}\n", "serve.tensor_parallel", "greater"),
        ("  x: {source: starter, resources: {gpus: 1}, engine: {devices: 2}}\n", "resources.gpus", "fewer than the 2"),
        ("  x: {from: b, resources: {gpus: 2}, serve: {server: vllm, tensor_parallel: 2, pipeline_parallel: 2}}\n", "resources.gpus", "fewer than the 4"),
    ],
)  # fmt: skip
def test_keys_of_another_engine_are_named_with_the_right_ones(
    line: str, key: str, words: str
) -> None:
    (problem,) = problems(suite("  b: {source: starter}\n" + line))
    assert (problem.line, problem.key) == (4, f"models.x.{key}")
    assert words in f"{problem.message} {problem.hint}"


def test_gpus_of_all_models_are_held_against_each() -> None:
    text = suite(
        "  b: {source: starter, engine: {devices: 2}}\n", "defaults: {resources: {gpus: 1}}\n"
    )
    (problem,) = problems(text)
    assert problem.line == 4 and "`gpus: 1` are fewer than the 2" in problem.message


def keys(engine: str) -> tuple[str, CellParams]:
    text = suite(f"  b: {{source: starter, engine: {{{engine}}}}}\n")
    read = parse_suite(text, Path("suite.yaml"), known())
    (cell,) = make_plan(read, FakeResolver().resolve(read)).cells
    return cell.key, cell.given(CellParams)


def test_a_cell_has_another_key_only_where_something_is_said_of_devices() -> None:
    plain, params = keys("threads: 0")
    assert "devices" not in params.options.model_dump(exclude_unset=True)
    ways = ["devices: 2", "devices: 3", "device_map: auto", "device_map: sequential"]
    ways += ["device_map: auto, max_memory: {cpu: 1 GB}"]
    assert len({plain, *(keys(way)[0] for way in ways)}) == 1 + len(ways)


def test_an_engine_is_told_bytes_by_device() -> None:
    _, params = keys("device_map: auto, max_memory: {0: 20 GB, 1: 1.5 GB, cpu: 60 GB}")
    spread = spread_of(params.options)
    assert spread.max_memory == {"0": 20 * 10**9, "1": 1_500_000_000, "cpu": 60 * 10**9}
    assert (spread.mapped, params.gpus) == ("auto", 2)
    _, params = keys("devices: 3")
    assert (spread_of(params.options).mapped, params.gpus) == ("balanced", 3)


def test_the_documented_suite_is_right_and_asks_for_what_it_says() -> None:
    (block,) = re.findall(
        r"```yaml\n(# on-several-gpus\.yaml\n.*?)```", REFERENCE.read_text(), re.S
    )
    read = parse_suite(block, Path("suite.yaml"), known())
    wanted = {name: gpus_of(model) for name, model in read.spec.models.items()}
    assert wanted == {"large": 2, "filled": 2, "q4": 2, "uneven": 2, "fast": 8}
