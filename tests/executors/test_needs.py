"""What a suite's steps need of a node: what it says, by model, before what is estimated."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from harness.estimate.forecast import Forecast, ModelForecast, StepNeed, totals
from harness.estimate.machine import Free
from harness.estimate.need import Need as Bytes
from harness.estimate.need import need as bytes_of_parts
from harness.executors.needs import needs_of
from harness.executors.nodes import Need
from harness.plan.builder import make_plan
from harness.plan.steps import Step
from harness.results.artifacts import ArtifactStore
from harness.results.store import ResultsStore
from harness.runner.known import known
from harness.runner.lending import Lending
from harness.runner.run import Prepared
from harness.suite.reader import parse_suite
from tests.plan.test_builder import FakeResolver

REFERENCE = Path(__file__).parents[2] / "docs" / "scaling.md"
GB = 10**9


def prepared(text: str, place: Path) -> Prepared:
    suite = parse_suite(text, place / "suite.yaml", known())
    resolved = FakeResolver().resolve(suite)
    plan = make_plan(suite, resolved)
    artifacts, results = ArtifactStore(place / "home", resolved.places), ResultsStore(place)
    lending = Lending(plan, lambda: plan, results, artifacts)
    return Prepared(suite, plan, results, artifacts, lending, plan.cells)


def forecast(*needs: StepNeed) -> Forecast:
    free = Free(GB, GB)
    model = ModelForecast("base", None, {}, 0, 0, 0, needs, None, None, "yes")
    return Forecast(free, (model,), totals((model,), free))


def estimate(step: Step, resident: int, device: int = 0) -> StepNeed:
    on = bytes_of_parts({"weights": device}) if device else Bytes()
    parts = bytes_of_parts({"weights": resident})
    return StepNeed("ask", step.label, step.key, parts, on, False, "yes")


def cell(of: Prepared, model: str, task: str) -> Step:
    return next(one for one in of.cells if (one.model, one.task) == (model, task))


def test_a_model_inherits_key_by_key_what_its_source_needs(tmp_path: Path) -> None:
    (block,) = re.findall(r"```yaml\n(# on-a-cluster\.yaml\n.*?)```", REFERENCE.read_text(), re.S)
    of = prepared(block, tmp_path)
    needs = needs_of(of, forecast())
    assert needs(cell(of, "base", "sentiment")) == Need(4, 1, 100 * GB, {"a100": 1})
    assert needs(cell(of, "lora", "sentiment")) == Need(4, 1, 200 * GB, {"a100": 1})
    tuning = next(step for step in of.plan.steps.values() if step.kind == "finetune")
    assert needs(tuning) == Need(4, 1, 200 * GB, {"a100": 1})
    prompts = next(step for step in of.plan.steps.values() if step.kind == "prompts")
    assert needs(prompts) == Need(4)


SPEED = """
name: timed
models:
  base: {source: starter}
  large: {source: starter, dtype: float32, resources: {cpus: 3}}
tasks:
  sentiment: {type: classify, dataset: phrasebank-sample}
  speed: {type: speed}
"""


def test_estimates_stand_for_what_the_suite_leaves_open(tmp_path: Path) -> None:
    of = prepared(SPEED, tmp_path)
    step = cell(of, "base", "sentiment")
    assert needs_of(of, forecast(estimate(step, 10**6)))(step) == Need(1, 0, 10**6)
    large = needs_of(of, forecast(estimate(step, 5 * GB)))(step)
    assert large == Need(0, 0, 5 * GB), "all cores of a node"
    on_gpu = needs_of(of, forecast(estimate(step, 5 * GB, 8 * GB)))(step)
    many = replace(estimate(step, 10**6), resident=bytes_of_parts({"activations": 5 * GB}))
    assert needs_of(of, forecast(many))(step).cpus == 1, "threads follow from weights alone"
    assert on_gpu == Need(1, 1, 5 * GB)


def test_all_that_is_timed_needs_what_does_for_each(tmp_path: Path) -> None:
    of = prepared(SPEED, tmp_path)
    one, other = cell(of, "base", "speed"), cell(of, "large", "speed")
    needs = needs_of(of, forecast(estimate(one, 7 * GB), estimate(other, GB)))
    assert needs(one) == needs(other) == replace(needs(one), memory_bytes=7 * GB)


@pytest.mark.parametrize("size", ["100", "GB", "1 GiB", "-1 GB"])
def test_a_size_without_a_unit_is_a_mistake_of_the_suite(size: str) -> None:
    from harness.errors import InputError

    text = SPEED.replace("cpus: 3", f"memory: {size}")
    with pytest.raises(InputError, match=r"(?s)a size is a number with kB, MB, GB or TB|memory"):
        parse_suite(text, Path("suite.yaml"), known())
